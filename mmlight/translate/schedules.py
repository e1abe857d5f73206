"""Translates `param_scheduler`, in which the upgrade has put `lr_config` and `momentum_config`.

A class of a user's own is registered as a hook (mmcv) or as a scheduler (mmengine); it is wrapped
in a schedule that calls it, unless it is derived from `mmlight.optim.schedule.Schedule`.
"""

from dataclasses import replace
from pkgutil import resolve_name
from typing import Any, Final

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name
from mmlight.registry import HOOKS, PARAM_SCHEDULERS
from mmlight.spec import Call
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table, bare_name

_FILE = "mmlight/translate/schedules.py"
_O = "mmlight.optim"
UPDATER: Final = "UpdaterHook"
KINDS: Final = {f"Lr{UPDATER}": "lr_config", f"Momentum{UPDATER}": "momentum_config"}
"""How the names of mmcv's hooks end, and the entry of a config that leaves the end out."""

# policies of mmcv 1.x, under the names of its hooks; arguments are mmcv's
POLICY_ROWS: Final = tuple(
    Row(f"{name}{UPDATER}", f"{_O}.{target}", scopes=tuple(scopes))
    for name, target, *scopes in (
        ("FixedLr", "policies.FixedPolicy"),
        ("StepLr", "policies.StepPolicy"),
        ("ExpLr", "policies.ExpPolicy"),
        ("PolyLr", "policies.PolyPolicy"),
        ("InvLr", "policies.InvPolicy"),
        ("CosineAnnealingLr", "policies.CosineAnnealingPolicy"),
        ("FlatCosineAnnealingLr", "policies.FlatCosineAnnealingPolicy"),
        ("LinearAnnealingLr", "policies.LinearAnnealingPolicy"),
        ("CosineAnnealingCooldownLr", "policies.CosineAnnealingCooldownPolicy", "mmcls"),
        ("CosineRestartLr", "cyclic_policies.CosineRestartPolicy"),
        ("CyclicLr", "cyclic_policies.CyclicPolicy"),
        ("OneCycleLr", "cyclic_policies.OneCyclePolicy"),
        ("YOLOXLr", "yolox_policy.YOLOXPolicy", "mmdet"),
        ("StepMomentum", "momentum_policies.StepMomentumPolicy"),
        ("LinearAnnealingMomentum", "momentum_policies.LinearAnnealingMomentumPolicy"),
        ("CosineAnnealingMomentum", "momentum_policies.CosineAnnealingMomentumPolicy"),
        ("CyclicMomentum", "momentum_policies.CyclicMomentumPolicy"),
        ("OneCycleMomentum", "momentum_policies.OneCycleMomentumPolicy"),
    )
)

ANY: Final = "ParamScheduler"
"""How the names end that change whatever `param_name` says."""
_RECURSIONS = (
    ("Constant", "recursions.ConstantLR"),
    ("Linear", "recursions.LinearLR"),
    ("Step", "recursions.StepLR"),
    ("MultiStep", "recursions.MultiStepLR"),
    ("Exponential", "recursions.ExponentialLR"),
    ("Poly", "recursions.PolyLR"),
    ("CosineAnnealing", "recursions.CosineAnnealingLR"),
    ("CosineRestart", "cyclic_recursions.CosineRestartLR"),
    ("ReduceOnPlateau", "plateau.ReduceOnPlateau"),
    ("QuadraticWarmup", "recursions.QuadraticWarmupLR", "mmdet"),
)
RECURSION_ROWS: Final = (
    *(
        Row(f"{stem}{suffix}", f"{_O}.{target}", extra=extra, scopes=tuple(scopes))
        for stem, target, *scopes in _RECURSIONS
        for suffix, extra in (("LR", {}), ("Momentum", {"param_name": "momentum"}), (ANY, {}))
    ),
    Row("OneCycleLR", f"{_O}.cyclic_recursions.OneCycleLR"),
    Row(f"OneCycle{ANY}", f"{_O}.cyclic_recursions.OneCycleLR"),
    Row(
        "CosineAnnealingWeightDecay",
        f"{_O}.recursions.CosineAnnealingWeightDecay",
        extra={"param_name": "weight_decay"},
        scopes=("mmpretrain",),
    ),
)

POLICY_TABLE = Table("policy", POLICY_ROWS, HOOKS, file=_FILE, scopes=("mmcv",))
SCHEDULE_TABLE = Table(
    "schedule", RECURSION_ROWS, PARAM_SCHEDULERS, file=_FILE, scopes=("mmengine",)
)


def translate_schedules(top: Section) -> list[Any]:
    """Return the schedules of `param_scheduler`, in its order."""
    if top.holds_object("param_scheduler"):
        return [top.take("param_scheduler", to="used as it is, an object")]
    calls = [_translate(section) for section in top.take_list("param_scheduler")]
    return [call for call in calls if call is not None]


def _translate(section: Section) -> Call | None:
    name = _name_of(section.node.get("type"))
    if name.endswith(UPDATER):
        if _is_unknown_policy(section, name):
            return None
        call = POLICY_TABLE.translate(section)
        return call if call is None or _is_ours(call, POLICY_TABLE) else _wrap_hook(call)
    section.ignore("Rates are logged, not printed at each change.", "verbose")
    section.refuse_unless("last_step", -1, reason="Resume a run instead, by load_from and resume.")
    is_built_in = name in SCHEDULE_TABLE.rows
    if is_built_in and not _check_parameter(section, name):
        section.take("type")
        return None
    call = SCHEDULE_TABLE.translate(section)
    return call if call is None or _is_ours(call, SCHEDULE_TABLE) else _wrap_scheduler(call)


def _name_of(kind: Any) -> str:
    """Return the name of a type; that of a class that we offer is the name it has in mm."""
    return str(getattr(kind, "__name__", bare_name(kind)))


def _check_parameter(section: Section, name: str) -> bool:
    """Tell whether the parameter is named where it must be, and nowhere else."""
    named, takes_any = section.node.get("param_name"), name.endswith(ANY)
    if takes_any and named is None:
        problem = f"{name} changes any parameter, and none is named"
        expected = "'lr', 'momentum', 'weight_decay' or another option of the optimizer"
    elif named is not None and not takes_any:
        problem = f"{name} is told which parameter to change, {named!r}"
        expected = f"no param_name, or a type that ends in {ANY}"
    elif name == f"OneCycle{ANY}" and named != "lr":
        problem, expected = f"{name} cannot change {named!r}", "'lr'"
    else:
        return True
    section.refuse("param_name", problem, expected=expected)
    return False


def _is_unknown_policy(section: Section, name: str) -> bool:
    """Record that a policy is unknown, in the word that the user wrote."""
    suffix = next((end for end in KINDS if name.endswith(end)), "")
    words = [_to_word(row, suffix) for row in POLICY_TABLE.rows if row.endswith(suffix)]
    found = HOOKS.in_scope(section.report.scope).find(name, POLICY_TABLE.scopes)
    is_named = section.key_path("type").endswith(".policy")
    if not suffix or not is_named or found is not None:
        return False
    own = [n for place in HOOKS.family for n in place if n.endswith(suffix)]
    known = [*words, *(_to_word(n, suffix) for n in own)]
    word = _to_word(name, suffix)
    section.take("type")
    error = UnsupportedTypeError(
        section.key_path("type"),
        f"unknown policy {word!r}",
        origin=section.origin_of("type"),
        expected=list_names(known),
        nearest=nearest_name(word, known),
        next_step=f"Correct the name, or register {name} as a hook.",
    )
    section.report.errors.append(error)
    return True


def _to_word(name: str, suffix: str) -> str:
    """Return the policy of a hook as configs write it.

    Examples:
        >>> _to_word("StepLrUpdaterHook", "LrUpdaterHook")
        'step'
        >>> _to_word("OneCycleLrUpdaterHook", "LrUpdaterHook")
        'OneCycle'
    """
    stem = name.removesuffix(suffix)
    return stem.lower() if stem == stem.title() else stem


def _is_ours(call: Call, table: Table) -> bool:
    """Tell whether a call makes a schedule of ours, a built-in one or a user's."""
    if any(call.target == row.target for row in table.rows.values()):
        return True
    try:
        bases = getattr(resolve_name(call.target), "__mro__", ())
    except Exception:  # a module of the user may fail in any way; the check of calls tells how
        return True
    paths = [f"{base.__module__}.{base.__qualname__}" for base in bases]
    return f"{_O}.schedule.Schedule" in paths


def _wrap_hook(call: Call) -> Call:
    return replace(call, target=f"{_O}.own_updater.OwnUpdater", kwargs={"hook": call})


def _wrap_scheduler(call: Call) -> Call:
    options = dict(call.kwargs)
    kwargs: dict[str, Any] = {"scheduler": call.target}
    if options.pop("convert_to_iter_based", False):
        kwargs["convert_to_iter_based"] = True
    return replace(
        call, target=f"{_O}.own_scheduler.OwnScheduler", kwargs={**kwargs, "options": options}
    )
