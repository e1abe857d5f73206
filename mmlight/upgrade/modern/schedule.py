"""Turns the policies of mmcv into the schedulers of mmengine, as mmpretrain writes them.

A policy multiplies a curve by its warm-up, and so do two schedulers that both begin at the start.
The configs of mmpretrain rather let the curve begin when the warm-up ends, by which the rate of
some of their trainings became a quarter of its initial value higher.
"""

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.modern.curves import ABSOLUTE, CURVES
from mmlight.upgrade.modern.policy import Policy, Run, Warmup
from mmlight.upgrade.move import pop

NO_COUNTERPART = "mmengine has no scheduler that does this; put another in its place."
FLOOR = (
    "The warm-up and a curve that ends above 0 act on each other: the rate differs by about 0.1% "
    "of the initial one."
)
NEVER_MOVES = "A policy by epoch never changes the rate of a run by iteration; it is left out."


def modernize_schedules(values: ConfigDict, notes: list[Note]) -> None:
    """Write `param_scheduler` in the words of mmengine.

    From: mmcv 1.7 `LrUpdaterHook`, `MomentumUpdaterHook` and mmengine 0.10 `_ParamScheduler`.
    """
    if "param_scheduler" not in values:
        return
    policies, origin = pop(values, "param_scheduler")
    made = ConfigList()
    for words in policies:
        made += _modernize(words.copy(), _describe_run(values, words), notes)
    if len(made) == 1:
        values.put("param_scheduler", made[0], origin)
    elif made:
        values.put("param_scheduler", made, origin)


def _describe_run(values: ConfigDict, words: ConfigDict) -> Run:
    loop = values.get("train_cfg") or {}
    by_epoch = loop.get("type") != "IterBasedTrainLoop"
    optimizer = (values.get("optim_wrapper") or {}).get("optimizer") or {}
    if "Momentum" in str(words.get("type")):
        base = optimizer.get("momentum", (optimizer.get("betas") or (None,))[0])
    else:
        base = optimizer.get("lr")
    return Run(by_epoch, loop.get("max_epochs" if by_epoch else "max_iters"), base)


def _modernize(words: ConfigDict, run: Run, notes: list[Note]) -> list[ConfigDict]:
    original = words.copy()
    name = str(words.pop("type", ""))
    kind = "Momentum" if name.endswith("MomentumUpdaterHook") else "LR"
    stem = name.removesuffix("UpdaterHook").removesuffix("Momentum").removesuffix("Lr")
    path = "momentum_config" if kind == "Momentum" else "lr_config"
    policy = Policy(words, kind, run, path, notes, original.origin_of("type"))
    convert = CURVES.get(stem)
    by_epoch = words.get("by_epoch", stem not in ("Cyclic", "OneCycle"))
    if by_epoch and not run.by_epoch:
        policy.note(NEVER_MOVES)
        return []
    warmup = Warmup.take(policy)
    counted = len(notes)
    before = warmup.write(policy)
    made = convert(policy) if convert is not None else None
    lone = kind == "Momentum" or stem in ABSOLUTE
    if before is None or made is None or words or (before and lone):
        del notes[counted:]
        policy.note(NO_COUNTERPART)
        return [original]
    if before and any(
        scheduler.get("eta_min", scheduler.get("eta_min_ratio")) for scheduler in made
    ):
        policy.note(FLOOR)
    return [*before, *made]
