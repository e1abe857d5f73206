"""The rates that mmengine gives after `mmlight upgrade`, against those of the old config.

The old rates come from our policies, which tests/reference/test_rates.py proves equal to mmcv's.
Warm-ups that count iterations are cut with the epochs: 10 batches stand for ImageNet's 1250.
"""

import json

import pytest

from mmlight.optim import cyclic_policies, policies
from mmlight.optim.driver import simulate
from mmlight.read.config import Config
from mmlight.upgrade.modern.modernize import modernize
from tests.reference.original import FOLDER

ROOT = FOLDER / "mmcls" / "mmcls" / ".mim" / "configs"
EPOCH_LENGTH = 10
CUT = 125
RATE = 0.5


def list_schedules():
    """Return each distinct (lr_config, runner) of the corpus as text, warm-ups cut."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        try:
            config = Config.fromfile(path).to_dict()
        except Exception:  # bases alone are no configs
            continue
        if not {"lr_config", "runner"} <= config.keys() or "_base_" in path.parts:
            continue
        lr_config, runner = dict(config["lr_config"]), dict(config["runner"])
        runner = {key: runner[key] for key in ("type", "max_epochs", "max_iters") if key in runner}
        if not lr_config.get("warmup_by_epoch", "warmup" not in lr_config):
            lr_config["warmup_iters"] = max(lr_config["warmup_iters"] // CUT, 10)
        if "max_iters" in runner:
            runner["max_iters"] //= 10
        found[json.dumps((lr_config, runner))] = None
    return list(found)


EPOCHS = {"type": "EpochBasedRunner", "max_epochs": 20}
ITERATIONS = {"type": "IterBasedRunner", "max_iters": 200}
LINEAR = {"warmup": "linear", "warmup_iters": 40, "warmup_ratio": 0.1}
OF_TUTORIALS = [
    json.dumps((lr_config, runner))
    for lr_config, runner in [
        ({"policy": "fixed"}, EPOCHS),
        ({"policy": "fixed", **LINEAR}, EPOCHS),
        ({"policy": "step", "step": [8, 11], "warmup": "exp", "warmup_iters": 40}, EPOCHS),
        ({"policy": "step", "step": 50, "by_epoch": False}, ITERATIONS),
        ({"policy": "exp", "gamma": 0.9}, EPOCHS),
        ({"policy": "poly", "power": 0.9, "min_lr": 1e-4, "by_epoch": False}, EPOCHS),
        ({"policy": "poly", "power": 2, "min_lr": 1e-4, **LINEAR}, ITERATIONS),
        ({"policy": "CosineAnnealing", "min_lr_ratio": 1e-5, **LINEAR}, EPOCHS),
        ({"policy": "CosineAnnealing", "min_lr": 1e-3, **LINEAR}, ITERATIONS),
        ({"policy": "LinearAnnealing", "min_lr_ratio": 0.1}, EPOCHS),
        ({"policy": "FlatCosineAnnealing", "start_percent": 0.4, "min_lr": 1e-3}, EPOCHS),
        (
            {
                "policy": "CosineRestart",
                "periods": [5, 15],
                "restart_weights": [1, 0.5],
                "min_lr": 1e-3,
            },
            EPOCHS,
        ),
        ({"policy": "cyclic", "target_ratio": [10, 1e-4], "step_ratio_up": 0.4}, EPOCHS),
        ({"policy": "cyclic", "step_ratio_up": 0.4}, ITERATIONS),
        ({"policy": "OneCycle", "max_lr": 1.0}, EPOCHS),
    ]
]
CASES = [*(list_schedules() if ROOT.is_dir() else ()), *OF_TUTORIALS]


def run_mmengine(param_scheduler, epochs, epoch_length, rate):
    """Step the schedulers as Runner and ParamSchedulerHook do; return the rate of each batch.

    Args:
        param_scheduler: The configs.
        epochs: Epochs of the run, None for one that counts iterations.
        epoch_length: Batches per epoch, or of the whole run.
        rate: The initial rate.
    """
    import copy

    import torch
    from mmengine import optim  # registers the schedulers
    from mmengine.registry import PARAM_SCHEDULERS

    assert optim.CosineAnnealingLR
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    configs = [param_scheduler] if isinstance(param_scheduler, dict) else param_scheduler
    schedulers = []
    for config in copy.deepcopy(configs):
        length = (epochs or 1) * epoch_length
        config.setdefault("end", (epochs or 1) if config.get("by_epoch", True) else length)
        defaults = {"optimizer": optimizer, "epoch_length": epoch_length}
        schedulers.append(PARAM_SCHEDULERS.build(config, default_args=defaults))
    rates = []
    for _ in range(epochs or 1):
        for _ in range(epoch_length):
            rates.append(optimizer.param_groups[0]["lr"])
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
    return rates


def run_ours(lr_config, runner):
    """Return the rate of each batch as mmcv gives it."""
    words = dict(lr_config)
    name = words.pop("policy")
    stem = (name.title() if name == name.lower() else name) + "Policy"
    policy = getattr(policies, stem, None) or getattr(cyclic_policies, stem)
    if "max_epochs" in runner:
        return simulate([policy(**words)], RATE, runner["max_epochs"], EPOCH_LENGTH)
    words.setdefault("by_epoch", False)
    return simulate([policy(**words)], RATE, 1, runner["max_iters"], by_epoch=False)


def upgrade(lr_config, runner):
    """Return the schedulers and the notes."""
    optimizer = {"type": "SGD", "lr": RATE}
    config = Config({"optimizer": optimizer, "lr_config": lr_config, "runner": runner})
    config = modernize(config)
    return config.to_dict().get("param_scheduler", []), [note.text for note in config.notes]


def shorten_warmup(lr_config):
    """Let the warm-up end one iteration earlier, as the notes say."""
    if lr_config.get("warmup") not in ("linear", "constant"):
        return lr_config
    length = lr_config["warmup_iters"]
    if lr_config.get("warmup_by_epoch"):
        length *= EPOCH_LENGTH
    return {**lr_config, "warmup_iters": length - 1, "warmup_by_epoch": False}


def measure(mmpretrain, lr_config, runner):
    """Return the largest difference of rates as a part of the initial one."""
    schedulers, _ = upgrade(lr_config, runner)
    epochs = runner.get("max_epochs")
    length = EPOCH_LENGTH if epochs else runner["max_iters"]
    theirs = mmpretrain(run_mmengine, schedulers, epochs, length, RATE)
    ours = run_ours(shorten_warmup(lr_config), runner)
    assert len(ours) == len(theirs)
    return max(abs(old - new) for old, new in zip(ours, theirs, strict=True)) / RATE


def allow(lr_config):
    """Return by how much the rate may differ beside the length of the warm-up."""
    policy, floor = lr_config["policy"], lr_config.get("min_lr") or lr_config.get("min_lr_ratio")
    if policy == "poly" and not lr_config.get("by_epoch", True):
        return 0.009  # one of 200 iterations, as told
    if policy == "cyclic":
        return 0.004  # of a peak of 10
    if policy == "CosineRestart":
        return 0.0011  # the lower bound, weighed by a half
    return 0.0012 if floor and "warmup" in lr_config else 1e-9


@pytest.mark.parametrize("case", CASES)
def test_rates_are_kept_when_upgraded(mmpretrain, case):
    lr_config, runner = json.loads(case)
    assert measure(mmpretrain, lr_config, runner) <= allow(lr_config)


@pytest.mark.parametrize(
    ("lr_config", "told"),
    [
        ({"policy": "fixed", **LINEAR}, ["is over one iteration earlier"]),
        ({"policy": "poly", "by_epoch": False}, ["at its end one iteration earlier"]),
        ({"policy": "CosineAnnealing", "min_lr": 0.1, **LINEAR}, ["earlier", "about 0.1%"]),
        (
            {
                "policy": "CosineRestart",
                "periods": [5, 15],
                "restart_weights": [1, 0.5],
                "min_lr": 0.1,
            },
            ["weighs the value of a restart"],
        ),
        ({"policy": "step", "step": 3, "min_lr": 0.01}, ["lower bound 0.01 has no counterpart"]),
        ({"policy": "cyclic"}, ["groups that start elsewhere"]),
        ({"policy": "CosineAnnealing", "min_lr": 0}, []),
    ],
)
def test_difference_is_told_when_there_is_one(lr_config, told):
    _, notes = upgrade(lr_config, EPOCHS)
    assert len(notes) == len(told)
    assert all(words in note for words, note in zip(told, notes, strict=True))


@pytest.mark.parametrize(
    "lr_config",
    [
        {"policy": "inv", "gamma": 0.1},
        {"policy": "cyclic", "cyclic_times": 2},
        {"policy": "cyclic", "step_ratio_up": 0.33},
        {"policy": "cyclic", **LINEAR},
        {"policy": "OneCycle", "max_lr": 1.0, **LINEAR},
        {"policy": "CosineAnnealing", "min_lr": 0, "warmup": "exp", "warmup_by_epoch": True},
    ],
)
def test_policy_stays_when_mmengine_has_no_such(lr_config):
    lr_config = {"warmup_iters": 2, **lr_config}
    schedule, notes = upgrade(lr_config, EPOCHS)
    assert schedule["type"].endswith("LrUpdaterHook")
    assert notes == ["mmengine has no scheduler that does this; put another in its place."]
