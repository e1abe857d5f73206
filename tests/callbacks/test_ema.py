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
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.ema import EMA
from mmlight.callbacks.validation import Validation
from mmlight.compat.averaged_model import (
    BaseAveragedModel,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
    WarmUpEMA,
)
from mmlight.run import read_spec, run_stage
from mmlight.spec import Call
from mmlight.weights.load import load_weights
from tests.callbacks.nets import Net, Probe, build_data, build_trainer
from tests.runs import LENET_NEW, write_config

WEIGHT = "net.1.weight"


def make_ema(options: dict[str, Any]) -> EMA:
    """Make one; what the callback itself does not take is for the average."""
    own = ("averaging", "begin_iter", "begin_epoch", "generation", "evaluate_on_ema")
    given = {name: value for name, value in options.items() if name in own}
    rest = {name: value for name, value in options.items() if name not in own}
    return EMA(options=rest, **given)


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
    net, history = fit(tmp_path, EMA(options={"momentum": 0.3}), max_epochs=3)
    plain, without = fit(tmp_path / "plain", None, max_epochs=3)
    for (raw, _), (expected, _) in zip(history, without, strict=True):
        assert_same(raw, expected)
    assert_same(copy_state(net), copy_state(plain))
    for seen, (raw, average) in zip(net.seen, history[3::4], strict=True):
        assert torch.equal(seen, average[WEIGHT])
        assert not torch.equal(seen, raw[WEIGHT])


def test_average_of_buffers_is_used_when_asked(tmp_path: Path) -> None:
    _, history = fit(tmp_path, EMA(options={"momentum": 0.3, "update_buffers": True}), max_epochs=1)
    raw, average = history[-1]
    assert {name.split(".")[-1] for name in average} >= {"running_mean", "running_var", "weight"}
    assert "net.2.num_batches_tracked" not in average
    assert not torch.equal(raw["net.2.running_mean"], average["net.2.running_mean"])


def test_checkpoint_holds_the_average_and_the_raw_weights(tmp_path: Path) -> None:
    _, history = fit(tmp_path, EMA(options={"momentum": 0.3}), max_epochs=1)
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
    {"averaging": WarmUpEMA, "generation": "0.x", "momentum": 0.9, "warm_up": 10, "interval": 3},
    {"averaging": StochasticWeightAverage, "interval": 2},
    {"averaging": MomentumAnnealingEMA, "gamma": 5, "update_buffers": True},
]
POINTS = [
    ({"max_epochs": 4}, "epoch_2", 8),
    ({"max_epochs": 4}, "best_acc_top1_epoch_3", 12),
    ({"max_iters": 14}, "iter_6", 6),
    ({"max_iters": 14}, "iter_12", 12),  # the last batch of an epoch
    ({"max_iters": 14}, "best_acc_top1_iter_10", 10),
    ({"max_iters": 14, "accumulate_grad_batches": 2}, "iter_6", 6),
]


# training by iterations is one epoch long
RESUMED = [
    (options, *point)
    for options in EMAS
    for point in POINTS
    if "begin_epoch" not in options or "max_epochs" in point[0]
]


@pytest.mark.parametrize(("options", "flags", "name", "done"), RESUMED, ids=str)
def test_goes_on_to_the_bit_when_resumed(
    tmp_path: Path, options: dict[str, Any], flags: dict[str, Any], name: str, done: int
) -> None:
    whole, history = fit(tmp_path / "whole", make_ema(options), **flags)
    path = tmp_path / "whole" / f"{name}.ckpt"
    resumed, rest = fit(tmp_path / "resumed", make_ema(options), path, **flags)
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
    ema = EMA(options={"momentum": 0.3})
    _, rest = fit(tmp_path / "ema", ema, tmp_path / "plain" / "epoch_1.ckpt", max_epochs=2)
    _, plain = fit(tmp_path / "again", None, max_epochs=2)
    assert torch.equal(rest[0][0][WEIGHT], plain[4][0][WEIGHT])
    assert torch.equal(rest[0][1][WEIGHT], rest[0][0][WEIGHT])  # the first is a copy


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_average_is_used_when_evaluated(tmp_path: Path, stage: str) -> None:
    ema, net = EMA(options={"momentum": 0.3}), Net()
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


@pytest.mark.parametrize("file", ["epoch_1.ckpt", "epoch_1.pth"])
def test_raw_weights_of_a_checkpoint_are_evaluated_when_asked(tmp_path: Path, file: str) -> None:
    """As in mmpretrain, whose hook exchanges the weights of every file that it meets."""
    text = (
        LENET_NEW
        + """
default_hooks['checkpoint'].update(save_pth=True)
custom_hooks = [dict(type='EMAHook', momentum=0.05, evaluate_on_origin=True)]
"""
    )
    spec = read_spec(write_config(tmp_path, text), {"work_dir": str(tmp_path / "work")})
    flags: dict[str, Any] = {"accelerator": "cpu", "max_epochs": 1, "limit_train_batches": 20}
    flags |= {"limit_val_batches": 4, "limit_test_batches": 4}
    spec = replace(spec, trainer={**spec.trainer, **flags})
    values = mmlight.fit(spec).trainer.callback_metrics
    metrics = {name: float(value) for name, value in values.items()}
    average, raw = metrics["accuracy/top1"], metrics["accuracy/top1_origin"]
    assert average != raw
    path = str(tmp_path / "work" / file)
    parts, _ = run_stage("test", "test", spec, path, None)
    found = parts.trainer.callback_metrics
    assert [found[name] for name in ("accuracy/top1", "accuracy/top1_origin")] == [average, raw]
    own = [c for c in spec.callbacks if not c.target.endswith(".EMA")]
    ema = Call("mmlight.callbacks.EMA", {"evaluate_on_ema": False})
    spec = replace(spec, callbacks=(ema, *own))
    for stage in (mmlight.validate, mmlight.test):
        assert stage(spec, path)["accuracy/top1"] == raw
    # training starts from the average
    parts = mmlight.fit(replace(spec, load_from=path, trainer=spec.trainer | {"max_steps": 0}))
    saved = torch.load(path, weights_only=True)["state_dict"]
    name = next(name for name in saved if name.endswith("weight"))
    assert torch.equal(parts.model.state_dict()[name], saved[name])


def test_tied_weights_are_averaged_under_each_name(tmp_path: Path) -> None:
    net, ema = Net(), EMA(options={"momentum": 0.3})
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

    names = ["_foreach_copy_.default", *["_foreach_lerp_.Scalar"] * 2]
    assert [name for name in measure(Count, {"momentum": 0.3}) if "foreach" in name] == names


def measure(count: Any, options: dict[str, Any]) -> list[str]:
    net, ema = Net(), make_ema(options)
    trainer: Any = SimpleNamespace(
        callbacks=[ema, Announcer()], max_epochs=9, num_training_batches=4
    )
    ema.on_fit_start(trainer, net)
    ema.before_train(trainer, net)
    with count():
        for _ in range(3):
            ema.on_train_batch_end(trainer, net, None, None, 0)
    # what is left counts the calls, on the CPU
    others = {name for name in count.names if "foreach" not in name}
    assert others == {"_local_scalar_dense.default", "add_.Tensor"}
    return list(count.names)


class Evaluated(Net):
    """Has metrics: the mean of the weights that batches see, and how many batches there were."""

    class Metrics(torch.nn.Module):
        values: list[float]

        def compute(self) -> dict[str, float]:
            values, self.values = self.values, []
            return {"mean": sum(values) / len(values), "batches": len(values)}

    def __init__(self) -> None:
        super().__init__()
        self.val_metrics = self.test_metrics = self.Metrics()
        self.val_metrics.values = []

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        super().validation_step(batch, batch_idx)
        self.val_metrics.values.append(float(self.net[1].weight.double().mean()))

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        self.log_dict(self.val_metrics.compute())

    on_test_epoch_end = on_validation_epoch_end


@pytest.mark.parametrize("on_average", [True, False])
def test_raw_weights_are_evaluated_as_well_when_asked(on_average: bool) -> None:
    ema = EMA(
        averaging=StochasticWeightAverage,
        evaluate_on_ema=on_average,
        evaluate_on_origin=True,
    )
    found: list[Any] = []

    def note(trainer: Any, net: Any) -> None:
        raw, average = net.net[1].weight.detach(), ema.average[WEIGHT]
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        found.append((float(raw.double().mean()), float(average.double().mean()), values))

    net = Evaluated()
    trainer = build_trainer(ema, Probe(note, "after_val_epoch"), max_epochs=2, limit_val_batches=1)
    trainer.fit(net, build_data())
    assert len(found) == 2
    for raw, average, values in found:
        assert abs(raw - average) > 1e-4
        assert values["batches"] == 1
        if on_average:
            assert values["mean"] == pytest.approx(average, abs=1e-7)
            assert values["mean_origin"] == pytest.approx(raw, abs=1e-7)
            assert values["batches_origin"] == 1
        else:
            assert values["mean"] == pytest.approx(raw, abs=1e-7)
            assert not [name for name in values if name.endswith("_origin")]
    trainer.test(net, build_data(), verbose=False)
    results = {name: float(value) for name, value in trainer.callback_metrics.items()}
    raw = float(net.net[1].weight.detach().double().mean())
    assert results["mean_origin" if on_average else "mean"] == pytest.approx(raw, abs=1e-7)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_model_holds_the_average_between_epochs_when_old(generation: Any) -> None:
    ema = EMA(WarmUpEMA, {"momentum": 0.3}, generation=generation)
    held: list[tuple[str, bool]] = []

    def probe(point: str) -> Probe:
        def note(trainer: Any, net: Any) -> None:
            held.append((point, ema._is_in))

        return Probe(note, point)

    points = ("after_train_epoch", "before_val", "before_val_epoch", "after_val", "after_train")
    rule = Validation()
    announcer = Announcer(generation)
    callbacks = [ema, *map(probe, points), rule, probe("before_train_epoch"), announcer]
    build_trainer(*callbacks, max_epochs=2).fit(Net(), build_data())
    old = generation == "0.x"
    assert [is_in for point, is_in in held if point == "after_train_epoch"] == [old] * 2
    assert [is_in for point, is_in in held if point == "before_val"] == [old] * 2
    assert [is_in for point, is_in in held if point == "before_val_epoch"] == [True] * 2
    assert [is_in for point, is_in in held if point == "after_val"] == [old] * 2
    assert [is_in for point, is_in in held if point == "before_train_epoch"] == [False] * 2
    assert [is_in for point, is_in in held if point == "after_train"] == [old]


def test_training_goes_on_with_raw_weights_when_the_average_is_old(tmp_path: Path) -> None:
    ema = EMA(WarmUpEMA, {"momentum": 0.3}, generation="0.x")
    net, history = fit(tmp_path, ema, max_epochs=3)
    plain, without = fit(tmp_path / "plain", None, max_epochs=3)
    for (raw, _), (expected, _) in zip(history, without, strict=True):
        assert_same(raw, expected)
    for seen, (_, average) in zip(net.seen, history[3::4], strict=True):
        assert torch.equal(seen, average[WEIGHT])
    assert torch.equal(net.net[1].weight, history[-1][1][WEIGHT])  # as mmcv leaves it
    assert torch.equal(ema.average[WEIGHT], plain.net[1].weight)


class OwnAverage(BaseAveragedModel):
    """A user's own: copies every second batch, and counts in its own way."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model)
        self.register_buffer("calls", torch.tensor(0))

    def update_parameters(self, model: torch.nn.Module) -> None:
        if self.calls % 2 == 0:
            for value, source in zip(self.module.parameters(), model.parameters(), strict=True):
                value.copy_(source)
        self.calls += 1


def test_average_of_the_user_decides_when_it_updates_by_itself(tmp_path: Path) -> None:
    _, history = fit(tmp_path / "whole", EMA(OwnAverage), max_epochs=3)
    for number, (raw, average) in enumerate(history):
        expected = raw if number % 2 == 0 else history[number - 1][0]
        assert torch.equal(average[WEIGHT], expected[WEIGHT])
    path = tmp_path / "whole" / "epoch_1.ckpt"
    assert torch.load(path, weights_only=True)["callbacks"]["EMA"]["calls"] == 4
    _, rest = fit(tmp_path / "resumed", EMA(OwnAverage), path, max_epochs=3)
    assert_same(rest[-1][1], history[-1][1])


@pytest.mark.parametrize(
    ("options", "flags", "text"),
    [
        ({"begin_epoch": 3}, {"max_epochs": 2}, "begin_epoch must be at most 2, got 3"),
        ({"begin_iter": 9}, {"max_epochs": 2}, "begin_iter must be at most 8, got 9"),
        ({"begin_epoch": 2}, {"max_iters": 6}, "begin_epoch must be at most 1, got 2"),
    ],
)
def test_raises_when_training_ends_before_the_average_begins(
    options: dict[str, Any], flags: dict[str, Any], text: str
) -> None:
    last = flags.get("max_iters")
    rule = Validation(1, by_epoch=last is None, last=last)
    trainer = build_trainer(make_ema(options), rule, **flags)
    with pytest.raises(ValueError, match=text):
        trainer.fit(Net(), build_data())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"momentum": 1.0}, "momentum must be between 0 and 1, got 1.0"),
        ({"interval": 0}, "interval must be 1 or more, got 0"),
        ({"averaging": WarmUpEMA, "warm_up": 0}, "warm_up must be 1 or more, got 0"),
        ({"averaging": MomentumAnnealingEMA, "gamma": 0}, "gamma must be above 0, got 0"),
        ({"averaging": "mmlight.compat.averaged_model.RatedAverage", "interval": 0}, "got 0"),
        ({"averaging": torch.nn.ReLU}, "averaging must derive from BaseAveragedModel, got"),
        ({"momentun": 0.1}, r"options of ExponentialMovingAverage .* got 'momentun'"),
        ({"begin_iter": -1}, r"not both, got \(-1, 0\)"),
        ({"begin_iter": 2, "begin_epoch": 3}, r"not both, got \(2, 3\)"),
    ],
)
def test_raises_when_an_argument_is_wrong(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make_ema(options)
