"""Learning rate and momentum hooks of mmcv, schedulers of mmengine."""

from typing import Final

from mmlight.compat.offers.offer import Offer

_HOOKS = "mmcv.runner mmcv.runner.hooks"
_ROOT = "mmengine.optim mmengine.optim.scheduler"
_S = "mmengine.optim.scheduler"
_MODULE = "mmlight.compat.schedulers"
_RULES = (
    *("Constant", "CosineAnnealing", "Exponential", "Linear", "MultiStep", "Poly"),
    *("ReduceOnPlateau", "Step"),
)
_LR_HOOKS = (
    "LrUpdaterHook FixedLrUpdaterHook StepLrUpdaterHook ExpLrUpdaterHook PolyLrUpdaterHook"
    " InvLrUpdaterHook CosineAnnealingLrUpdaterHook FlatCosineAnnealingLrUpdaterHook"
    " LinearAnnealingLrUpdaterHook CosineRestartLrUpdaterHook CyclicLrUpdaterHook"
    " OneCycleLrUpdaterHook"
)
_MOMENTUM_HOOKS = (
    "MomentumUpdaterHook StepMomentumUpdaterHook CosineAnnealingMomentumUpdaterHook"
    " LinearAnnealingMomentumUpdaterHook CyclicMomentumUpdaterHook OneCycleMomentumUpdaterHook"
)


def _names(suffix: str) -> str:
    return " ".join(f"{rule}{suffix}" for rule in _RULES)


OFFERS: Final = (
    Offer("mmlight.compat.lr_updater", _LR_HOOKS, f"{_HOOKS} mmcv.runner.hooks.lr_updater"),
    Offer(
        "mmlight.compat.lr_updater",
        "annealing_cos annealing_linear format_param get_position_from_periods",
        "mmcv.runner.hooks.lr_updater",
    ),
    Offer(
        "mmlight.compat.lr_updater",
        "CosineAnnealingCooldownLrUpdaterHook",
        "mmcls.core.hook.lr_updater",
    ),
    Offer(
        "mmlight.compat.momentum_updater",
        _MOMENTUM_HOOKS,
        f"{_HOOKS} mmcv.runner.hooks.momentum_updater",
    ),
    Offer(
        "mmlight.compat.lr_updater",
        "annealing_cos annealing_linear format_param",
        "mmcv.runner.hooks.momentum_updater",
    ),
    Offer(
        "mmlight.compat.param_scheduler",
        "_ParamScheduler",
        f"{_ROOT} {_S}.param_scheduler",
    ),
    Offer("mmlight.compat.param_scheduler", "INF", f"{_S}.param_scheduler"),
    Offer("mmlight.compat.param_scheduler", "LRSchedulerMixin", f"{_S}.lr_scheduler"),
    Offer("mmlight.compat.param_scheduler", "MomentumSchedulerMixin", f"{_S}.momentum_scheduler"),
    Offer(
        "mmlight.compat.param_scheduler",
        "WeightDecaySchedulerMixin",
        "mmpretrain.engine.schedulers.weight_decay_scheduler",
    ),
    Offer(
        _MODULE,
        f"{_names('ParamScheduler')} OneCycleParamScheduler {_names('LR')} OneCycleLR"
        f" {_names('Momentum')}",
        _ROOT,
    ),
    Offer(_MODULE, "CosineRestartParamScheduler CosineRestartLR CosineRestartMomentum", _S),
    Offer(
        _MODULE,
        f"{_names('ParamScheduler')} CosineRestartParamScheduler OneCycleParamScheduler",
        f"{_S}.param_scheduler {_S}.lr_scheduler",
    ),
    Offer(_MODULE, f"{_names('LR')} CosineRestartLR OneCycleLR", f"{_S}.lr_scheduler"),
    Offer(
        _MODULE,
        f"{_names('ParamScheduler')} CosineRestartParamScheduler {_names('Momentum')}"
        " CosineRestartMomentum",
        f"{_S}.momentum_scheduler",
    ),
    Offer(
        _MODULE,
        "CosineAnnealingWeightDecay",
        "mmpretrain.engine mmpretrain.engine.schedulers"
        " mmpretrain.engine.schedulers.weight_decay_scheduler",
    ),
)
