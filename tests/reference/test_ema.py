"""The averaged weights equal those of the originals' hooks after every batch."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.ema import EMA
from mmlight.compat.averaged_model import (
    BaseAveragedModel,
    CosineEMA,
    ExpMomentumEMA,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
    WarmUpEMA,
)
from mmlight.compat.message_hub import MessageHub
from tests.reference.original import Original

ITERATIONS, EPOCH = 30, 5
STARTS = ("begin_iter", "begin_epoch")
AVERAGES = {
    "ExponentialMovingAverage": ExponentialMovingAverage,
    "MomentumAnnealingEMA": MomentumAnnealingEMA,
    "StochasticWeightAverage": StochasticWeightAverage,
    "CosineEMA": CosineEMA,
}
NEW = [
    {},
    {"momentum": 0.1},
    {"momentum": 0.1, "interval": 3},
    {"momentum": 0.3, "begin_iter": 7},
    {"momentum": 0.3, "begin_iter": 1},
    {"momentum": 0.3, "interval": 4, "begin_iter": 2},
    {"momentum": 0.3, "begin_epoch": 3},
    {"momentum": 0.3, "begin_epoch": 1, "interval": 2},
    {"momentum": 0.2, "update_buffers": True},
    {"momentum": 0.2, "update_buffers": True, "interval": 2, "begin_epoch": 2},
    {"ema_type": "MomentumAnnealingEMA", "momentum": 0.1},
    {"ema_type": "MomentumAnnealingEMA", "momentum": 0.1, "gamma": 5, "interval": 3},
    {"ema_type": "MomentumAnnealingEMA", "gamma": 20, "update_buffers": True, "begin_iter": 4},
    {"ema_type": "StochasticWeightAverage"},
    {"ema_type": "StochasticWeightAverage", "interval": 4, "update_buffers": True},
    {"ema_type": "StochasticWeightAverage", "begin_epoch": 3},
    {"ema_type": "StochasticWeightAverage", "device": "cpu"},
    {"ema_type": "CosineEMA"},
    {"ema_type": "CosineEMA", "momentum": 0.5, "end_momentum": 0.1, "interval": 2},
]
OLD = [
    {},
    {"momentum": 0.5},
    {"momentum": 0.9, "interval": 3},
    {"momentum": 0.5, "interval": 2},
    {"momentum": 0.05, "warm_up": 10},
    {"momentum": 0.05, "warm_up": 1},
    {"momentum": 0.999, "warm_up": 3, "interval": 2},
    {"momentum": 0.5, "warm_up": 1, "interval": 2},  # its power is what counts
]


def make_states() -> list[dict[str, Tensor]]:
    """Return what a small net with a batch norm holds at first and after every batch."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    states = [{name: value.clone() for name, value in net.state_dict().items()}]
    for _ in range(ITERATIONS):
        net(torch.randn(8, 3))
        for weight in net.parameters():
            weight.data += 0.1 * torch.randn_like(weight)
        states.append({name: value.clone() for name, value in net.state_dict().items()})
    return states


def run_mmengine_hook(states: Any, options: Any, epoch_length: int) -> Any:
    from types import SimpleNamespace

    from mmengine.hooks import EMAHook
    from mmengine.logging import MessageHub
    from mmpretrain.utils import register_all_modules
    from torch import nn

    register_all_modules()
    MessageHub.get_current_instance().update_info("max_iters", 40)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    runner = SimpleNamespace(model=net, max_epochs=100, max_iters=1000)
    hook = EMAHook(**options)
    hook.before_run(runner)
    hook.before_train(runner)
    averages = []
    for done, state in enumerate(states[1:]):
        runner.iter, runner.epoch = done, done // epoch_length
        net.load_state_dict(state)
        hook.after_train_iter(runner, done % epoch_length)
        hook.before_val_epoch(runner)  # what validation sees
        averages.append({name: value.clone() for name, value in net.state_dict().items()})
        hook.after_val_epoch(runner)
    return averages


def run_mmcv_hook(states: Any, options: Any, epoch_length: int) -> Any:
    from types import SimpleNamespace

    from mmcv.runner import EMAHook
    from torch import nn

    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    runner = SimpleNamespace(model=net)
    hook = EMAHook(**options)
    hook.before_run(runner)
    averages = []
    for done, state in enumerate(states[1:]):
        runner.iter, runner.epoch = done, done // epoch_length
        net.load_state_dict(state, strict=False)
        hook.after_train_iter(runner)
        hook.after_train_epoch(runner)  # what validation sees
        averages.append({name: net.state_dict()[name].clone() for name in state})
        hook.before_train_epoch(runner)
    return averages


def ours(states: list[dict[str, Tensor]], ema: EMA) -> list[dict[str, Tensor]]:
    net: Any = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    announcer = Announcer()
    place = announcer.place
    trainer: Any = SimpleNamespace(
        ckpt_path=None,
        state=SimpleNamespace(fn="fit"),
        callbacks=[ema, announcer],
        max_epochs=100,
        num_training_batches=EPOCH,
    )
    ema.on_fit_start(trainer, net)
    ema.before_train(trainer, net)
    averages = []
    for done, state in enumerate(states[1:]):
        place.iter, place.epoch = done, done // EPOCH
        net.load_state_dict(state)
        ema.on_train_batch_end(trainer, net, None, None, done % EPOCH)
        ema.after_train_epoch(trainer, net)  # in 0.x
        ema.before_val_epoch(trainer, net)  # in 1.x
        averages.append({name: value.clone() for name, value in net.state_dict().items()})
        ema.after_val_epoch(trainer, net)
        ema.before_train_epoch(trainer, net)
        assert all(torch.equal(net.state_dict()[name], state[name]) for name in state)
    return averages


def build_ema(options: dict[str, Any]) -> EMA:
    options = dict(options)
    averaging = AVERAGES[options.pop("ema_type", "ExponentialMovingAverage")]
    starts = {name: options.pop(name) for name in STARTS if name in options}
    return EMA(averaging, options, **starts)


def assert_equal(mine: list[dict[str, Tensor]], theirs: list[dict[str, Tensor]]) -> None:
    for done, (left, right) in enumerate(zip(mine, theirs, strict=True)):
        for name in left:
            if "num_batches" not in name:
                text = f"{name} after batch {done + 1}"
                torch.testing.assert_close(left[name], right[name], rtol=0, atol=1e-6, msg=text)


@pytest.mark.parametrize("options", NEW, ids=str)
def test_average_equals_mmengine_when_weights_are_the_same(
    mmpretrain: Original, options: dict[str, Any]
) -> None:
    states = make_states()
    MessageHub.get_current_instance().update_info("max_iters", 40)
    theirs = mmpretrain(run_mmengine_hook, states, options, EPOCH)
    assert_equal(ours(states, build_ema(options)), theirs)


def run_test_of_file(checkpoint: Any, on_average: bool) -> Any:
    """Return the weights that a test of a file sees, and those that are there afterwards."""
    import copy
    from types import SimpleNamespace

    from mmpretrain.engine.hooks import EMAHook
    from mmpretrain.utils import register_all_modules
    from torch import nn

    register_all_modules()
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    runner = SimpleNamespace(model=net, _resume=False)
    hook = EMAHook(evaluate_on_ema=on_average)
    hook.before_run(runner)
    content = copy.deepcopy(checkpoint)
    hook.after_load_checkpoint(runner, content)
    net.load_state_dict(content["state_dict"])
    hook.before_test_epoch(runner)
    seen = {name: value.clone() for name, value in net.state_dict().items()}
    hook.after_test_epoch(runner)
    return seen, net.state_dict()


@pytest.mark.parametrize("on_average", [True, False])
def test_weights_of_a_test_equal_mmpretrains_when_a_file_has_both(
    mmpretrain: Original, on_average: bool
) -> None:
    raw, average = make_states()[:2]
    both = {f"module.{name}": value for name, value in raw.items()}
    checkpoint = {"state_dict": average, "ema_state_dict": {**both, "steps": torch.tensor(5)}}
    theirs = mmpretrain(run_test_of_file, checkpoint, on_average)
    ema = EMA(evaluate_on_ema=on_average)
    net: Any = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    trainer: Any = SimpleNamespace(state=SimpleNamespace(fn=None))
    ema.on_load_checkpoint(trainer, net, checkpoint)
    net.load_state_dict(average)
    ema.before_test_epoch(trainer, net)
    seen = {name: value.clone() for name, value in net.state_dict().items()}
    ema.after_test_epoch(trainer, net)
    assert_equal([seen, net.state_dict()], list(theirs))


@pytest.mark.parametrize("options", OLD, ids=str)
def test_average_equals_mmcv_when_weights_are_the_same(
    mmcls: Original, options: dict[str, Any]
) -> None:
    states = make_states()
    theirs = mmcls(run_mmcv_hook, states, options, EPOCH)
    assert_equal(ours(states, EMA(WarmUpEMA, options, generation="0.x")), theirs)


def run_mmdet_formula(states: Any, momentum: float, gamma: int) -> Any:
    """Average as the formula of mmdet says; that package is not installed."""
    import math

    from mmengine.model import ExponentialMovingAverage
    from torch import nn

    class Average(ExponentialMovingAverage):
        def avg_func(self, averaged_param, source_param, steps):
            now = (1 - momentum) * math.exp(-float(1 + steps) / gamma) + momentum
            averaged_param.lerp_(source_param, now)

    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    average = Average(net, momentum)
    averages = []
    for state in states[1:]:
        net.load_state_dict(state)
        average.update_parameters(net)
        averages.append(
            {name: value.clone() for name, value in average.module.state_dict().items()}
        )
    return averages


def test_average_equals_the_formula_of_mmdet_when_weights_are_the_same(
    mmpretrain: Original,
) -> None:
    states = make_states()
    theirs = mmpretrain(run_mmdet_formula, states, 0.01, 9)
    assert_equal(ours(states, EMA(ExpMomentumEMA, {"momentum": 0.01, "gamma": 9})), theirs)


class Slow(BaseAveragedModel):
    """A user's own, as mmengine's documentation has it; with a count in its state."""

    def __init__(self, model: nn.Module, share: float = 0.5, **options: Any) -> None:
        super().__init__(model, **options)
        self.share = share

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: Any) -> None:
        averaged_param.mul_(1 - self.share / steps.item())
        averaged_param.add_(source_param, alpha=self.share / steps.item())


def run_own_average(states: Any, share: float) -> Any:
    from mmengine.model import BaseAveragedModel
    from torch import nn

    class Slow(BaseAveragedModel):
        def avg_func(self, averaged_param, source_param, steps):
            averaged_param.mul_(1 - share / steps.item())
            averaged_param.add_(source_param, alpha=share / steps.item())

    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    average = Slow(net, interval=2)
    averages = []
    for state in states[1:]:
        net.load_state_dict(state)
        average.update_parameters(net)
        averages.append(
            {name: value.clone() for name, value in average.module.state_dict().items()}
        )
    return averages


def test_average_equals_mmengine_when_it_is_the_users(mmpretrain: Original) -> None:
    states = make_states()
    theirs = mmpretrain(run_own_average, states, 0.4)
    assert_equal(ours(states, EMA(Slow, {"share": 0.4, "interval": 2})), theirs)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    average, averages = Slow(net, share=0.4, interval=2), []
    for state in states[1:]:
        net.load_state_dict(state)
        average.update_parameters(net)
        averages.append(
            {name: value.clone() for name, value in average.module.state_dict().items()}
        )
    assert_equal(averages, theirs)
