"""Configs, hooks and their priorities, optimizers, and the versions of the packages."""

from typing import Final

from mmlight.compat.offers.offer import Offer

_CONFIG = "mmcv mmcv.utils mmcv.utils.config mmengine mmengine.config mmengine.config.config"
_HOOKS = "mmcv.runner mmcv.runner.hooks mmcv.runner.hooks.hook mmengine.hooks mmengine.hooks.hook"
_PRIORITY = "mmcv.runner mmcv.runner.priority mmengine.runner mmengine.runner.priority"
_OLD_OPTIM = "mmcv.runner mmcv.runner.optimizer"
_OPTIM = "mmengine.optim mmengine.optim.optimizer"
_OPTIM_1 = "mmpretrain.engine mmpretrain.engine.optimizers"
_V = "mmlight.compat.versions"

OFFERS: Final = (
    Offer("mmlight.read.config", "Config", _CONFIG),
    Offer("mmlight.read.node", "ConfigDict", _CONFIG),
    Offer("mmlight.compat.dict_action", "DictAction", _CONFIG),
    Offer("mmlight.hooks.hook", "Hook", _HOOKS),
    Offer(
        "mmlight.compat.averaged_model",
        "BaseAveragedModel ExponentialMovingAverage MomentumAnnealingEMA StochasticWeightAverage",
        "mmengine.model mmengine.model.averaged_model",
    ),
    Offer(
        "mmlight.compat.averaged_model",
        "CosineEMA",
        "mmpretrain.models mmpretrain.models.utils mmpretrain.models.utils.ema",
    ),
    Offer(
        "mmlight.compat.averaged_model",
        "ExpMomentumEMA",
        "mmdet.models mmdet.models.layers mmdet.models.layers.ema",
    ),
    Offer("mmlight.hooks.priority", "Priority get_priority=to_priority", _PRIORITY),
    Offer(
        "mmlight.compat.optimizer",
        "DefaultOptimizerConstructor",
        f"{_OLD_OPTIM} mmcv.runner.optimizer.default_constructor",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "build_optimizer",
        f"{_OLD_OPTIM} mmcv.runner.optimizer.builder",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "DefaultOptimWrapperConstructor",
        f"{_OPTIM} mmengine.optim.optimizer.default_constructor",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "OptimWrapper",
        f"{_OPTIM} mmengine.optim.optimizer.optimizer_wrapper",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "AmpOptimWrapper",
        f"{_OPTIM} mmengine.optim.optimizer.amp_optimizer_wrapper",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "build_optim_wrapper",
        f"{_OPTIM} mmengine.optim.optimizer.builder",
    ),
    Offer(
        "mmlight.compat.optimizer",
        "LearningRateDecayOptimWrapperConstructor",
        f"{_OPTIM_1} mmpretrain.engine.optimizers.layer_decay_optim_wrapper_constructor",
    ),
    Offer("timm.optim", "Lamb", f"{_OPTIM_1} mmpretrain.engine.optimizers.lamb"),
    Offer("timm.optim", "Lamb", "mmcls.core mmcls.core.optimizers mmcls.core.optimizers.lamb"),
    Offer("mmlight.optim.lars", "LARS", f"{_OPTIM_1} mmpretrain.engine.optimizers.lars"),
    Offer("mmlight.optim.adan", "Adan", f"{_OPTIM_1} mmpretrain.engine.optimizers.adan_t"),
    Offer(
        "mmlight.weights.load",
        "load_checkpoint",
        "mmcv.runner mmcv.runner.checkpoint mmengine.runner mmengine.runner.checkpoint",
    ),
    Offer(_V, "__version__=MMCV", "mmcv"),
    Offer(_V, "__version__=MMENGINE", "mmengine"),
    Offer(_V, "__version__=MMCLS", "mmcls"),
    Offer(_V, "__version__=MMPRETRAIN", "mmpretrain"),
    Offer(_V, "__version__=MMSELFSUP", "mmselfsup"),
    Offer(_V, "__version__=MMDET", "mmdet"),
    Offer(_V, "__version__=MMDET3D", "mmdet3d"),
)
