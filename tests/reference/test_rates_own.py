"""Users' own schedules, unchanged, drive the same rates here and in the originals."""

import textwrap
from typing import Any

import pytest

from mmlight.compat import provide_names
from tests.reference.original import Original
from tests.reference.rates import (
    EPOCHS,
    STEPS,
    Case,
    check_cases,
    make_case,
    run_mmcv,
    run_mmengine,
)

# the last one says in its own words what MMDetection's class of that name does
HOOKS = '''
    import math

    from mmcv.runner import HOOKS, LrUpdaterHook, MomentumUpdaterHook
    from mmcv.runner.hooks.lr_updater import (
        CosineAnnealingLrUpdaterHook,
        StepLrUpdaterHook,
        annealing_cos,
        annealing_linear,
    )
    from mmcv.runner.hooks.momentum_updater import StepMomentumUpdaterHook


    @HOOKS.register_module()
    class SawLrUpdaterHook(LrUpdaterHook):
        """Up and down, from the runner's counters and lengths."""

        def __init__(self, teeth, **kwargs):
            self.teeth = teeth
            super().__init__(**kwargs)

        def get_lr(self, runner, base_lr):
            place = runner.epoch if self.by_epoch else runner.iter
            length = runner.max_epochs if self.by_epoch else runner.max_iters
            return annealing_linear(base_lr, base_lr * 0.1, place * self.teeth / length % 1)


    @HOOKS.register_module()
    class LateStepLrUpdaterHook(StepLrUpdaterHook):
        """Changes what its base keeps, and asks it."""

        def __init__(self, delay, **kwargs):
            super().__init__(**kwargs)
            self.step = [at + delay for at in self.step]

        def get_lr(self, runner, base_lr):
            return super().get_lr(runner, base_lr) * (1 + 0.01 * runner.inner_iter)


    @HOOKS.register_module()
    class SquareMomentumUpdaterHook(MomentumUpdaterHook):
        def get_momentum(self, runner, base_momentum):
            return base_momentum * (1 - (runner.iter / runner.max_iters) ** 2)


    @HOOKS.register_module()
    class SoftStepMomentumUpdaterHook(StepMomentumUpdaterHook):
        def get_momentum(self, runner, base_momentum):
            return 0.5 * (base_momentum + super().get_momentum(runner, base_momentum))


    @HOOKS.register_module(name="Parabola" + "LrUpdaterHook")
    class ParabolaHook(CosineAnnealingLrUpdaterHook):
        def __init__(self, num_last_epochs, **kwargs):
            self.num_last_epochs = num_last_epochs
            super().__init__(**kwargs)

        def get_warmup_lr(self, cur_iters):
            share = (cur_iters + 1) / self.warmup_iters
            return [base * self.warmup_ratio * share**2 for base in self.base_lr]

        def get_lr(self, runner, base_lr):
            flat = self.num_last_epochs * len(runner.data_loader)
            place, length = runner.iter, runner.max_iters
            if self.by_epoch:
                place, length = runner.epoch, runner.max_epochs
            floor = base_lr * self.min_lr_ratio if self.min_lr is None else self.min_lr
            if place + 1 >= length - flat:
                return floor
            begin = self.warmup_iters
            return annealing_cos(base_lr, floor, (place + 1 - begin) / (length - begin - flat))
'''
LINEAR = {"warmup": "linear", "warmup_iters": 13, "warmup_ratio": 0.25}
BY_EPOCH = {"warmup": "exp", "warmup_iters": 3, "warmup_by_epoch": True, "warmup_ratio": 1}
HOOK_CONFIGS: list[dict[str, Any]] = [
    {"lr": {"policy": "Saw", "teeth": 3, "by_epoch": False}},
    {"lr": {"policy": "saw", "teeth": 2, **LINEAR}},
    {"lr": {"policy": "LateStep", "step": [2, 5], "delay": 2, "by_epoch": False, **LINEAR}},
    {"lr": {"policy": "step", "step": [4]}, "momentum": {"policy": "square", "by_epoch": False}},
    {"momentum": {"policy": "SoftStep", "step": [3, 7], "gamma": 0.8, **LINEAR}},
    {"lr": {"policy": "Parabola", "by_epoch": False, "num_last_epochs": 4, "min_lr": 1e-4}},
    {
        "lr": {
            "policy": "Parabola",
            "by_epoch": False,
            "num_last_epochs": 2,
            "min_lr_ratio": 0.05,
            **BY_EPOCH,
        }
    },
]


def import_code(code: str, name: str) -> None:
    """Register the classes of a text, in a module of this name."""
    import sys
    from types import ModuleType

    module = ModuleType(name)
    exec(compile(code, name, "exec"), vars(module))
    sys.modules[name] = module


@pytest.fixture(scope="module")
def hooks(mmcls: Original) -> None:
    mmcls(import_code, textwrap.dedent(HOOKS), "their_updaters")
    with provide_names():
        import_code(textwrap.dedent(HOOKS), "our_updaters")


@pytest.mark.usefixtures("hooks")
def test_values_equal_when_a_hook_of_a_user_drives_them(mmcls: Original) -> None:
    cases = [make_case(config) for config in HOOK_CONFIGS]
    by_iteration = [{"policy": "Saw", "teeth": 3}, {"policy": "LateStep", "step": [7], "delay": 4}]
    cases += [make_case({"lr": config}, by_epoch=False) for config in by_iteration]
    check_cases(cases, mmcls(run_mmcv, cases))


@pytest.mark.usefixtures("hooks")
def test_rates_equal_when_the_policy_is_that_of_yolox(mmcls: Original) -> None:
    """Ours against the words of a user's class, beside mmcv."""
    words: list[dict[str, Any]] = [
        {"num_last_epochs": 2, "min_lr_ratio": 0.05, "by_epoch": False, **BY_EPOCH},
        {"num_last_epochs": 4, "min_lr": 1e-4, "by_epoch": False},
        {"num_last_epochs": 1, "min_lr_ratio": 0.1, "by_epoch": False, **LINEAR},
        {"num_last_epochs": 2, "min_lr_ratio": 0.05, "by_epoch": True, **BY_EPOCH},
    ]
    theirs = mmcls(run_mmcv, [make_case({"lr": {"policy": "Parabola", **w}}) for w in words])
    check_cases([make_case({"lr": {"policy": "YOLOX", **w}}) for w in words], theirs)


@pytest.mark.usefixtures("hooks")
def test_values_equal_when_a_hook_stands_among_custom_hooks() -> None:
    from tests.reference.rates import build_schedules, run_ours

    rule = {"policy": "Saw", "teeth": 3, "by_epoch": False}
    hook = {"type": "SawLrUpdaterHook", "teeth": 3, "by_epoch": False, "priority": "HIGH"}
    runner = {"type": "EpochBasedRunner", "max_epochs": EPOCHS}
    optimizer = {"type": "SGD", "lr": 0.1}
    schedules = build_schedules({"optimizer": optimizer, "runner": runner, "custom_hooks": [hook]})
    assert run_ours(make_case({}), schedules) == run_ours(make_case({"lr": rule}))


def test_values_equal_when_two_hooks_drive_one_option(mmcls: Original) -> None:
    cosine = {"type": "CosineAnnealingLrUpdaterHook", "min_lr": 0.01}
    fixed = {"type": "StepLrUpdaterHook", "step": [2], "by_epoch": False}
    momentum = {"type": "StepMomentumUpdaterHook", "step": 3}
    step = {"policy": "step", "step": [4], **LINEAR}
    configs: list[dict[str, Any]] = [
        {"lr": step, "hooks": [cosine]},
        {"lr": step, "hooks": [cosine, fixed]},
        {"lr": {**step, "by_epoch": False}, "hooks": [cosine]},
        {"lr": step, "momentum": {"policy": "cyclic"}, "hooks": [momentum, cosine]},
    ]
    cases = [make_case(config) for config in configs]
    check_cases(cases, mmcls(run_mmcv, cases))


SCHEDULERS = '''
    from mmengine.optim.scheduler import (
        CosineAnnealingParamScheduler,
        LinearLR,
        StepParamScheduler,
        _ParamScheduler,
    )
    from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
    from mmengine.optim.scheduler.momentum_scheduler import MomentumSchedulerMixin
    from mmengine.registry import PARAM_SCHEDULERS


    @PARAM_SCHEDULERS.register_module()
    class HalveParamScheduler(_ParamScheduler):
        """Halves at chosen steps, from the ground up."""

        def __init__(self, optimizer, param_name, at, **kwargs):
            self.at = at
            super().__init__(optimizer, param_name, **kwargs)

        @classmethod
        def build_iter_from_epoch(cls, *args, at, begin=0, end=10**9, epoch_length=None, **kwargs):
            kwargs["by_epoch"] = False
            at = [place * epoch_length for place in at]
            ends = {"begin": begin * epoch_length, "end": end * epoch_length}
            return cls(*args, at=at, **ends, **kwargs)

        def _get_value(self):
            factor = 0.5 if self.last_step in self.at else 1
            return [group[self.param_name] * factor for group in self.optimizer.param_groups]


    @PARAM_SCHEDULERS.register_module()
    class HalveLR(LRSchedulerMixin, HalveParamScheduler):
        pass


    @PARAM_SCHEDULERS.register_module()
    class HalveMomentum(MomentumSchedulerMixin, HalveParamScheduler):
        pass


    @PARAM_SCHEDULERS.register_module()
    class BoundedCosineLR(LRSchedulerMixin, CosineAnnealingParamScheduler):
        """Uses what its base computes and keeps."""

        def _get_value(self):
            floors = [0.3 * base for base in self.base_values]
            assert self.T_max > 0 and self.eta_min is not None
            return [max(value, floor) for value, floor in zip(super()._get_value(), floors)]


    @PARAM_SCHEDULERS.register_module()
    class LateStepLR(LRSchedulerMixin, StepParamScheduler):
        def _get_value(self):
            if self.last_step == 4:
                self.gamma = 0.9
            return super()._get_value()


    @PARAM_SCHEDULERS.register_module()
    class RoundLinearLR(LinearLR):
        def _get_value(self):
            return [round(value, 4) for value in super()._get_value()]
'''
SCHEDULER_CONFIGS: list[list[dict[str, Any]]] = [
    [{"type": "HalveLR", "at": [2, 5]}],
    [{"type": "HalveLR", "at": [20, 33], "by_epoch": False, "begin": 4}],
    [{"type": "HalveLR", "at": [2, 5], "end": 8, "convert_to_iter_based": True}],
    [{"type": "HalveMomentum", "at": [3]}, {"type": "ExponentialLR", "gamma": 0.9}],
    [{"type": "HalveParamScheduler", "param_name": "weight_decay", "at": [1, 7]}],
    [{"type": "BoundedCosineLR", "eta_min": 0.001}],
    [{"type": "BoundedCosineLR", "T_max": 9, "eta_min": 0, "convert_to_iter_based": True}],
    [{"type": "LateStepLR", "step_size": 2, "gamma": 0.5}],
    [{"type": "RoundLinearLR", "start_factor": 0.1, "end": 21, "by_epoch": False}],
]


@pytest.fixture(scope="module")
def schedulers(mmpretrain: Original) -> None:
    mmpretrain(import_code, textwrap.dedent(SCHEDULERS), "their_schedulers")
    with provide_names():
        import_code(textwrap.dedent(SCHEDULERS), "our_schedulers")


@pytest.mark.usefixtures("schedulers")
def test_values_equal_when_a_scheduler_of_a_user_drives_them(mmpretrain: Original) -> None:
    cases: list[Case] = [make_case(config) for config in SCHEDULER_CONFIGS]
    cases += [make_case(config, adam=True) for config in SCHEDULER_CONFIGS[:5]]
    cases.append(make_case(SCHEDULER_CONFIGS[1], by_epoch=False))
    check_cases(cases, mmpretrain(run_mmengine, cases))


def derive_from_each() -> dict[str, list[list[float]]]:
    """Run a class derived from each built-in scheduler; runs here and beside mmengine."""
    import torch
    from mmengine.optim import scheduler as home

    words = {
        "Constant": {"factor": 0.5, "end": 9},
        "CosineAnnealing": {"T_max": 7, "eta_min": 0.01},
        "CosineRestart": {"periods": [4, 6], "restart_weights": [1, 0.5], "eta_min": 0.001},
        "Exponential": {"gamma": 0.9},
        "Linear": {"start_factor": 0.2, "end": 6},
        "MultiStep": {"milestones": [3, 8], "begin": 2},
        "OneCycle": {"eta_max": 0.5, "total_steps": 20},
        "Poly": {"power": 0.9, "eta_min": 0.01, "end": 15},
        "Step": {"step_size": 3},
        "ReduceOnPlateau": {"monitor": "a", "patience": 1, "factor": 0.5, "end": 13},
    }
    found = {}
    for rule, options in words.items():
        for suffix in ("LR", "Momentum"):
            base = getattr(home, rule + suffix, None)
            if base is None:
                continue
            own = type(f"Own{rule}", (base,), {})
            weights = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
            groups = [{"params": [weights[0]]}, {"params": [weights[1]], "lr": 0.03}]
            optimizer = torch.optim.Adam(groups, lr=0.4, betas=(0.9, 0.99))
            live = own(optimizer, **options)
            values = []
            for step in range(18):
                values.append([group["lr"] for group in optimizer.param_groups])
                values[-1] += [group["betas"][0] for group in optimizer.param_groups]
                optimizer.step()
                live.step()
                if rule == "ReduceOnPlateau":
                    live.step({"a": 1.0 - 0.1 * (step == 6)})
            values.append(live.get_last_value()[:2])
            values.append([live.last_step, live._global_step])
            found[rule + suffix] = values
    return found


def test_values_equal_when_a_user_derives_from_each_scheduler(mmpretrain: Original) -> None:
    theirs = mmpretrain(derive_from_each)
    with provide_names():
        ours = derive_from_each()
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        for mine, other in zip(ours[name], values, strict=True):
            assert mine == pytest.approx(other, rel=1e-12, abs=0), name


def derive_from_each_hook() -> dict[str, list[list[float]]]:
    """Ask a class derived from each built-in hook for its values; here and beside mmcv."""
    from types import SimpleNamespace

    from mmcv.runner import hooks as home

    words = {
        "FixedLr": {},
        "StepLr": {"step": [2, 5]},
        "ExpLr": {"gamma": 0.9},
        "PolyLr": {"power": 0.9, "min_lr": 0.01},
        "InvLr": {"gamma": 0.1},
        "CosineAnnealingLr": {"min_lr_ratio": 0.1},
        "FlatCosineAnnealingLr": {"min_lr": 0.0},
        "LinearAnnealingLr": {"min_lr": 0.0},
        "CosineRestartLr": {"periods": [6, 6], "restart_weights": [1, 0.5], "min_lr": 0.0},
        "CyclicLr": {},
        "OneCycleLr": {"max_lr": 1.0},
        "StepMomentum": {"step": 3},
        "CosineAnnealingMomentum": {"min_momentum": 0.5},
        "LinearAnnealingMomentum": {"min_momentum_ratio": 0.5},
        "CyclicMomentum": {},
        "OneCycleMomentum": {},
    }
    found = {}
    for name, options in words.items():
        own = type("Own", (getattr(home, f"{name}UpdaterHook"),), {})
        defaults = {"lr": 0.1, "betas": (0.9, 0.99)}
        optimizer = SimpleNamespace(param_groups=[dict(defaults)], defaults=defaults)
        hook = own(warmup="linear", warmup_iters=7, warmup_ratio=0.5, **options)
        runner = SimpleNamespace(
            optimizer=optimizer, epoch=0, iter=0, max_epochs=12, max_iters=60, data_loader=range(5)
        )
        hook.before_run(runner)
        values = []
        for runner.epoch in range(12):
            hook.before_train_epoch(runner)
            for _ in range(5):
                hook.before_train_iter(runner)
                (group,) = optimizer.param_groups
                values.append([group["lr"], group["betas"][0]])
                runner.iter += 1
        found[name] = values
    return found


def test_values_equal_when_a_user_derives_from_each_hook(mmcls: Original) -> None:
    theirs = mmcls(derive_from_each_hook)
    with provide_names():
        ours = derive_from_each_hook()
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert len(values) == STEPS
        for mine, other in zip(ours[name], values, strict=True):
            assert mine == pytest.approx(other, rel=1e-12, abs=0), name


def test_functions_equal_when_users_import_them(mmcls: Original) -> None:
    def ask() -> list[Any]:
        from types import SimpleNamespace

        from mmcv.runner.hooks import lr_updater as home

        optimizer = SimpleNamespace(param_groups=[{}, {}])
        return [
            home.annealing_cos(1.0, 0.1, 0.3, 0.7),
            home.annealing_linear(1.0, 0.1, 0.3),
            home.get_position_from_periods(7, [3, 7, 9]),
            home.format_param("a", optimizer, 0.5),
            home.format_param("a", optimizer, [0.5, 0.6]),
            home.format_param("a", optimizer, {"a": [0.5]}),
        ]

    theirs = mmcls(ask)
    with provide_names():
        assert ask() == theirs
