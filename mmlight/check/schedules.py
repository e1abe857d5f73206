"""Compares the schedules with the length of the run."""

from collections.abc import Iterator
from typing import Any

from mmlight.build import refused_by_class
from mmlight.check.construct import BROKEN, construct
from mmlight.check.findings import Findings
from mmlight.errors import UnsupportedValueError
from mmlight.optim.plateau import ReduceOnPlateau
from mmlight.optim.policy import Policy
from mmlight.optim.recursion import FOREVER, Recursion
from mmlight.optim.schedule import RunLength
from mmlight.spec import Call, Spec, find_calls

SCHEDULE = "mmlight.callbacks.ParamSchedule"
SPANNED = (Recursion, ReduceOnPlateau)
# arguments that name moments of the run
MOMENTS = ("milestones", "step")


def examine_schedules(spec: Spec, found: Findings) -> None:
    """Tell when a schedule ends before it begins, or lies beyond the end of the run."""
    by_epoch, length = measure(spec)
    for callback in spec.callbacks:
        if callback.target != SCHEDULE:
            continue
        for call in find_calls(callback.kwargs.get("schedules")):
            schedule = construct(call, Findings())  # what it refuses, its callback tells
            if schedule is BROKEN or not isinstance(schedule, (*SPANNED, Policy)):
                continue
            if schedule.by_epoch and not by_epoch:
                text = "It counts epochs, but the run counts iterations as one single epoch."
                found.note(f"{call.path}.by_epoch", text, _origin(call, "by_epoch"))
            if isinstance(schedule, SPANNED):
                _examine_span(
                    call, schedule, length if schedule.by_epoch == by_epoch else None, found
                )
            if schedule.by_epoch == by_epoch and length is not None:
                _examine_fit(call, schedule, length, found)
                begin = getattr(schedule, "begin", 0)  # from where its numbers count
                _note_moments(call, begin, length, found)


def measure(spec: Spec) -> tuple[bool, int | None]:
    """Return whether a run counts epochs, and how many of them, or of iterations, it has."""
    epochs, steps = spec.trainer.get("max_epochs"), spec.trainer.get("max_steps")
    if epochs != -1:
        return True, epochs if isinstance(epochs, int) else None
    return False, steps if isinstance(steps, int) and steps >= 0 else None


def _examine_fit(
    call: Call, schedule: Recursion | Policy | ReduceOnPlateau, length: int, found: Findings
) -> None:
    """Tell when a policy has no value for a part of the run."""
    if not isinstance(schedule, Policy):
        return
    one = 1  # the batches of an epoch, which decide nothing here
    run = RunLength.of_epochs(length, one)
    try:
        schedule.bind(run if schedule.by_epoch else RunLength.of_iterations(length, one))
    except ValueError as error:
        found.add(refused_by_class(call, error))


def _examine_span(
    call: Call, schedule: Recursion | ReduceOnPlateau, length: int | None, found: Findings
) -> None:
    begin, end = schedule.begin, length if schedule.end is None else schedule.end
    for key, value in (("begin", begin), ("end", end)):
        if not (isinstance(value, (int, float)) or value is None):
            found.add(
                UnsupportedValueError(
                    f"{call.path}.{key}",
                    f"{key} is {value!r}",
                    origin=_origin(call, key),
                    expected="a number of epochs or iterations",
                    next_step="Correct the number.",
                )
            )
            return
    if end is not None and end <= begin:
        whose = "the run ends" if schedule.end is None else "it ends"
        key = "begin" if schedule.end is None else "end"
        found.add(
            UnsupportedValueError(
                f"{call.path}.{key}",
                f"the schedule begins at {begin}, and {whose} at {end}",
                origin=_origin(call, key),
                expected=f"begin={begin} < end",
                next_step="Correct begin and end, or the length of the run.",
            )
        )
    elif length is not None and begin >= length:
        text = f"It begins at {begin}, and the run ends at {length}: it never acts."
        found.note(f"{call.path}.begin", text, _origin(call, "begin"))
    elif length is not None and end is not None and length < end < FOREVER:
        text = f"It ends at {end}, and the run at {length}, before that."
        found.note(f"{call.path}.end", text, _origin(call, "end"))


def _note_moments(call: Call, begin: float, length: int, found: Findings) -> None:
    for key in MOMENTS:
        moments = [begin + moment for moment in _numbers(call.kwargs.get(key))]
        late = [moment for moment in moments if moment >= length]
        if late:
            text = f"The run ends at {length}, so {', '.join(map(str, late))} is never reached."
            found.note(f"{call.path}.{key}", text, _origin(call, key))


def _numbers(value: Any) -> Iterator[float]:
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, (int, float)):
            yield item


def _origin(call: Call, key: str) -> Any:
    return call.origins.get(key) or call.origin or ""
