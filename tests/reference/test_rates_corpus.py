"""Rate and momentum at every batch, for every distinct schedule of the published configs.

All epochs are run, of few batches; a warm-up by iteration that would outlast them is shortened.
"""

import json
from typing import Any

from mmlight.read.config import Config
from tests.reference.original import FOLDER, Original
from tests.reference.rates import (
    Case,
    Values,
    check_cases,
    check_equal,
    make_case,
    run_mmcv,
    run_ours,
)

OLD = FOLDER / "mmcls" / "mmcls" / ".mim" / "configs"
NEW = FOLDER / "mmpretrain" / "mmpretrain" / ".mim" / "configs"
OLD_COUNT, NEW_COUNT = 40, 120
"""At least so many distinct schedules there are."""
BATCHES = 600
"""About so many batches a run has."""


def list_distinct(root: Any, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the distinct values of these keys, and the optimizer's rate and momentum."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(root.rglob("*.py")):
        if "_base_" in path.parts:
            continue
        try:
            config = Config.fromfile(path).to_dict()
        except Exception:  # those that need other packages or files that are not published
            continue
        optimizer = (
            config.get("optimizer") or config.get("optim_wrapper", {}).get("optimizer") or {}
        )
        if config.get(keys[0]):
            words = {key: config.get(key) for key in keys}
            words["adam"] = "betas" in optimizer or "Adam" in str(optimizer.get("type"))
            words["lr"] = optimizer.get("lr") or 0.1
            found[json.dumps(words, sort_keys=True, default=str)] = words
    return list(found.values())


def bases_of(words: dict[str, Any]) -> tuple[float, ...]:
    """Return the rate of three groups, as layer decay and multipliers give them."""
    return (words["lr"], words["lr"] * 0.1, words["lr"] * 0.65**5)


def make_old_case(words: dict[str, Any]) -> Case:
    by_epoch = "max_epochs" in words["runner"]
    epochs = words["runner"].get("max_epochs", 100)
    epoch_length = max(BATCHES // epochs, 3)
    rate = dict(words["lr_config"])
    if rate.get("warmup") and not rate.get("warmup_by_epoch"):
        rate["warmup_iters"] = min(rate["warmup_iters"], epochs * epoch_length // 3)
    config = {"lr": rate}
    if words["momentum_config"]:
        config["momentum"] = words["momentum_config"]
    return make_case(
        config,
        by_epoch=by_epoch,
        epochs=epochs,
        epoch_length=epoch_length,
        bases=bases_of(words),
        adam=words["adam"],
    )


def test_rates_equal_when_a_config_of_mmcls_says_them(mmcls: Original) -> None:
    keys = ("lr_config", "momentum_config", "runner")
    cases = [make_old_case(words) for words in list_distinct(OLD, keys)]
    assert len(cases) >= OLD_COUNT - 5
    check_cases(cases, mmcls(run_mmcv, cases))


def run_schedulers(cases: list[dict[str, Any]]) -> list[dict[str, list[list[float]]]]:
    """Step mmengine's schedulers by its hook, without the rest of a runner."""
    import copy
    from types import SimpleNamespace

    import mmpretrain.engine  # noqa: F401 - registers its own schedulers
    import torch
    from mmengine.hooks import ParamSchedulerHook
    from mmengine.registry import PARAM_SCHEDULERS, init_default_scope

    def run(case):
        adam = case["adam"]
        groups = [{"params": [torch.zeros(1)], "lr": lr} for lr in case["bases"]]
        if adam:
            optimizer = torch.optim.Adam(groups, lr=case["bases"][0], betas=(0.9, 0.99))
        else:
            optimizer = torch.optim.SGD(groups, lr=case["bases"][0], momentum=0.9)
        length = {True: case["epochs"], False: case["epochs"] * case["epoch_length"]}
        schedulers = []
        for config in copy.deepcopy(case["config"]):
            config.setdefault("end", length[config.get("by_epoch", True)])
            given = {"optimizer": optimizer, "epoch_length": case["epoch_length"]}
            schedulers.append(PARAM_SCHEDULERS.build(config, default_args=given))
        runner = SimpleNamespace(param_schedulers=schedulers)
        hook = ParamSchedulerHook()
        found = {"lr": [], "momentum": []}
        for _ in range(case["epochs"]):
            for batch in range(case["epoch_length"]):
                now = optimizer.param_groups
                found["lr"].append([group["lr"] for group in now])
                momenta = [g["betas"][0] if adam else g["momentum"] for g in now]
                found["momentum"].append(momenta)
                hook.after_train_iter(runner, batch)
            hook.after_train_epoch(runner)
        return found

    init_default_scope("mmpretrain")
    return [run(case) for case in cases]


def make_new_case(words: dict[str, Any]) -> Case:
    schedules = words["param_scheduler"]
    schedules = schedules if isinstance(schedules, list) else [schedules]
    loop = words["train_cfg"] or {}
    epochs = loop.get("max_epochs") or 10
    epoch_length = max(BATCHES // epochs, 2)
    return make_case(
        [_shorten(config, epochs * epoch_length) for config in schedules],
        epochs=epochs,
        epoch_length=epoch_length,
        bases=bases_of(words),
        adam=words["adam"],
    )


def _shorten(config: dict[str, Any], batches: int) -> dict[str, Any]:
    """Let what counts iterations end with the run or before."""
    if config.get("by_epoch", True):
        return config
    ends = {key: config[key] for key in ("begin", "end", "T_max") if key in config}
    scale = batches / max(*ends.values(), 3 * config.get("begin", 0), batches)
    return {**config, **{key: round(value * scale) for key, value in ends.items()}}


def test_rates_equal_when_a_config_of_mmpretrain_says_them(mmpretrain: Original) -> None:
    cases = [make_new_case(words) for words in list_distinct(NEW, ("param_scheduler", "train_cfg"))]
    assert len(cases) >= NEW_COUNT - 10
    theirs: list[Values] = mmpretrain(run_schedulers, cases)
    for case, values in zip(cases, theirs, strict=True):
        ours = run_ours(case)
        for name, found in values.items():
            check_equal(ours[name], found, (name, case))
