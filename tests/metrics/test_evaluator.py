import logging

import pytest
import torch
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from mmlight.compat.base_metric import BaseMetric
from mmlight.metrics.accuracy import Accuracy
from mmlight.metrics.confusion_matrix import ConfusionMatrix
from mmlight.metrics.evaluator import Evaluator, choose_samples, take_numbers
from mmlight.metrics.single_label import SingleLabelMetric

SCORES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
BATCH = {"target": torch.tensor([0, 2, 2, 1]), "metas": [{"n": n} for n in range(4)]}


class Curious(Metric):
    """Asks for everything."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.add_state("count", torch.tensor(0), "sum")

    def attach(self, dataset, head):
        self.seen.append((dataset, head))

    def update(self, scores, target, places, metas, batch):
        self.seen.append((places.tolist(), [m["n"] for m in metas], sorted(batch)))
        self.count += len(scores)

    def compute(self):
        return self.count


class Loader:
    dataset = "data"


def test_metrics_get_what_they_ask_for():
    metric = Curious()
    evaluator = Evaluator([metric, Accuracy()])
    evaluator.attach(Loader, "head")
    evaluator.update(SCORES, {**BATCH, "counted": torch.tensor([True, False, True, True])})
    evaluator.update(SCORES[:1], {"target": BATCH["target"][:1], "metas": [{"n": 9}]})
    assert metric.seen == [
        ("data", "head"),
        ([0, 2, 3], [0, 2, 3], ["metas", "places", "target"]),
        ([4], [9], ["metas", "places", "target"]),
    ]
    assert evaluator.compute() == {"Curious": 4, "accuracy/top1": 75}
    assert int(metric.count) == 0


def test_samples_are_every_nth_of_the_data_when_processes_share_it(monkeypatch):
    monkeypatch.setattr("mmlight.metrics.evaluator.get_world_size", lambda: 3)
    monkeypatch.setattr("mmlight.metrics.evaluator.get_rank", lambda: 1)
    metric = Curious()
    evaluator = Evaluator([metric])
    evaluator.update(SCORES[:2], {"target": BATCH["target"][:2], "metas": BATCH["metas"][:2]})
    evaluator.update(SCORES[:2], {"target": BATCH["target"][:2], "metas": BATCH["metas"][:2]})
    assert [places for places, *_ in metric.seen] == [[1, 4], [7, 10]]


def test_metrics_of_torchmetrics_take_part():
    several = MetricCollection([MulticlassAccuracy(3), MulticlassAccuracy(3, top_k=2)][:1])
    evaluator = Evaluator([MulticlassAccuracy(3, average="micro"), several])
    evaluator.update(SCORES, BATCH)
    with pytest.raises(ValueError, match="different names, got 'MulticlassAccuracy' twice"):
        evaluator.compute()
    evaluator = Evaluator([MulticlassAccuracy(3, average="micro")])
    evaluator.update(SCORES, BATCH)
    assert evaluator.compute() == {"MulticlassAccuracy": 0.5}


def test_raises_when_two_metrics_have_a_name_in_common():
    Evaluator([Accuracy((1,)), Accuracy((1,), prefix="b"), Accuracy((2,))])
    with pytest.raises(ValueError, match=r"val_metrics must .* got 'accuracy/top1' twice"):
        Evaluator([Accuracy((1,)), SingleLabelMetric(), Accuracy((1, 2))], "val_metrics")


def test_raises_when_something_is_no_metric():
    with pytest.raises(ValueError, match=r"test_metrics must have update.* got 3"):
        Evaluator([3], "test_metrics")


def test_users_metrics_are_wrapped():
    class Count(BaseMetric):
        def process(self, data_batch, data_samples):
            self.results.extend(data_samples)

        def compute_metrics(self, results):
            return {"count": len(results)}

    evaluator = Evaluator([Count(prefix="a"), Count()])
    evaluator.attach(Loader)
    evaluator.update(SCORES, BATCH)
    assert evaluator.compute() == {"a/count": 4, "count": 4}


def test_entries_of_other_length_stay_when_samples_are_chosen():
    chosen = torch.tensor([False, True, False, True])
    scores, batch = choose_samples(SCORES, {**BATCH, "note": "x", "counted": chosen}, chosen)
    assert scores.tolist() == SCORES[[1, 3]].tolist()
    assert batch["target"].tolist() == [2, 1]
    assert (batch["metas"], batch["note"], "counted" in batch) == ([{"n": 1}, {"n": 3}], "x", False)


def test_values_that_are_no_numbers_are_printed(caplog):
    evaluator = Evaluator([ConfusionMatrix(), Accuracy()])
    evaluator.update(SCORES, BATCH)
    values = evaluator.compute()
    with caplog.at_level(logging.INFO, "mmlight"):
        found = take_numbers({**values, "per class": [0.123456, 1.0], "text": "x"})
    assert found == {"accuracy/top1": 50}
    assert caplog.messages == [
        "confusion_matrix/result: [[1, 0, 0], [1, 0, 0], [0, 1, 1]]",
        "per class: [0.1235, 1.0]",
        "text: x",
    ]
