from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.compat.averaged_model import (
    BaseAveragedModel,
    CosineEMA,
    ExpMomentumEMA,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    RatedAverage,
    StochasticWeightAverage,
    WarmUpEMA,
)
from mmlight.compat.message_hub import MessageHub


class Number(nn.Module):
    """Holds one weight and one buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs + self.weight


def follow(average: BaseAveragedModel, model: Number, values: list[float]) -> list[float]:
    found = []
    for value in values:
        with torch.no_grad():
            model.weight.fill_(value)
            model.mean.fill_(value)
            model.count.fill_(int(value))
        average.update_parameters(model)
        found.append(float(average.module.weight[0]))
    return found


VALUES = [8.0, 0.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        (ExponentialMovingAverage, {"momentum": 0.5}, [8, 4, 4, 4]),
        (ExponentialMovingAverage, {"momentum": 0.5, "interval": 2}, [8, 8, 6, 6]),
        (StochasticWeightAverage, {}, [8, 4, 4, 4]),
        (StochasticWeightAverage, {"interval": 2}, [8, 8, 6, 6]),
        (MomentumAnnealingEMA, {"momentum": 0.1, "gamma": 1}, [8, 4, 4, 4]),
        (MomentumAnnealingEMA, {"momentum": 0.5, "gamma": 1}, [8, 4, 4, 4]),
        (WarmUpEMA, {"momentum": 0.5, "warm_up": 4}, [2, 1.2, 2.6, 3.3]),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_weights_follow_by_the_rule(
    kind: Any, options: dict[str, Any], expected: list[float]
) -> None:
    model = Number()
    assert follow(kind(model, **options), model, VALUES) == pytest.approx(expected)


def test_momentum_falls_by_the_exponential_when_asked() -> None:
    average = ExpMomentumEMA(Number(), momentum=0.1, gamma=1)
    assert average.rate(0) == pytest.approx(0.9 / 2.718281828 + 0.1)
    assert average.rate(50) == pytest.approx(0.1)


@pytest.mark.parametrize("update_buffers", [True, False])
def test_buffers_are_averaged_when_asked(update_buffers: bool) -> None:
    model = Number()
    average = ExponentialMovingAverage(model, momentum=0.5, update_buffers=update_buffers)
    follow(average, model, VALUES)
    assert float(average.module.mean[0]) == 4
    assert int(average.module.count) == (8 if update_buffers else 4)  # as in mmengine
    assert ("mean" in average.avg_parameters) is update_buffers
    with torch.no_grad():
        model.mean.fill_(9)
    average.update_parameters(model)
    assert float(average.module.mean[0]) == (6.5 if update_buffers else 9)


def test_momentum_follows_a_cosine_when_a_training_runs() -> None:
    average = CosineEMA(Number(), momentum=0.5, end_momentum=0.1)
    hub = MessageHub.get_current_instance()
    hub.update_info("max_iters", 8)
    assert [average.rate(steps) for steps in (0, 4, 8)] == pytest.approx([0.5, 0.3, 0.1])
    hub.update_info("max_iters", None)
    with pytest.raises(ValueError, match="max_iters must be known to the message hub, got None"):
        average.rate(1)
    hub.pop_info("max_iters")


def test_copy_stands_by_itself() -> None:
    model = Number()
    average = StochasticWeightAverage(model, device="cpu")
    follow(average, model, [3.0])
    with torch.no_grad():
        model.weight.fill_(5)
    assert average(torch.ones(2)).tolist() == [4, 4]
    assert not average.module.weight.requires_grad
    assert average.state_dict().keys() == {"steps", "module.weight", "module.mean", "module.count"}
    assert int(average.steps) == 1


def test_own_function_is_used_when_a_rule_is_derived_from() -> None:
    class Largest(ExponentialMovingAverage):
        def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: Any) -> None:
            assert steps.item() > 0
            averaged_param.copy_(torch.maximum(averaged_param, source_param))

    model = Number()
    assert follow(Largest(model), model, [1.0, 3.0, 2.0, 4.0]) == [1, 3, 3, 4]


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (StochasticWeightAverage, {"interval": 0}, "interval must be 1 or more, got 0"),
        (ExponentialMovingAverage, {"momentum": 1.0}, "momentum must be between 0 and 1, got 1.0"),
        (MomentumAnnealingEMA, {"gamma": 0}, "gamma must be above 0, got 0"),
        (WarmUpEMA, {"warm_up": 0}, "warm_up must be 1 or more, got 0"),
    ],
    ids=["interval", "momentum", "gamma", "warm_up"],
)
def test_raises_when_an_argument_is_wrong(kind: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        kind(Number(), **options)


def test_raises_when_a_base_class_is_used() -> None:
    with pytest.raises(NotImplementedError, match="BaseAveragedModel must have avg_func"):
        follow(BaseAveragedModel(Number()), Number(), [1.0, 2.0])
    with pytest.raises(NotImplementedError, match="RatedAverage must have rate"):
        follow(RatedAverage(Number()), Number(), [1.0, 2.0])
