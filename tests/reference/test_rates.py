"""The rate at every batch equals the one that mmcv's hooks or mmengine's schedulers set."""

from itertools import product
from typing import Any

import pytest

from tests.reference.original import Original
from tests.reference.rates import (
    EPOCHS,
    Case,
    check_cases,
    make_case,
    run_mmcv,
    run_mmengine,
)

# every policy of mmcv and mmcls, with the arguments that change its curve
POLICIES: dict[str, list[dict[str, Any]]] = {
    "fixed": [{}],
    "step": [
        {"step": [3, 6, 9]},
        {"step": 2, "gamma": 0.973, "min_lr": 1e-2},
        {"step": [1, 2, 9], "gamma": 0.5},
    ],
    "exp": [{"gamma": 0.93}],
    "poly": [{"power": 0.9, "min_lr": 1e-4}, {}, {"power": 2.0}],
    "inv": [{"gamma": 0.1, "power": 0.75}, {"gamma": 0.3}],
    "CosineAnnealing": [{"min_lr": 1e-5}, {"min_lr_ratio": 1e-2}],
    "LinearAnnealing": [{"min_lr": 0}, {"min_lr_ratio": 0.1}],
    "FlatCosineAnnealing": [{"min_lr": 1e-4}, {"min_lr_ratio": 0.0, "start_percent": 0.4}],
    "CosineAnnealingCooldown": [
        {"min_lr": 1e-5, "cool_down_time": 4},
        {"min_lr_ratio": 0.1, "cool_down_time": 9, "cool_down_ratio": 0.5},
    ],
    "CosineRestart": [
        {"periods": [30, 30], "restart_weights": [1, 0.5], "min_lr": 1e-5},
        {"periods": [20, 10, 30], "restart_weights": [1, 0.5, 2], "min_lr_ratio": 0.1},
    ],
    "cyclic": [
        {},
        {"cyclic_times": 7, "gamma": 0.7, "target_ratio": (6.0,)},
        {"cyclic_times": 3, "gamma": 0.7, "step_ratio_up": 0.0},
        {"anneal_strategy": "linear", "target_ratio": 5.0},
    ],
    "OneCycle": [
        {"max_lr": 1.0},
        {"max_lr": [1.0, 0.1, 0.2], "three_phase": True, "anneal_strategy": "linear"},
        {"max_lr": 1.0, "total_steps": 100, "pct_start": 0.4, "div_factor": 10.0},
    ],
}
MOMENTUM_POLICIES: dict[str, list[dict[str, Any]]] = {
    "step": [{"step": [3, 6]}, {"step": 2, "gamma": 0.9, "min_momentum": 0.5}],
    "CosineAnnealing": [{"min_momentum": 0.5}, {"min_momentum_ratio": 0.5}],
    "LinearAnnealing": [{"min_momentum": 0.8}, {"min_momentum_ratio": 0.9}],
    "cyclic": [{}, {"cyclic_times": 3, "gamma": 0.7, "anneal_strategy": "linear"}],
    "OneCycle": [
        {},
        {"three_phase": True, "anneal_strategy": "linear"},
        {"base_momentum": [0.5, 0.6, 0.7], "max_momentum": [0.8, 0.9, 0.95], "pct_start": 0.4},
    ],
}
ALWAYS_BY_ITERATION = ("cyclic", "OneCycle")
NO_WARMUP: dict[str, Any] = {}
WARMUPS = [
    NO_WARMUP,
    *({"warmup": k, "warmup_iters": 13, "warmup_ratio": 0.25} for k in ("constant", "linear")),
    {"warmup": "exp", "warmup_iters": 13, "warmup_ratio": 0.01},
    *(
        {"warmup": kind, "warmup_iters": 3, "warmup_ratio": 1e-3, "warmup_by_epoch": True}
        for kind in ("constant", "linear", "exp")
    ),
]


def list_units(policy: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ways in which a policy may count; None stands for its default."""
    if policy in ALWAYS_BY_ITERATION:
        return [{}, {"by_epoch": False}]
    return [{}, {"by_epoch": True}, {"by_epoch": False}]


@pytest.mark.parametrize("policy", POLICIES)
def test_rates_equal_when_mmcv_runs_a_policy(mmcls: Original, policy: str) -> None:
    cases: list[Case] = []
    for options, warmup, by_epoch in product(POLICIES[policy], WARMUPS, (True, False)):
        if warmup.get("warmup_by_epoch") and not by_epoch:
            continue  # mmcv fails: it waits for an epoch, and none begins
        for unit in list_units(policy, options):
            config = {"lr": {"policy": policy, **options, **warmup, **unit}}
            cases.append(make_case(config, by_epoch=by_epoch))
    check_cases(cases, mmcls(run_mmcv, cases))


@pytest.mark.parametrize("policy", MOMENTUM_POLICIES)
def test_momenta_equal_when_mmcv_runs_a_policy(mmcls: Original, policy: str) -> None:
    cases: list[Case] = []
    warmups = [warmup for warmup in WARMUPS if "warmup_by_epoch" not in warmup]
    warmups.append({"warmup": "linear", "warmup_iters": 13})  # by its own default ratio
    for options, warmup, by_epoch, adam in product(
        MOMENTUM_POLICIES[policy], warmups, (True, False), (True, False)
    ):
        for unit in list_units(policy, options):
            momentum = {"policy": policy, **options, **warmup, **unit}
            config = {"lr": {"policy": "cyclic"}, "momentum": momentum}
            cases.append(make_case(config, by_epoch=by_epoch, adam=adam))
    check_cases(cases, mmcls(run_mmcv, cases))


# every rule of mmengine, with the arguments that change its curve
RULES: dict[str, list[dict[str, Any]]] = {
    "Constant": [{"factor": 0.1}, {}],
    "Linear": [{"start_factor": 0.1}, {"start_factor": 0.5, "end_factor": 0.1}],
    "Step": [{"step_size": 2, "gamma": 0.973}, {"step_size": 3}],
    "MultiStep": [{"milestones": [1, 4, 8]}, {"milestones": [1, 1, 4], "gamma": 0.5}],
    "Exponential": [{"gamma": 0.9}],
    "Poly": [{"eta_min": 1e-4, "power": 0.9}, {"power": 2.0}],
    "CosineAnnealing": [
        {"eta_min": 1e-5},
        {"T_max": 4, "eta_min_ratio": 0.01},
        {"T_max": 3, "eta_min": 1e-4},
    ],
    "CosineRestart": [
        {"periods": [3, 2, 4], "restart_weights": [1, 0.5, 2], "eta_min": 1e-5},
        {"periods": [4, 8], "restart_weights": [1, 0.5], "eta_min_ratio": 0.1},
    ],
    "OneCycle": [
        {"eta_max": 1.0},
        {"eta_max": 1.0, "three_phase": True, "pct_start": 0.4},
        {"eta_max": 1.0, "total_steps": 60, "anneal_strategy": "linear", "div_factor": 10.0},
    ],
}
SPANS: list[dict[str, Any]] = [
    {},
    {"begin": 2},
    {"begin": 1, "end": 9},
    {"begin": 5, "end": 30},
]
UNITS: list[dict[str, Any]] = [
    {"by_epoch": True},
    {"by_epoch": False},
    {"convert_to_iter_based": True},
]


def list_cases(kind: dict[str, Any], variants: list[dict[str, Any]], **changes: Any) -> list[Case]:
    cases = []
    for options, span, unit, by_epoch in product(variants, SPANS, UNITS, (True, False)):
        rule = {**kind, **options, **span, **unit}
        by_epochs = rule.get("by_epoch", True)
        end = rule.get("end", (EPOCHS if by_epoch else 1) if by_epochs else 60)
        if end > rule.get("begin", 0):  # mmengine refuses the others
            cases.append(make_case([rule], by_epoch=by_epoch, **changes))
    return cases


@pytest.mark.parametrize("rule", RULES)
def test_rates_equal_when_mmengine_runs_a_rule(mmpretrain: Original, rule: str) -> None:
    cases = list_cases({"type": f"{rule}LR"}, RULES[rule])
    check_cases(cases, mmpretrain(run_mmengine, cases))


@pytest.mark.parametrize("adam", [False, True], ids=["sgd", "adam"])
def test_momenta_equal_when_mmengine_runs_a_rule(mmpretrain: Original, adam: bool) -> None:
    cases = []
    for rule, variants in RULES.items():
        if rule != "OneCycle":  # which has no class for the momentum
            kind = {"type": f"{rule}Momentum"}
            cases += list_cases(kind, variants, adam=adam)[::7]
    check_cases(cases, mmpretrain(run_mmengine, cases))


def test_values_equal_when_mmengine_runs_a_rule_of_a_named_parameter(mmpretrain: Original) -> None:
    cases = []
    for rule, variants in RULES.items():
        name = "lr" if rule == "OneCycle" else "weight_decay"
        kind = {"type": f"{rule}ParamScheduler", "param_name": name}
        cases += list_cases(kind, variants)[::7]
    cosine = {"type": "CosineAnnealingWeightDecay", "eta_min": 0.2}
    cases += list_cases(cosine, [{}, {"T_max": 3}])[::2]
    check_cases(cases, mmpretrain(run_mmengine, cases))


WARM = {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 13}
CONVERTED = {"type": "LinearLR", "start_factor": 1e-3, "end": 3, "convert_to_iter_based": True}
COSINE = {"type": "CosineAnnealingLR", "eta_min": 1e-5, "by_epoch": True, "begin": 3}
TOGETHER: list[list[dict[str, Any]]] = [
    [WARM, {"type": "MultiStepLR", "milestones": [1, 4, 8]}],
    [{"type": "MultiStepLR", "milestones": [7, 13, 40], "by_epoch": False}, WARM],
    [CONVERTED, COSINE],
    [CONVERTED, {**COSINE, "convert_to_iter_based": True}],
    [CONVERTED, {**COSINE, "T_max": 9, "end": 12, "convert_to_iter_based": True}],
    [WARM, {"type": "PolyLR", "power": 2.0, "begin": 3, "by_epoch": True}],
    [{"type": "ConstantLR", "factor": 0.1, "end": 4}, {"type": "ExponentialLR", "gamma": 0.9}],
    [WARM, {"type": "OneCycleLR", "eta_max": 1.0, "by_epoch": False}],
    [{"type": "OneCycleLR", "eta_max": 1.0, "by_epoch": False}, WARM],
    [
        CONVERTED,
        {**COSINE, "end": 9},
        {"type": "ConstantLR", "factor": 0.1, "begin": 9, "end": 13},
        {"type": "LinearMomentum", "start_factor": 0.5, "end": 7, "by_epoch": False},
        {"type": "CosineAnnealingMomentum", "eta_min": 0.3, "begin": 2},
        {"type": "CosineAnnealingParamScheduler", "param_name": "weight_decay", "eta_min": 0.2},
    ],
]


def test_values_equal_when_mmengine_runs_several_together(mmpretrain: Original) -> None:
    cases = [make_case(config) for config in TOGETHER]
    one_cycle = {"type": "OneCycleLR", "eta_max": [0.8], "by_epoch": False}
    cases.append(make_case([one_cycle], bases=(0.4,)))  # a list of one for one group
    check_cases(cases, mmpretrain(run_mmengine, cases))


def test_batches_count_when_the_originals_accumulate(mmcls: Original, mmpretrain: Original) -> None:
    config = {
        "lr": {"policy": "poly", "by_epoch": False, **WARMUPS[2]},
        "momentum": {"policy": "cyclic"},
    }
    old = [make_case(config, accumulate=4, by_epoch=by_epoch) for by_epoch in (True, False)]
    check_cases(old, mmcls(run_mmcv, old))
    new = [make_case(config, accumulate=4) for config in TOGETHER]
    check_cases(new, mmpretrain(run_mmengine, new))
