"""Runs schedules of the originals and ours over the same parameter groups, and compares.

A case is a dict: `config` (mmcv: `{"lr": ..., "momentum": ..., "hooks": ...}`; mmengine: the list
of `param_scheduler`), `epochs`, `epoch_length`, `by_epoch`, `bases` (the rate of each group),
`adam`, `accumulate` (batches per step).
"""

from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.build import instantiate
from mmlight.errors import raise_all
from mmlight.optim.driver import ScheduleDriver, walk
from mmlight.optim.schedule import RunLength, Schedule
from mmlight.read.config import Config
from mmlight.read.key_path import note_paths
from mmlight.translate.schedules import translate_schedules
from mmlight.translate.section import Report, Section
from mmlight.upgrade.upgrade import upgrade_config

Case = dict[str, Any]
Values = dict[str, list[list[float]]]  # option -> [batch][group]
BASES = (0.4, 0.04, 1e-3)
EPOCHS, EPOCH_LENGTH = 12, 5
STEPS = EPOCHS * EPOCH_LENGTH
TOLERANCE = 1e-12
DEFAULTS: Case = {
    "epochs": EPOCHS,
    "epoch_length": EPOCH_LENGTH,
    "by_epoch": True,
    "bases": BASES,
    "adam": False,
    "accumulate": 1,
}


def make_case(config: Any, **changes: Any) -> Case:
    return {**DEFAULTS, "config": config, **changes}


def run_mmcv(  # noqa: C901, PLR0915 - one text, for it travels
    cases: list[dict[str, Any]],
) -> list[dict[str, list[list[float]]]]:
    """Run mmcv's runner over an empty model; return what each batch uses and a logger sees."""
    import contextlib
    import copy
    import functools
    import logging
    import tempfile
    from unittest import mock

    import mmcls.core  # noqa: F401 - registers its own policy
    import torch
    from mmcv.runner import EpochBasedRunner, Hook, IterBasedRunner

    class Probe(Hook):
        def __init__(self, adam, found):
            self.adam = adam
            self.found = found

        def before_train_iter(self, runner):
            groups = runner.optimizer.param_groups
            self.found["lr"].append([group["lr"] for group in groups])
            momenta = [g["betas"][0] if self.adam else g["momentum"] for g in groups]
            self.found["momentum"].append(momenta)

        def after_train_iter(self, runner):
            self.found["logged"].append([group["lr"] for group in runner.optimizer.param_groups])

    class Model(torch.nn.Module):
        def __init__(self, count):
            super().__init__()
            self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in range(count))

        def train_step(self, data, optimizer, **kwargs):
            loss = sum(weight.sum() for weight in self.weights)
            return {"loss": loss, "log_vars": {}, "num_samples": 1}

    class Stop(Hook):
        def __init__(self, epochs, place):
            self.epochs = epochs
            self.place = place

        def after_train_epoch(self, runner):
            if runner.epoch + 1 == self.epochs:
                runner.save_checkpoint(self.place, "last.pth", create_symlink=False)
                raise KeyboardInterrupt

    def run(case):
        found = {"lr": [], "momentum": [], "logged": []}
        if case.get("resume_at"):
            runner = build(case, found)
            runner.register_hook(Stop(case["resume_at"], place), "LOWEST")
            with contextlib.suppress(KeyboardInterrupt):
                start(runner, case)
        runner = build(case, found)
        if case.get("resume_at"):
            runner.resume(f"{place}/last.pth")
        start(runner, case)
        return found

    def start(runner, case):
        runner.run([torch.utils.data.DataLoader(range(case["epoch_length"]))], [("train", 1)])

    def build(case, found):
        bases, adam = case["bases"], case["adam"]
        model = Model(len(bases))
        groups = [{"params": [w], "lr": lr} for w, lr in zip(model.weights, bases, strict=True)]
        if adam:
            optimizer = torch.optim.Adam(groups, lr=bases[0], betas=(0.9, 0.99))
        else:
            optimizer = torch.optim.SGD(groups, lr=bases[0], momentum=0.9)
        cls, length = EpochBasedRunner, {"max_epochs": case["epochs"]}
        if not case["by_epoch"]:
            cls, length = IterBasedRunner, {"max_iters": case["epochs"] * case["epoch_length"]}
        runner = cls(model, optimizer=optimizer, work_dir=place, logger=logger, **length)
        stepping = None
        if case["accumulate"] > 1:
            stepping = {
                "type": "GradientCumulativeOptimizerHook",
                "cumulative_iters": case["accumulate"],
            }
        config = copy.deepcopy(case["config"])
        runner.register_training_hooks(
            config.get("lr"),
            optimizer_config=stepping,
            momentum_config=config.get("momentum"),
            custom_hooks_config=config.get("hooks"),
        )
        runner.register_hook(Probe(adam, found), "VERY_LOW")
        return runner

    place = tempfile.mkdtemp()
    logger = logging.getLogger("rates")
    logger.setLevel(logging.CRITICAL)
    load = functools.partial(torch.load, weights_only=False)  # of what it has written itself
    # it sleeps for two seconds between two passes of a loader
    with mock.patch("time.sleep"), mock.patch("torch.load", load):
        return [run(case) for case in cases]


def run_mmengine(  # noqa: C901, PLR0915 - one text, for it travels
    cases: list[dict[str, Any]],
) -> list[dict[str, list[list[float]]]]:
    """Run mmengine's runner over an empty model; return what each batch uses and a logger sees."""
    import contextlib
    import copy
    import functools
    import logging
    import tempfile
    import uuid
    from unittest import mock

    import mmpretrain.engine  # noqa: F401 - registers its own schedulers
    import torch
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.optim import OptimWrapper
    from mmengine.runner import Runner

    class Probe(Hook):
        priority = "BELOW_NORMAL"  # the logger's

        def __init__(self, adam):
            self.adam = adam
            self.found = {"lr": [], "momentum": [], "weight_decay": [], "logged": []}

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            groups = runner.optim_wrapper.optimizer.param_groups
            momenta = [g["betas"][0] if self.adam else g["momentum"] for g in groups]
            self.found["momentum"].append(momenta)
            for name in ("lr", "weight_decay"):
                self.found[name].append([group[name] for group in groups])

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            groups = runner.optim_wrapper.optimizer.param_groups
            self.found["logged"].append([group["lr"] for group in groups])

    class Model(BaseModel):
        def __init__(self, count):
            super().__init__()
            self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in range(count))

        def forward(self, *args, **kwargs):
            raise NotImplementedError

        def train_step(self, data, optim_wrapper):
            optim_wrapper.update_params(sum(w.sum() for w in self.weights))
            return {"loss": torch.zeros(1)}

    class Stop(Hook):
        priority = "LOWEST"

        def __init__(self, epochs, place):
            self.epochs = epochs
            self.place = place

        def after_train_epoch(self, runner):
            if runner.epoch + 1 == self.epochs:
                # as its CheckpointHook does, so that the resumed run counts this epoch as done
                runner.save_checkpoint(self.place, "last.pth", by_epoch=True)
                raise KeyboardInterrupt

    def run(case):
        probe = Probe(case["adam"])
        if case.get("resume_at"):
            stop = Stop(case["resume_at"], place)
            with contextlib.suppress(KeyboardInterrupt):
                build(case, [probe, stop]).train()
            build(case, [probe], load_from=f"{place}/last.pth", resume=True).train()
        else:
            build(case, [probe]).train()
        return probe.found

    def build(case, hooks, **words):
        bases = case["bases"]
        model = Model(len(bases))
        groups = [{"params": [w], "lr": lr} for w, lr in zip(model.weights, bases, strict=True)]
        groups[-1]["weight_decay"] = 0.0
        options = {"lr": bases[0], "weight_decay": 0.05}
        if case["adam"]:
            optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99), **options)
        else:
            optimizer = torch.optim.SGD(groups, momentum=0.9, **options)
        train_cfg = {"by_epoch": True, "max_epochs": case["epochs"]}
        if not case["by_epoch"]:
            train_cfg = {"by_epoch": False, "max_iters": case["epochs"] * case["epoch_length"]}
        return Runner(
            model=model,
            work_dir=place,
            train_dataloader=torch.utils.data.DataLoader(range(case["epoch_length"])),
            train_cfg=train_cfg,
            optim_wrapper=OptimWrapper(optimizer, accumulative_counts=case["accumulate"]),
            param_scheduler=copy.deepcopy(case["config"]),
            default_hooks=dict.fromkeys(("logger", "checkpoint", "timer", "sampler_seed")),
            custom_hooks=hooks,
            default_scope="mmpretrain",
            experiment_name=uuid.uuid4().hex,
            log_level=logging.CRITICAL,
            **words,
        )

    place = tempfile.mkdtemp()
    load = functools.partial(torch.load, weights_only=False)  # of what it has written itself
    # it sleeps for two seconds between two passes of a loader
    with mock.patch("time.sleep"), mock.patch("torch.load", load):
        return [run(case) for case in cases]


def build_schedules(words: dict[str, Any]) -> list[Schedule]:
    """Return the schedules of a config in the words of either generation."""
    config = upgrade_config(Config(words))
    report = Report(scope=config.values.get("default_scope", "mmpretrain"))
    calls = translate_schedules(Section(note_paths(config.values), "", report))
    raise_all(report.errors)
    return [instantiate(call) for call in calls]


def to_words(case: Case) -> dict[str, Any]:
    """Return a case of mmcv as a config in its words."""
    runner = {"type": "EpochBasedRunner", "max_epochs": case["epochs"]}
    if not case["by_epoch"]:
        runner = {
            "type": "IterBasedRunner",
            "max_iters": case["epochs"] * case["epoch_length"],
        }
    names = {"lr": "lr_config", "momentum": "momentum_config", "hooks": "custom_hooks"}
    entries = {names[kind]: config for kind, config in case["config"].items()}
    return {"optimizer": {"type": "SGD", "lr": case["bases"][0]}, "runner": runner, **entries}


def run_ours(case: Case, schedules: list[Schedule] | None = None) -> Values:
    """Return what each batch uses, as `run_mmcv` and `run_mmengine` do."""
    if schedules is None:
        config = case["config"]
        words = to_words(case) if isinstance(config, dict) else {"param_scheduler": config}
        schedules = build_schedules(words)
    options: dict[str, Any] = {"betas": (0.9, 0.99)} if case["adam"] else {"momentum": 0.9}
    groups = [{"lr": lr, "weight_decay": 0.05, **options} for lr in case["bases"]]
    groups[-1]["weight_decay"] = 0.0
    epochs, epoch_length = case["epochs"], case["epoch_length"]
    run = RunLength.of_epochs(epochs, epoch_length)
    if not case["by_epoch"]:
        run = RunLength.of_iterations(epochs * epoch_length, epoch_length)
    driver = ScheduleDriver(SimpleNamespace(param_groups=groups), schedules, run)
    driver.start()
    values: Values = {"lr": [], "momentum": [], "weight_decay": []}
    for _ in walk(driver, epochs, epoch_length):
        for name in ("lr", "weight_decay"):
            values[name].append([group[name] for group in groups])
        momenta = [group["betas"][0] if case["adam"] else group["momentum"] for group in groups]
        values["momentum"].append(momenta)
    values["logged"] = values["lr"]
    return values


def check_equal(ours: list[list[float]], theirs: list[list[float]], what: object = "") -> None:
    """Compare each value of each group with each other to 1e-12 relative."""
    assert len(ours) == len(theirs) > 0
    for batch, (our_groups, their_groups) in enumerate(zip(ours, theirs, strict=True)):
        for mine, other in zip(our_groups, their_groups, strict=True):
            if mine != other:
                assert mine == pytest.approx(other, rel=TOLERANCE, abs=0), (what, batch)


def check_cases(cases: list[Case], theirs: list[Values]) -> None:
    for case, values in zip(cases, theirs, strict=True):
        ours = run_ours(case)
        for name, found in values.items():
            check_equal(ours[name], found, (name, case))
