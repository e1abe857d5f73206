"""Validation sees the average, training the raw weights, and resuming is exact."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import mmlight
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.ema import EMA
from mmlight.callbacks.validation import Validation
from mmlight.run import read_spec
from mmlight.weights.load import load_weights
from tests.callbacks.nets import Net, Probe, build_data, build_trainer
from tests.runs import LENET_NEW, write_config

WEIGHT = "net.1.weight"


def copy_state(net: Net) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def assert_same(left: dict[str, Tensor], right: dict[str, Tensor]) -> None:
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


def fit(folder: Path, ema: EMA | None, path: Any = None, **flags: Any) -> tuple[Net, list[Any]]:
    """Train; return the net and (raw weights, average) after each batch."""
    history: list[Any] = []

    def note(trainer: Any, net: Any) -> None:
        average = {} if ema is None else {n: v.clone() for n, v in ema.average.items()}
        history.append((copy_state(net), average))

    by_epoch = "max_epochs" in flags
    saver = Checkpoint(str(folder), 1 if by_epoch else 3, by_epoch, save_best="acc/top1")
    rule = Validation(1 if by_epoch else 5, by_epoch=by_epoch, last=flags.get("max_iters"))
    callbacks = [Probe(note), rule, saver]
    # the best is that of epoch 3, or that of iteration 10
    net = Net([0.1, 0.2, 0.9, 0.3] if by_epoch else [0.1, 0.9, 0.3])
    trainer = build_trainer(*([ema] if ema else []), *callbacks, **flags)
    trainer.fit(net, build_data(), ckpt_path=path, weights_only=True)
    return net, history


def test_validation_sees_the_average_and_training_the_raw_weights(tmp_path: Path) -> None:
    net, history = fit(tmp_path, EMA(momentum=0.3), max_epochs=3)
    plain, without = fit(tmp_path / "plain", None, max_epochs=3)
    for (raw, _), (expected, _) in zip(history, without, strict=True):
        assert_same(raw, expected)
    assert_same(copy_state(net), copy_state(plain))
    for seen, (raw, average) in zip(net.seen, history[3::4], strict=True):
        assert torch.equal(seen, average[WEIGHT])
        assert not torch.equal(seen, raw[WEIGHT])


def test_average_of_buffers_is_used_when_asked(tmp_path: Path) -> None:
    _, history = fit(tmp_path, EMA(momentum=0.3, update_buffers=True), max_epochs=1)
    raw, average = history[-1]
    assert {name.split(".")[-1] for name in average} >= {"running_mean", "running_var", "weight"}
    assert "net.2.num_batches_tracked" not in average
    assert not torch.equal(raw["net.2.running_mean"], average["net.2.running_mean"])


def test_checkpoint_holds_the_average_and_the_raw_weights(tmp_path: Path) -> None:
    _, history = fit(tmp_path, EMA(momentum=0.3), max_epochs=1)
    raw, average = history[-1]
    state = torch.load(tmp_path / "epoch_1.ckpt", weights_only=True)
    assert_same({name: state["state_dict"][name] for name in average}, average)
    assert_same(state["raw_state"], {name: raw[name] for name in average})
    buffers = raw.keys() - average.keys()
    assert all(torch.equal(state["state_dict"][name], raw[name]) for name in buffers)


EMAS = [
    {"momentum": 0.3, "interval": 2},
    {"momentum": 0.3, "interval": 2, "update_buffers": True},
    {"momentum": 0.3, "begin_iter": 7},
    {"momentum": 0.3, "begin_epoch": 3},
    {"momentum": 0.9, "warm_up": 10, "interval": 3},
]
POINTS = [
    ({"max_epochs": 4}, "epoch_2", 8),
    ({"max_epochs": 4}, "best_acc_top1_epoch_3", 12),
    ({"max_iters": 14}, "iter_6", 6),
    ({"max_iters": 14}, "iter_12", 12),  # the last batch of an epoch
    ({"max_iters": 14}, "best_acc_top1_iter_10", 10),
    ({"max_iters": 14, "accumulate_grad_batches": 2}, "iter_6", 6),
]


@pytest.mark.parametrize("options", EMAS, ids=str)
@pytest.mark.parametrize(("flags", "name", "done"), POINTS)
def test_goes_on_to_the_bit_when_resumed(
    tmp_path: Path, options: dict[str, Any], flags: dict[str, Any], name: str, done: int
) -> None:
    whole, history = fit(tmp_path / "whole", EMA(**options), **flags)
    path = tmp_path / "whole" / f"{name}.ckpt"
    resumed, rest = fit(tmp_path / "resumed", EMA(**options), path, **flags)
    assert len(rest) == len(history) - done > 0
    for (raw, average), (expected, expected_average) in zip(rest, history[done:], strict=True):
        assert_same(raw, expected)
        assert_same(average, expected_average)
    assert_same(copy_state(resumed), copy_state(whole))
    assert 0 < len(resumed.seen) < len(whole.seen)
    for ours, theirs in zip(reversed(resumed.seen), reversed(whole.seen), strict=False):
        assert torch.equal(ours, theirs)


def test_starts_from_the_weights_when_resumed_without_an_average(tmp_path: Path) -> None:
    fit(tmp_path / "plain", None, max_epochs=2)
    ema = EMA(momentum=0.3)
    _, rest = fit(tmp_path / "ema", ema, tmp_path / "plain" / "epoch_1.ckpt", max_epochs=2)
    _, plain = fit(tmp_path / "again", None, max_epochs=2)
    assert torch.equal(rest[0][0][WEIGHT], plain[4][0][WEIGHT])
    assert torch.equal(rest[0][1][WEIGHT], rest[0][0][WEIGHT])  # the first is a copy


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_average_is_used_when_evaluated(tmp_path: Path, stage: str) -> None:
    ema, net = EMA(momentum=0.3), Net()
    saver = Checkpoint(str(tmp_path), by_epoch=False, interval=3)
    trainer = build_trainer(ema, saver, max_epochs=2)
    trainer.fit(net, build_data())
    raw, average = net.net[1].weight.detach().clone(), ema.average[WEIGHT].clone()
    evaluate = getattr(trainer, stage)
    evaluate(net, build_data(), verbose=False)  # right after training
    assert torch.equal(net.seen[-1], average)
    assert torch.equal(net.net[1].weight, raw)
    path = tmp_path / "iter_3.ckpt"
    evaluate(net, build_data(), verbose=False, ckpt_path=path, weights_only=True)
    saved = torch.load(path, weights_only=True)["state_dict"][WEIGHT]
    assert torch.equal(net.seen[-1], saved)
    fresh = Net()
    other = Checkpoint(str(tmp_path / "other"), by_epoch=False)
    evaluate = getattr(build_trainer(EMA(), other), stage)
    evaluate(fresh, build_data(), verbose=False, ckpt_path=path, weights_only=True)
    assert torch.equal(fresh.seen[-1], saved)


def test_average_is_used_when_a_checkpoint_is_evaluated(tmp_path: Path) -> None:
    text = LENET_NEW + "\ncustom_hooks = [dict(type='EMAHook', momentum=0.05)]\n"
    spec = read_spec(write_config(tmp_path, text), {"work_dir": str(tmp_path / "work")})
    flags: dict[str, Any] = {"accelerator": "cpu", "max_epochs": 1, "limit_train_batches": 20}
    flags |= {"limit_val_batches": 4, "limit_test_batches": 4}
    spec = replace(spec, trainer={**spec.trainer, **flags})
    parts = mmlight.fit(spec)
    ema = next(c for c in parts.callbacks if isinstance(c, EMA))
    path = str(tmp_path / "work" / "epoch_1.ckpt")
    metrics = {name: float(value) for name, value in parts.trainer.callback_metrics.items()}
    for stage in (mmlight.validate, mmlight.test):
        assert stage(spec, path) == pytest.approx(metrics)
    other = mmlight.build_parts(spec).model
    load_weights(other, path)
    weights = dict(other.named_parameters())
    raw = dict(parts.model.named_parameters())
    assert weights.keys() == ema.average.keys()
    assert all(torch.equal(weights[name], value) for name, value in ema.average.items())
    assert not any(torch.equal(weights[name], raw[name]) for name in raw)


def test_tied_weights_are_averaged_under_each_name(tmp_path: Path) -> None:
    net, ema = Net(), EMA(momentum=0.3)
    net.twin = net.net[1]
    build_trainer(ema, Checkpoint(str(tmp_path)), max_epochs=1).fit(net, build_data())
    state = torch.load(tmp_path / "epoch_1.ckpt", weights_only=True)["state_dict"]
    assert torch.equal(state["twin.weight"], state[WEIGHT])
    assert not torch.equal(state["twin.weight"], net.twin.weight)


def test_step_costs_one_operation_when_averaging() -> None:
    class Count(TorchDispatchMode):
        names: list[str] = []  # noqa: RUF012

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            self.names.append(func.__name__)
            return func(*args, **(kwargs or {}))

    trainer: Any = SimpleNamespace(fit_loop=SimpleNamespace(total_batch_idx=0), current_epoch=0)
    net, ema = Net(), EMA(momentum=0.3)
    ema.on_fit_start(trainer, net)
    with Count():
        for _ in range(3):
            ema.on_train_batch_end(trainer, net, None, None, 0)
    assert Count.names == ["_foreach_copy_.default", *["_foreach_lerp_.Scalar"] * 2]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"momentum": 1.0}, "momentum must be between 0 and 1, got 1.0"),
        ({"interval": 0}, "interval must be 1 or more, got 0"),
        ({"warm_up": 0}, "warm_up must be 1 or more, got 0"),
        ({"begin_iter": -1}, r"not both, got \(-1, 0\)"),
        ({"begin_iter": 2, "begin_epoch": 3}, r"not both, got \(2, 3\)"),
    ],
)
def test_raises_when_an_argument_is_wrong(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        EMA(**options)
