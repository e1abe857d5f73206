"""Translates `param_scheduler`, in which the upgrade has put `lr_config` and `momentum_config`."""

from typing import Final

from mmlight.registry import PARAM_SCHEDULERS
from mmlight.spec import Call
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table

_FILE = "mmlight/translate/schedules.py"
_O = "mmlight.optim"

# policies of mmcv 1.x, under the names of its hooks; arguments are mmcv's
POLICY_ROWS: Final = tuple(
    Row(name, f"{_O}.{target}")
    for name, target in (
        ("FixedLrUpdaterHook", "policies.FixedPolicy"),
        ("StepLrUpdaterHook", "policies.StepPolicy"),
        ("ExpLrUpdaterHook", "policies.ExpPolicy"),
        ("PolyLrUpdaterHook", "policies.PolyPolicy"),
        ("InvLrUpdaterHook", "policies.InvPolicy"),
        ("CosineAnnealingLrUpdaterHook", "policies.CosineAnnealingPolicy"),
        ("FlatCosineAnnealingLrUpdaterHook", "policies.FlatCosineAnnealingPolicy"),
        ("LinearAnnealingLrUpdaterHook", "policies.LinearAnnealingPolicy"),
        ("CosineAnnealingCooldownLrUpdaterHook", "policies.CosineAnnealingCooldownPolicy"),
        ("CosineRestartLrUpdaterHook", "cyclic_policies.CosineRestartPolicy"),
        ("CyclicLrUpdaterHook", "cyclic_policies.CyclicPolicy"),
        ("OneCycleLrUpdaterHook", "cyclic_policies.OneCyclePolicy"),
        ("StepMomentumUpdaterHook", "momentum_policies.StepMomentumPolicy"),
        ("LinearAnnealingMomentumUpdaterHook", "momentum_policies.LinearAnnealingMomentumPolicy"),
        ("CosineAnnealingMomentumUpdaterHook", "momentum_policies.CosineAnnealingMomentumPolicy"),
        ("CyclicMomentumUpdaterHook", "momentum_policies.CyclicMomentumPolicy"),
        ("OneCycleMomentumUpdaterHook", "momentum_policies.OneCycleMomentumPolicy"),
    )
)

_RECURSIONS = {
    "Constant": "recursions.ConstantLR",
    "Linear": "recursions.LinearLR",
    "Step": "recursions.StepLR",
    "MultiStep": "recursions.MultiStepLR",
    "Exponential": "recursions.ExponentialLR",
    "Poly": "recursions.PolyLR",
    "CosineAnnealing": "recursions.CosineAnnealingLR",
    "CosineRestart": "cyclic_recursions.CosineRestartLR",
    "OneCycle": "cyclic_recursions.OneCycleLR",
}
RECURSION_ROWS: Final = tuple(
    Row(f"{stem}{suffix}", f"{_O}.{target}", extra=extra)
    for stem, target in _RECURSIONS.items()
    for suffix, extra in (
        ("LR", {}),
        ("Momentum", {"param_name": "momentum"}),
        ("ParamScheduler", {}),
    )
)

SCHEDULE_TABLE = Table(
    "schedule",
    (*POLICY_ROWS, *RECURSION_ROWS),
    PARAM_SCHEDULERS,
    file=_FILE,
    scopes=("mmengine",),
)


def translate_schedules(top: Section) -> list[Call]:
    """Return the schedules of `param_scheduler`, in its order."""
    return SCHEDULE_TABLE.translate_list(top, "param_scheduler")
