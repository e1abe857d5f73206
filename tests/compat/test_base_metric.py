import logging

import pytest

from mmlight.compat.base_metric import BaseMetric


class Count(BaseMetric):
    default_prefix = "number"

    def process(self, data_batch, data_samples):
        self.results.extend(sample["x"] for sample in data_samples)

    def compute_metrics(self, results):
        return {"sum": sum(results), "count": len(results)}


def test_values_are_computed_when_evaluated():
    metric = Count()
    metric.process(None, [{"x": 1}, {"x": 2}])
    metric.process(None, [{"x": 9}])
    assert metric.evaluate(2) == {"number/sum": 3, "number/count": 2}
    assert metric.results == []
    assert metric.dataset_meta is None


def test_names_begin_otherwise_when_told():
    metric = Count(prefix="n")
    metric.process(None, [{"x": 1}])
    assert metric.evaluate(1) == {"n/sum": 1, "n/count": 1}


def test_user_is_warned_when_nothing_was_collected(caplog):
    with caplog.at_level(logging.WARNING):
        assert Count().evaluate(0) == {"number/sum": 0, "number/count": 0}
    assert "Count has no results" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (dict(collect_device="tpu"), "collect_device must be 'cpu' or 'gpu', got 'tpu'"),
        (dict(collect_device="gpu", collect_dir="x"), "collect_dir must be None .* got 'x'"),
    ],
)
def test_metric_raises_when_an_argument_is(arguments, text):
    with pytest.raises(ValueError, match=text):
        Count(**arguments)


def test_methods_must_be_written_when_deriving():
    with pytest.raises(TypeError, match="abstract"):
        BaseMetric()
