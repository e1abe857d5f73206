"""The rate at every batch equals the one that mmcv's hooks or mmengine's schedulers set."""

from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.optim import (
    cyclic_policies,
    cyclic_recursions,
    momentum_policies,
    policies,
    recursions,
)
from mmlight.optim.driver import ScheduleDriver, walk
from mmlight.optim.schedule import RunLength, Schedule
from tests.reference.original import Original

BASES = (0.4, 0.04, 1e-3)
EPOCHS, EPOCH_LENGTH = 12, 5
STEPS = EPOCHS * EPOCH_LENGTH
TOLERANCE = 1e-12

Values = list[list[float]]  # [batch][group]

POLICIES: dict[str, type[Schedule]] = {
    "Fixed": policies.FixedPolicy,
    "Step": policies.StepPolicy,
    "Exp": policies.ExpPolicy,
    "Poly": policies.PolyPolicy,
    "Inv": policies.InvPolicy,
    "CosineAnnealing": policies.CosineAnnealingPolicy,
    "LinearAnnealing": policies.LinearAnnealingPolicy,
    "FlatCosineAnnealing": policies.FlatCosineAnnealingPolicy,
    "CosineAnnealingCooldown": policies.CosineAnnealingCooldownPolicy,
    "CosineRestart": cyclic_policies.CosineRestartPolicy,
    "Cyclic": cyclic_policies.CyclicPolicy,
    "OneCycle": cyclic_policies.OneCyclePolicy,
}
MOMENTUM_POLICIES: dict[str, type[Schedule]] = {
    "Step": momentum_policies.StepMomentumPolicy,
    "CosineAnnealing": momentum_policies.CosineAnnealingMomentumPolicy,
    "LinearAnnealing": momentum_policies.LinearAnnealingMomentumPolicy,
    "Cyclic": momentum_policies.CyclicMomentumPolicy,
    "OneCycle": momentum_policies.OneCycleMomentumPolicy,
}


def run_mmcv(
    bases: tuple[float, ...],
    configs: dict[str, dict[str, object]],
    epochs: int,
    epoch_length: int,
    by_epoch: bool,
    adam: bool,
) -> dict[str, list[list[float]]]:
    """Run mmcv's runner over an empty model; return what each batch uses and a logger sees."""
    import logging
    import tempfile
    from unittest import mock

    import mmcls.core  # noqa: F401 - registers its own policy
    import torch
    from mmcv.runner import EpochBasedRunner, Hook, IterBasedRunner

    class Probe(Hook):
        def __init__(self):
            self.before = []
            self.after = []
            self.momentum = []

        def before_train_iter(self, runner):
            groups = runner.optimizer.param_groups
            self.before.append([group["lr"] for group in groups])
            self.momentum.append([g["betas"][0] if adam else g["momentum"] for g in groups])

        def after_train_iter(self, runner):
            self.after.append([group["lr"] for group in runner.optimizer.param_groups])

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in bases)

        def train_step(self, data, optimizer, **kwargs):
            return {"loss": torch.zeros(1), "log_vars": {}, "num_samples": 1}

    model = Model()
    groups = [{"params": [w], "lr": lr} for w, lr in zip(model.weights, bases, strict=True)]
    if adam:
        optimizer = torch.optim.Adam(groups, lr=bases[0], betas=(0.9, 0.99))
    else:
        optimizer = torch.optim.SGD(groups, lr=bases[0], momentum=0.9)
    logger = logging.getLogger("rates")
    logger.setLevel(logging.ERROR)
    cls, length = EpochBasedRunner, {"max_epochs": epochs}
    if not by_epoch:
        cls, length = IterBasedRunner, {"max_iters": epochs * epoch_length}
    runner = cls(model, optimizer=optimizer, work_dir=tempfile.mkdtemp(), logger=logger, **length)
    runner.register_training_hooks(configs.get("lr"), momentum_config=configs.get("momentum"))
    probe = Probe()
    runner.register_hook(probe, "VERY_LOW")
    loader = torch.utils.data.DataLoader(range(epoch_length))
    with mock.patch("time.sleep"):  # it sleeps for two seconds between two passes of a loader
        runner.run([loader], [("train", 1)])
    return {"before": probe.before, "after": probe.after, "momentum": probe.momentum}


def run_mmengine(
    bases: tuple[float, ...],
    configs: list[dict[str, object]],
    epochs: int,
    epoch_length: int,
    by_epoch: bool,
    adam: bool,
) -> dict[str, list[list[float]]]:
    """Run mmengine's runner over an empty model; return what each batch uses and a logger sees."""
    import logging
    import tempfile
    import uuid
    from unittest import mock

    import torch
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.optim import OptimWrapper
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner

    before, after, momentum = [], [], []

    class Probe(Hook):
        priority = "BELOW_NORMAL"  # the logger's

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            groups = runner.optim_wrapper.optimizer.param_groups
            before.append([group["lr"] for group in groups])
            momentum.append([g["betas"][0] if adam else g["momentum"] for g in groups])

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            after.append([g["lr"] for g in runner.optim_wrapper.optimizer.param_groups])

    class Model(BaseModel):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.ParameterList(torch.zeros(1) for _ in bases)

        def forward(self, *args, **kwargs):
            raise NotImplementedError

        def train_step(self, data, optim_wrapper):
            optim_wrapper.update_params(sum(w.sum() for w in self.weights))
            return {"loss": torch.zeros(1)}

    model = Model()
    groups = [{"params": [w], "lr": lr} for w, lr in zip(model.weights, bases, strict=True)]
    if adam:
        optimizer = torch.optim.Adam(groups, lr=bases[0], betas=(0.9, 0.99))
    else:
        optimizer = torch.optim.SGD(groups, lr=bases[0], momentum=0.9)
    train_cfg = {"by_epoch": True, "max_epochs": epochs}
    if not by_epoch:
        train_cfg = {"by_epoch": False, "max_iters": epochs * epoch_length}
    silent = dict.fromkeys(("logger", "checkpoint", "timer", "sampler_seed"))
    scopes = DefaultScope._instance_dict.copy()
    runner = Runner(
        model=model,
        work_dir=tempfile.mkdtemp(),
        train_dataloader=torch.utils.data.DataLoader(range(epoch_length)),
        train_cfg=train_cfg,
        optim_wrapper=OptimWrapper(optimizer),
        param_scheduler=configs,
        default_hooks=silent,
        custom_hooks=[Probe()],
        experiment_name=uuid.uuid4().hex,
        log_level=logging.ERROR,
    )
    with mock.patch("time.sleep"):  # it sleeps for two seconds between two passes of a loader
        runner.train()
    DefaultScope._instance_dict = scopes  # a runner leaves its scope to whoever comes next
    return {"before": before, "after": after, "momentum": momentum}


def run_ours(
    schedules: list[Schedule], *, by_epoch: bool = True, adam: bool = False
) -> dict[str, Values]:
    options: dict[str, Any] = {"betas": (0.9, 0.99)} if adam else {"momentum": 0.9}
    groups = [{"lr": lr, **options} for lr in BASES]
    run = RunLength.of_epochs(EPOCHS, EPOCH_LENGTH)
    if not by_epoch:
        run = RunLength.of_iterations(STEPS, EPOCH_LENGTH)
    driver = ScheduleDriver(SimpleNamespace(param_groups=groups), schedules, run)
    driver.start()
    values: dict[str, Values] = {"lr": [], "momentum": []}
    for _ in walk(driver, EPOCHS, EPOCH_LENGTH):
        values["lr"].append([group["lr"] for group in groups])
        momenta = [group["betas"][0] if adam else group["momentum"] for group in groups]
        values["momentum"].append(momenta)
    return values


def check_equal(ours: Values, theirs: Values) -> None:
    assert len(ours) == len(theirs) == STEPS
    for our_groups, their_groups in zip(ours, theirs, strict=True):
        assert our_groups == pytest.approx(their_groups, rel=TOLERANCE, abs=0)


LINEAR = {"warmup": "linear", "warmup_iters": 13, "warmup_ratio": 0.25}
EPOCHWISE = {"warmup": "linear", "warmup_iters": 3, "warmup_ratio": 1e-3, "warmup_by_epoch": True}


def _list_mmcv_cases() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("Fixed", {}),
        ("Fixed", {"warmup": "constant", "warmup_iters": 7}),
        ("Step", {"step": [3, 6, 9]}),
        ("Step", {"step": [3, 6, 9], **LINEAR}),
        ("Step", {"step": [1, 2, 9], **LINEAR}),
        ("Step", {"step": 2, "gamma": 0.973}),
        ("Step", {"step": 2, "gamma": 0.5, "min_lr": 1e-2, **EPOCHWISE}),
        ("Step", {"step": [7, 21], "by_epoch": False, **LINEAR}),
        ("Exp", {"gamma": 0.9, "warmup": "exp", "warmup_iters": 11, "warmup_ratio": 0.01}),
        ("Exp", {"gamma": 0.99, "by_epoch": False}),
        ("Poly", {"power": 0.9, "min_lr": 1e-4, "by_epoch": False}),
        ("Poly", {"min_lr": 0, "by_epoch": False, "warmup": "constant", "warmup_iters": 20}),
        ("Poly", {"power": 2.0}),
        ("Inv", {"gamma": 0.1, "power": 0.75, "by_epoch": False}),
        ("Inv", {"gamma": 0.3}),
        ("CosineAnnealing", {"min_lr": 0}),
        ("CosineAnnealing", {"min_lr": 1e-5, **LINEAR}),
        ("CosineAnnealing", {"min_lr": 0, **EPOCHWISE}),
        ("CosineAnnealing", {"min_lr_ratio": 1e-2, "by_epoch": False, **EPOCHWISE}),
        ("CosineAnnealing", {"min_lr_ratio": 1e-2, **EPOCHWISE}),
        ("CosineAnnealing", {"min_lr": 1e-6, "by_epoch": False, **LINEAR}),
        ("CosineAnnealing", {"min_lr": 0, "warmup": "exp", "warmup_iters": 13}),
        ("LinearAnnealing", {"min_lr_ratio": 0.1, **LINEAR}),
        ("FlatCosineAnnealing", {"min_lr": 1e-4, "start_percent": 0.4}),
        ("FlatCosineAnnealing", {"min_lr_ratio": 0.0, "by_epoch": False}),
        ("CosineAnnealingCooldown", {"min_lr": 1e-5, "cool_down_time": 4, **EPOCHWISE}),
        ("CosineAnnealingCooldown", {"min_lr_ratio": 0.1, "cool_down_time": 9, "by_epoch": False}),
        ("CosineRestart", {"periods": [3, 4, 5], "restart_weights": [1, 0.5, 2], "min_lr": 1e-5}),
        ("Cyclic", {}),
        ("Cyclic", {"cyclic_times": 7, "gamma": 0.7, "target_ratio": (6.0,), **LINEAR}),
        ("Cyclic", {"cyclic_times": 3, "gamma": 0.7, "step_ratio_up": 0.0}),
        ("Cyclic", {"anneal_strategy": "linear", "target_ratio": 5.0}),
        ("OneCycle", {"max_lr": 1.0}),
        ("OneCycle", {"max_lr": 1.0, "three_phase": True, "anneal_strategy": "linear"}),
        ("OneCycle", {"max_lr": 1.0, "total_steps": 100, "pct_start": 0.4, "div_factor": 10.0}),
    ]


@pytest.mark.parametrize(("name", "options"), _list_mmcv_cases())
def test_rates_equal_when_mmcv_runs_by_epoch(
    mmcls: Original, name: str, options: dict[str, Any]
) -> None:
    config = {"lr": {"policy": name, **options}}
    theirs = mmcls(run_mmcv, BASES, config, EPOCHS, EPOCH_LENGTH, True, False)
    ours = run_ours([POLICIES[name](**options)])["lr"]
    check_equal(ours, theirs["before"])
    check_equal(ours, theirs["after"])


ITERATION_CASES = [case for case in _list_mmcv_cases() if not case[1].get("warmup_by_epoch")]


@pytest.mark.parametrize(("name", "options"), ITERATION_CASES)
def test_rates_equal_when_mmcv_runs_by_iteration(
    mmcls: Original, name: str, options: dict[str, Any]
) -> None:
    options = {"by_epoch": False, **options}
    if "periods" in options:
        options["periods"] = [20, 20, 20]
    config = {"lr": {"policy": name, **options}}
    theirs = mmcls(run_mmcv, BASES, config, EPOCHS, EPOCH_LENGTH, False, False)
    check_equal(run_ours([POLICIES[name](**options)], by_epoch=False)["lr"], theirs["before"])


def test_rates_stay_when_mmcv_runs_a_policy_by_epoch_by_iteration(mmcls: Original) -> None:
    options = {"by_epoch": True, "step": [2], **LINEAR}
    config = {"lr": {"policy": "step", **options}}
    theirs = mmcls(run_mmcv, BASES, config, EPOCHS, EPOCH_LENGTH, False, False)
    assert theirs["before"] == [list(BASES)] * STEPS
    check_equal(run_ours([POLICIES["Step"](**options)], by_epoch=False)["lr"], theirs["before"])


MOMENTUM_WARMUP = {"warmup": "linear", "warmup_iters": 13}


@pytest.mark.parametrize("adam", [False, True])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Step", {"step": [3, 6], **MOMENTUM_WARMUP}),
        ("Step", {"step": 2, "gamma": 0.9, "min_momentum": 0.5, "by_epoch": False}),
        ("CosineAnnealing", {"min_momentum": 0.5, **MOMENTUM_WARMUP}),
        ("CosineAnnealing", {"min_momentum_ratio": 0.5, "by_epoch": False}),
        ("LinearAnnealing", {"min_momentum": 0.8, "warmup": "exp", "warmup_iters": 9}),
        ("Cyclic", {}),
        ("Cyclic", {"cyclic_times": 3, "gamma": 0.7, "warmup": "constant", "warmup_iters": 9}),
        ("OneCycle", {}),
        ("OneCycle", {"three_phase": True, "anneal_strategy": "linear"}),
    ],
)
def test_momenta_equal_when_mmcv_schedules_them_beside_the_rate(
    mmcls: Original, name: str, options: dict[str, Any], adam: bool
) -> None:
    config = {"lr": {"policy": "Cyclic"}, "momentum": {"policy": name, **options}}
    theirs = mmcls(run_mmcv, BASES, config, EPOCHS, EPOCH_LENGTH, True, adam)
    schedules = [POLICIES["Cyclic"](), MOMENTUM_POLICIES[name](**options)]
    ours = run_ours(schedules, adam=adam)
    check_equal(ours["momentum"], theirs["momentum"])
    check_equal(ours["lr"], theirs["before"])


def _list_mmengine_cases() -> list[list[dict[str, Any]]]:
    warmup = {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 13}
    converted = {
        "type": "LinearLR",
        "start_factor": 1e-3,
        "by_epoch": True,
        "end": 3,
        "convert_to_iter_based": True,
    }
    milestones = {"type": "MultiStepLR", "by_epoch": True, "milestones": [1, 4, 8], "gamma": 0.1}
    cosine = {"type": "CosineAnnealingLR", "eta_min": 1e-5, "by_epoch": True, "begin": 3}
    by_iteration = {"by_epoch": False}
    convert = {"convert_to_iter_based": True}
    restart = {"type": "CosineRestartLR", "periods": [3, 2, 4], "restart_weights": [1, 0.5, 2]}
    return [
        [milestones],
        [{**milestones, "begin": 2, "milestones": [1, 1, 4], **convert}],
        [warmup, milestones],
        [{**milestones, "milestones": [7, 13, 40], **by_iteration}, warmup],
        [converted, cosine],
        [converted, {**cosine, **convert}],
        [converted, {**cosine, "T_max": 9, "end": 12, **convert}],
        [{**warmup, "by_epoch": True, "end": 3}, {**cosine, "T_max": 9}],
        [{"type": "CosineAnnealingLR", "T_max": 4, "eta_min_ratio": 0.01, "by_epoch": True}],
        [{"type": "CosineAnnealingLR", "T_max": 20, **by_iteration}],
        [{"type": "CosineAnnealingLR", "begin": 5, "end": 50, "eta_min": 1e-4, **by_iteration}],
        [{"type": "StepLR", "step_size": 2, "gamma": 0.973, "by_epoch": True}],
        [{"type": "StepLR", "step_size": 3, "begin": 1, "end": 9, **convert}],
        [{"type": "PolyLR", "eta_min": 1e-4, "power": 0.9, **by_iteration}],
        [warmup, {"type": "PolyLR", "power": 2.0, "begin": 3, "by_epoch": True}],
        [{"type": "ConstantLR", "factor": 0.1, "end": 4}, {"type": "ExponentialLR", "gamma": 0.9}],
        [{"type": "ConstantLR", "factor": 0.5, "begin": 1, "end": 2, **convert}],
        [{"type": "ExponentialLR", "gamma": 0.99, "begin": 1, **convert}],
        [{**restart, "eta_min": 1e-5}],
        [{**restart, "eta_min_ratio": 0.1, "begin": 1, **convert}],
        [{"type": "OneCycleLR", "eta_max": 1.0, **by_iteration}],
        [{"type": "OneCycleLR", "eta_max": 1.0, "total_steps": 12, "three_phase": True, **convert}],
        [{"type": "OneCycleLR", "eta_max": 1.0, "anneal_strategy": "linear", "pct_start": 0.5}],
        [{"type": "LinearLR", "start_factor": 0.5, "end_factor": 0.1}],
    ]


def build_ours(config: dict[str, Any]) -> Schedule:
    name = config["type"]
    cls = getattr(recursions, name, None) or getattr(cyclic_recursions, name)
    return cls(**{key: value for key, value in config.items() if key != "type"})


@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize("configs", _list_mmengine_cases())
def test_rates_equal_when_mmengine_runs(
    mmpretrain: Original, configs: list[dict[str, Any]], by_epoch: bool
) -> None:
    if not by_epoch:  # there, the run counts as one epoch: nothing by epoch can begin later
        configs = [config for config in configs if config.get("end", 12) <= 60]
        configs = [{**config, "end": 12} if _is_late(config) else config for config in configs]
    theirs = mmpretrain(run_mmengine, BASES, configs, EPOCHS, EPOCH_LENGTH, by_epoch, False)
    ours = run_ours([build_ours(config) for config in configs], by_epoch=by_epoch)["lr"]
    check_equal(ours, theirs["before"])
    check_equal(ours, theirs["after"])


def _is_late(config: dict[str, Any]) -> bool:
    return config.get("by_epoch", True) and config.get("begin", 0) > 0 and "end" not in config


@pytest.mark.parametrize("adam", [False, True])
def test_momenta_equal_when_mmengine_schedules_them(mmpretrain: Original, adam: bool) -> None:
    theirs = [
        {"type": "LinearMomentum", "start_factor": 0.5, "end": 7, "by_epoch": False},
        {"type": "CosineAnnealingMomentum", "eta_min": 0.3, "begin": 2, "by_epoch": True},
    ]
    ours = [
        recursions.LinearLR(start_factor=0.5, end=7, by_epoch=False, param_name="momentum"),
        recursions.CosineAnnealingLR(eta_min=0.3, begin=2, param_name="momentum"),
    ]
    original = mmpretrain(run_mmengine, BASES, theirs, EPOCHS, EPOCH_LENGTH, True, adam)
    check_equal(run_ours(ours, adam=adam)["momentum"], original["momentum"])


def test_rates_equal_when_mmengine_schedules_a_named_parameter(mmpretrain: Original) -> None:
    rule = {"param_name": "lr", "T_max": 9, "eta_min": 0.1}
    theirs = mmpretrain(
        run_mmengine,
        BASES,
        [{"type": "CosineAnnealingParamScheduler", **rule}],
        EPOCHS,
        EPOCH_LENGTH,
        True,
        False,
    )
    check_equal(run_ours([recursions.CosineAnnealingLR(**rule)])["lr"], theirs["before"])
