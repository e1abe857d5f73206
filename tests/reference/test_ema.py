"""The averaged weights equal those of the originals' hooks after every batch."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.callbacks.ema import EMA
from tests.reference.original import Original

ITERATIONS, EPOCH = 30, 5
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
    from mmpretrain.utils import register_all_modules
    from torch import nn

    register_all_modules()
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


def ours(states: list[dict[str, Tensor]], options: dict[str, Any]) -> list[dict[str, Tensor]]:
    net: Any = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    net.load_state_dict(states[0])
    trainer: Any = SimpleNamespace(ckpt_path=None, state=SimpleNamespace(fn="fit"))
    ema = EMA(**options)
    ema.on_fit_start(trainer, net)
    averages = []
    for done, state in enumerate(states[1:]):
        trainer.fit_loop = SimpleNamespace(total_batch_idx=done)
        trainer.current_epoch = done // EPOCH
        net.load_state_dict(state)
        ema.on_train_batch_end(trainer, net, None, None, done % EPOCH)
        ema.on_validation_epoch_start(trainer, net)
        averages.append({name: value.clone() for name, value in net.state_dict().items()})
        ema.on_validation_epoch_end(trainer, net)
        assert all(torch.equal(net.state_dict()[name], state[name]) for name in state)
    return averages


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
    assert_equal(ours(states, options), mmpretrain(run_mmengine_hook, states, options, EPOCH))


@pytest.mark.parametrize("options", OLD, ids=str)
def test_average_equals_mmcv_when_weights_are_the_same(
    mmcls: Original, options: dict[str, Any]
) -> None:
    states = make_states()
    theirs = mmcls(run_mmcv_hook, states, options, EPOCH)
    assert_equal(ours(states, {"warm_up": 100, **options}), theirs)
