"""The curves of mmcv's policies in the words of mmengine, one function per policy.

Each returns the schedulers of a curve without its warm-up, or None when mmengine cannot do it.
Schedulers multiply each other, so that a curve and its warm-up may both begin at the start, as in
mmcv.

To add a policy: 1. write its function; 2. name it in `CURVES`; 3. compare the rates in
tests/reference/test_modern_rates.py.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.upgrade.modern.policy import BY_ITERATION, CONVERTED, Policy

NO_FLOOR = "The lower bound {!r} has no counterpart in mmengine; the value falls further."
GROUPS = "It is a part of the optimizer's {!r}; groups that start elsewhere reach the same value."
RESTARTS = "mmengine weighs the value of a restart, mmcv its height above the lower bound."
EARLY = "mmengine's PolyLR is at its end one iteration earlier."


def _target(policy: Policy) -> dict[str, Any]:
    """Read where a curve ends: `eta_min` or `eta_min_ratio`; nothing where that is 0."""
    name = "lr" if policy.kind == "LR" else "momentum"
    ratio, value = policy.take(f"min_{name}_ratio"), policy.take(f"min_{name}")
    if ratio is not None:
        return {"eta_min_ratio": ratio}
    return {"eta_min": value} if value else {}


def _fixed(policy: Policy) -> list[ConfigDict] | None:
    policy.take("by_epoch")
    return []


def _step(policy: Policy) -> list[ConfigDict] | None:
    step = policy.take("step")
    gamma = policy.take("gamma", 0.1 if policy.kind == "LR" else 0.5)
    unit = {"by_epoch": policy.take("by_epoch", True)}
    floor = policy.take("min_lr" if policy.kind == "LR" else "min_momentum")
    if floor is not None:
        policy.note(NO_FLOOR.format(floor))
    if isinstance(step, int):
        return [policy.make("Step", **unit, step_size=step, gamma=gamma)]
    if not isinstance(step, (list, tuple)):
        return None
    return [policy.make("MultiStep", **unit, milestones=ConfigList(step), gamma=gamma)]


def _exp(policy: Policy) -> list[ConfigDict] | None:
    unit = {"by_epoch": policy.take("by_epoch", True)}
    return [policy.make("Exponential", **unit, gamma=policy.take("gamma"))]


def _poly(policy: Policy) -> list[ConfigDict] | None:
    return _to_poly(policy, policy.take("power", 1.0), _target(policy))


def _linear(policy: Policy) -> list[ConfigDict] | None:
    target, base = _target(policy), policy.run.base
    if "eta_min_ratio" in target:
        if base is None:
            return None
        policy.note(GROUPS.format(base))
        target = {"eta_min": target["eta_min_ratio"] * base}
    return _to_poly(policy, 1.0, target)


def _to_poly(policy: Policy, power: float, target: dict[str, Any]) -> list[ConfigDict] | None:
    """Write a PolyLR; its end is put one step later, where it can be, as mmcv's lies there."""
    unit, length = policy.take_unit(), policy.run.length
    if length is None:
        return None
    if unit is CONVERTED:
        policy.note(EARLY)
    words = {**unit, "begin": 0, "end": length if unit is CONVERTED else length + 1}
    given = {} if power == 1 else {"power": power}
    return [policy.make("Poly", **{"eta_min": 0, **target}, **given, **words)]


def _cosine(policy: Policy) -> list[ConfigDict] | None:
    target, unit, length = _target(policy), policy.take_unit(), policy.run.length
    words = {**target, **unit, "begin": 0, "end": length}
    return None if length is None else [policy.make("CosineAnnealing", T_max=length, **words)]


def _cooldown(policy: Policy) -> list[ConfigDict] | None:
    """The cosine with its end, then a fraction of that.

    mmengine gives the value back in the last epoch of a ConstantLR, which therefore lies behind
    the run.
    """
    ratio, time = policy.take("cool_down_ratio", 0.1), policy.take("cool_down_time", 10)
    target, unit, length = _target(policy), policy.take_unit(), policy.run.length
    if length is None or unit is CONVERTED:
        return None
    turn = length - time + 1
    cosine = {"T_max": length - time, **target, **unit, "begin": 0, "end": turn}
    return [
        policy.make("CosineAnnealing", **cosine),
        policy.make("Constant", factor=ratio, **unit, begin=turn, end=length + 1),
    ]


def _flat_cosine(policy: Policy) -> list[ConfigDict] | None:
    start, target = policy.take("start_percent", 0.75), _target(policy)
    unit, length = policy.take_unit(), policy.run.length
    if length is None:
        return None
    begin = round(length * start)
    words = {**target, **unit, "begin": begin, "end": length}
    return [policy.make("CosineAnnealing", T_max=length - begin, **words)]


def _restart(policy: Policy) -> list[ConfigDict] | None:
    periods, weights = policy.take("periods"), policy.take("restart_weights", [1])
    unit = {"by_epoch": policy.take("by_epoch", True)}
    target = _target(policy) or {"eta_min": 0}
    if any(target.values()) and any(weight != 1 for weight in weights):
        policy.note(RESTARTS)
    words = {"periods": ConfigList(periods), "restart_weights": ConfigList(weights)}
    return [policy.make("CosineRestart", **words, **target, **unit)]


def _cyclic(policy: Policy) -> list[ConfigDict] | None:
    """A cosine up and one down, where both begin and end with an epoch (or iteration)."""
    default = (10, 1e-4) if policy.kind == "LR" else (0.85 / 0.95, 1)
    ratios = policy.take("target_ratio", default)
    up, run = policy.take("step_ratio_up", 0.4), policy.run
    policy.take("by_epoch")
    ratios = ratios if isinstance(ratios, (list, tuple)) else (ratios,)
    ratios = (ratios[0], ratios[0] / 1e5) if len(ratios) == 1 else ratios
    plain = policy.take("gamma", 1) == 1 and policy.take("anneal_strategy", "cos") == "cos"
    once = policy.take("cyclic_times", 1) == 1
    if not (plain and once) or run.length is None or run.base is None:
        return None
    turn = round(up * run.length)
    if not math.isclose(turn, up * run.length) or not 0 < turn < run.length:
        return None
    policy.note(GROUPS.format(run.base))
    unit = CONVERTED if run.by_epoch else BY_ITERATION
    made = []
    for begin, end, ratio in ((0, turn, ratios[0]), (turn, run.length, ratios[1])):
        words = {"T_max": end - begin, "eta_min": run.base * ratio, **unit}
        made.append(policy.make("CosineAnnealing", **words, begin=begin, end=end))
    return made


def _one_cycle(policy: Policy) -> list[ConfigDict] | None:
    if policy.kind == "Momentum":
        return None
    policy.take("by_epoch")
    words = {"eta_max": policy.take("max_lr")}
    for key in ("total_steps", "pct_start", "anneal_strategy", "div_factor", "final_div_factor"):
        words[key] = policy.take(key)
    words["three_phase"] = policy.take("three_phase")
    return [policy.make("OneCycle", **words, **BY_ITERATION)]


CURVES: Final[dict[str, Callable[[Policy], list[ConfigDict] | None]]] = {
    "Fixed": _fixed,
    "Step": _step,
    "Exp": _exp,
    "Poly": _poly,
    "LinearAnnealing": _linear,
    "CosineAnnealing": _cosine,
    "CosineAnnealingCooldown": _cooldown,
    "FlatCosineAnnealing": _flat_cosine,
    "CosineRestart": _restart,
    "Cyclic": _cyclic,
    "OneCycle": _one_cycle,
}
ABSOLUTE: Final = ("OneCycle", "Cyclic")
"""Curves that lead to given rates; a warm-up before them cannot be multiplied."""
