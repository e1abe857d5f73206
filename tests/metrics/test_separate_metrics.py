import pytest
import torch

from mmlight.metrics.accuracy import Accuracy
from mmlight.metrics.evaluator import Evaluator
from mmlight.metrics.separate_metrics import SeparateMetrics


class Joined:
    datasets = (["a"] * 3, ["b"] * 2)


class Loader:
    dataset = Joined


def test_parts_get_their_samples():
    parts = SeparateMetrics([[Accuracy(1, generation="0.x")] for _ in range(2)])
    evaluator = Evaluator([parts])
    evaluator.attach(Loader)
    scores = torch.eye(2)[[0, 0, 0, 0, 0]]
    target = torch.tensor([0, 0, 1, 1, 1])
    for _ in range(2):  # the second time it starts over
        for start in (0, 2, 4):
            part = slice(start, start + 2)
            evaluator.update(scores[part], {"target": target[part]})
        values = evaluator.compute()
        assert list(values) == parts.names == ["0_accuracy", "1_accuracy"]
        assert values == {"0_accuracy": pytest.approx(200 / 3), "1_accuracy": 0}


def test_raises_when_parts_are_others():
    with pytest.raises(ValueError, match="parts must be 2, one for each dataset, got 1"):
        SeparateMetrics([[Accuracy()]]).attach(Joined)
    with pytest.raises(ValueError, match=r"parts must be one or more, got \[\]"):
        SeparateMetrics([])
