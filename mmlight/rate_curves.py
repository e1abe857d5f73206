"""Says, before training, what value each scheduled option has at each batch of a run."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import torch

from mmlight.build import build_model, instantiate, refused_by_class
from mmlight.check.calls import check_calls
from mmlight.compat import provide_names
from mmlight.datamodule import PipelineDataModule
from mmlight.errors import ConfigError, MMLightError, list_names, nearest_name
from mmlight.optim.constructor import unwrap
from mmlight.optim.driver import ScheduleDriver, walk
from mmlight.optim.rate_scale import scale_rates
from mmlight.optim.schedule import Group, RunLength, Schedule, read_value
from mmlight.run import Overrides, Source, read_spec
from mmlight.spec import Call, Spec

SCHEDULE = "mmlight.callbacks.ParamSchedule"
ALL = "all"
NO_LENGTH = "Say how many batches an epoch has: --epoch-length N."


@dataclass(frozen=True)
class Curve:
    """The values of one option of some parameter groups, which are the same for all of them.

    Args:
        name: The option: 'lr', 'momentum', ...
        groups: Names of the parameter groups.
        values: One value for each batch of the run.
    """

    name: str
    groups: tuple[str, ...]
    values: Sequence[float]


@dataclass(frozen=True)
class RateCurves:
    """All curves of a run.

    Args:
        curves: One or more.
        run: How long the run is.
        notes: What the curves cannot show.
    """

    curves: Sequence[Curve]
    run: RunLength
    notes: Sequence[str] = ()

    def starts(self, count: int = 20) -> list[tuple[int, int]]:
        """Return (epoch, batch) of the start of each epoch, or of `count` batches of the run.

        Args:
            count: How many rows an iteration-based run gets, in which no epoch begins.
        """
        batches, length = len(self.curves[0].values), self.run.epoch_length
        if self.run.by_epoch and length:
            return [(at // length, at) for at in range(0, batches, length)]
        return [(0, at) for at in range(0, batches, max(batches // count, 1))]


@provide_names()
def simulate_config(
    source: Source,
    overrides: Overrides = None,
    *,
    param: str = ALL,
    epoch_length: int | None = None,
    dataset_size: int | None = None,
    processes: int = 1,
    safe: bool = False,
) -> RateCurves:
    """Return the values that the schedules of a config will give, without training.

    Args:
        source: A config file, a Config or a Spec.
        overrides: In the words of the config.
        param: Which option; 'all' for those that a schedule changes, and the learning rate.
        epoch_length: Batches per epoch and process; None to count them in the training data.
        dataset_size: Samples of the training data, in place of the data.
        processes: Over how many processes the data will be spread.
        safe: Read a config without running it.

    Raises:
        MMLightError: If the config is wrong, its data are needed and cannot be read, or it has no
            such option.
    """
    spec = read_spec(source, overrides, safe=safe)
    callbacks = [call for call in spec.callbacks if call.target == SCHEDULE]
    calls = [call for callback in callbacks for call in callback.kwargs["schedules"]]
    check_calls(replace(spec, data={}, callbacks=tuple(callbacks)))
    if epoch_length is None:
        epoch_length = _count_batches(spec, dataset_size, processes)
    run = _measure(spec, callbacks, epoch_length)
    schedules = [instantiate(call) for call in calls]
    merged = _merge_equal(_build_groups(spec, processes))
    driver = _start(calls, schedules, [group for group, _ in merged], run)
    curves = _follow(driver, [names for _, names in merged], param)
    return RateCurves(curves, run, [*_tell_unseen(schedules)])


# -------------------------------------------------------------------------- the length of the run


def _count_batches(spec: Spec, dataset_size: int | None, processes: int) -> int | None:
    """Return the batches of an epoch; None where nobody needs to know them."""
    call = spec.data.get("train")
    if not isinstance(call, Call):
        return None
    if dataset_size is not None:
        call = replace(call, kwargs={**call.kwargs, "dataset": _Sized(dataset_size)})
    try:
        check_calls(Spec(model={}, data={"train": call}))
        data = PipelineDataModule(train=instantiate(call), seed=0)
        data.trainer = SimpleNamespace(global_rank=0, world_size=processes)  # type: ignore[assignment]
        return data.train_epoch_batches
    except (MMLightError, OSError) as error:
        if _is_by_iteration(spec):
            return None
        problem = getattr(error, "problem", error)
        raise ConfigError(
            "--epoch-length",
            f"the training data cannot be read to count its batches: {problem}",
            origin=getattr(error, "origin", ""),
            next_step=NO_LENGTH,
        ) from error


class _Sized:
    """A dataset without samples."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __len__(self) -> int:
        return self.size


def _is_by_iteration(spec: Spec) -> bool:
    return spec.trainer.get("max_epochs") == -1


def _measure(spec: Spec, callbacks: Sequence[Call], epoch_length: int | None) -> RunLength:
    if _is_by_iteration(spec):
        told = next((call.kwargs.get("max_iters") for call in callbacks), None)
        return RunLength.of_iterations(told or spec.trainer["max_steps"], epoch_length)
    if epoch_length is None:
        raise ConfigError(
            "--epoch-length", "the config describes no training data", next_step=NO_LENGTH
        )
    return RunLength.of_epochs(spec.trainer.get("max_epochs") or 1, epoch_length)


# -------------------------------------------------------------------------- the parameter groups


def _build_groups(spec: Spec, processes: int) -> list[Group]:
    """Return the parameter groups of the optimizer, as training begins with them."""
    with torch.device("meta"):
        model = build_model(spec)
        if model.optimizer_builder is None:
            raise ConfigError(
                "optim_wrapper",
                "the config describes no optimizer, so there is no rate",
                next_step="Add optim_wrapper, in 0.x words optimizer.",
            )
        built = model.optimizer_builder.build(model, model.name_map().to_mm)
    optimizer = unwrap(built, None, 1)[0]
    base, loader = spec.model.get("base_batch_size"), spec.data.get("train")
    if base is not None and isinstance(loader, Call):
        size = processes * loader.kwargs.get("batch_size", 1)
        how = f"{processes} x {loader.kwargs.get('batch_size', 1)}"
        scale_rates(optimizer, base_batch_size=base, batch_size=size, how=how)
    return optimizer.param_groups


def _merge_equal(groups: Iterable[Group]) -> list[tuple[Group, list[str]]]:
    """Return one group for all that have the same options, and the names of these."""
    merged: dict[str, tuple[Group, list[str]]] = {}
    for index, group in enumerate(groups):
        options = {key: group[key] for key in group if key not in ("params", "name")}
        name = str(group.get("name", f"group {index}"))
        merged.setdefault(repr(options), (options, []))[1].append(name)
    return list(merged.values())


# -------------------------------------------------------------------------- the values


def _start(
    calls: Sequence[Call], schedules: Sequence[Schedule], groups: list[Group], run: RunLength
) -> ScheduleDriver:
    """Return a driver at the start of its run; a schedule that does not fit is named."""
    for call, schedule in zip(calls, schedules, strict=True):
        with _blaming(call, run):
            schedule.bind(run)
    driver = ScheduleDriver(SimpleNamespace(param_groups=groups), schedules, run)
    for call, schedule in zip(calls, driver.schedules, strict=True):
        with _blaming(call, run):
            schedule.start(groups)
    return driver


@contextmanager
def _blaming(call: Call, run: RunLength) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        problem = refused_by_class(call, error)
        if run.epoch_length is None:
            problem.next_step = NO_LENGTH
        raise problem from error


def _follow(driver: ScheduleDriver, group_names: list[list[str]], param: str) -> list[Curve]:
    """Lead a driver through its run, and return the curves of its groups."""
    groups, run = driver.optimizer.param_groups, driver.run
    names = _choose_names(groups, [schedule.param_name for schedule in driver.schedules], param)
    columns = [(name, at, array("d")) for name in names for at in range(len(groups))]
    epochs, batches = run.max_epochs or 1, run.epoch_length or 0
    if not run.by_epoch:
        epochs, batches = 1, run.max_iters or 0
    for _ in walk(driver, epochs, batches):
        for name, at, values in columns:
            values.append(read_value(groups[at], name))
    found: dict[tuple[str, bytes], Curve] = {}
    for name, at, values in columns:
        key = (name, values.tobytes())
        before = found[key].groups if key in found else ()
        found[key] = Curve(name, (*before, *group_names[at]), values)
    return list(found.values())


def _choose_names(groups: Sequence[Group], scheduled: Sequence[str], param: str) -> list[str]:
    if param == ALL:
        return list(dict.fromkeys(["lr", *scheduled]))
    known = sorted({key for key, value in groups[0].items() if _is_number(value)})
    known += ["momentum"] if "betas" in groups[0] and "momentum" not in known else []
    if param not in known:
        raise ConfigError(
            "--param",
            f"the optimizer has no option {param!r}",
            expected=list_names([ALL, *known]),
            nearest=nearest_name(param, [ALL, *known]),
        )
    return [param]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _tell_unseen(schedules: Iterable[Any]) -> Iterator[str]:
    for schedule in schedules:
        if hasattr(schedule, "monitor"):
            yield (
                f"{type(schedule).__name__} waits for {schedule.monitor} of the validation, so its"
                " reductions are not shown."
            )


def describe_groups(curve: Curve, all_groups: Mapping[str, int]) -> str:
    """Return the name of a curve, with those of its groups unless all have it.

    Examples:
        >>> describe_groups(Curve("lr", ("a", "b"), []), {"lr": 2})
        'lr'
        >>> describe_groups(Curve("lr", ("a", "b"), []), {"lr": 5})
        'lr of a, b'
        >>> describe_groups(Curve("lr", ("a", "b", "c", "d"), []), {"lr": 5})
        'lr of a, b and 2 more'
    """
    if len(curve.groups) == all_groups[curve.name]:
        return curve.name
    shown = ", ".join(curve.groups[:2])
    more = len(curve.groups) - 2
    return f"{curve.name} of {shown}" + (f" and {more} more" if more > 0 else "")


def label_curves(curves: Sequence[Curve]) -> list[str]:
    """Return a name for each curve."""
    totals: dict[str, int] = {}
    for curve in curves:
        totals[curve.name] = totals.get(curve.name, 0) + len(curve.groups)
    return [describe_groups(curve, totals) for curve in curves]
