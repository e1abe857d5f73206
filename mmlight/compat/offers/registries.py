"""Registries and what builds from them."""

from typing import Final

from mmlight.compat.offers.offer import Offer

_R = "mmlight.compat.registries"
_B = "mmlight.compat.builders"
_CNN = "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.registry"
_MODELS = "mmcls.models mmcls.models.builder"
_MODELS_1 = "mmpretrain.models mmpretrain.models.builder"
_SELFSUP = "mmselfsup.models mmselfsup.models.builder"
_REGISTRY = "mmengine mmengine.registry"
_ROOT = f"{_REGISTRY} mmengine.registry.root"
_COMMON = (
    "RUNNERS RUNNER_CONSTRUCTORS LOOPS HOOKS LOG_PROCESSORS OPTIMIZERS OPTIM_WRAPPERS "
    "OPTIM_WRAPPER_CONSTRUCTORS PARAM_SCHEDULERS DATASETS DATA_SAMPLERS TRANSFORMS MODELS "
    "MODEL_WRAPPERS WEIGHT_INITIALIZERS=INITIALIZERS TASK_UTILS METRICS VISUALIZERS VISBACKENDS"
)
_PARTS = "BACKBONES=MODELS NECKS=MODELS HEADS=MODELS LOSSES=MODELS"

OFFERS: Final = (
    Offer("mmlight.registry", "Registry", "mmcv mmcv.utils mmcv.utils.registry"),
    Offer("mmlight.registry", "Registry", f"{_REGISTRY} mmengine.registry.registry"),
    Offer("mmlight.registry", "build_from_cfg", "mmcv mmcv.utils mmcv.utils.registry"),
    Offer("mmlight.registry", "build_from_cfg", f"{_REGISTRY} mmengine.registry.build_functions"),
    # mmcv 1.x
    Offer(f"{_R}.mmcv", "HOOKS", "mmcv.runner mmcv.runner.hooks mmcv.runner.hooks.hook"),
    Offer(
        f"{_R}.mmcv",
        "OPTIMIZERS OPTIMIZER_BUILDERS=OPTIM_WRAPPER_CONSTRUCTORS",
        "mmcv.runner mmcv.runner.optimizer mmcv.runner.optimizer.builder",
    ),
    Offer(f"{_R}.mmcv", "RUNNERS", "mmcv.runner mmcv.runner.builder"),
    Offer(f"{_R}.mmcv", "RUNNER_BUILDERS=RUNNER_CONSTRUCTORS", "mmcv.runner.builder"),
    Offer(
        f"{_R}.mmcv",
        "MODULE_WRAPPERS=MODEL_WRAPPERS",
        "mmcv.parallel mmcv.parallel.registry",
    ),
    Offer(f"{_R}.mmcv", "INITIALIZERS", "mmcv.cnn mmcv.cnn.utils mmcv.cnn.utils.weight_init"),
    Offer(f"{_R}.mmcv", "MODELS", "mmcv.cnn mmcv.cnn.builder"),
    Offer(
        f"{_R}.mmcv",
        "CONV_LAYERS NORM_LAYERS ACTIVATION_LAYERS PADDING_LAYERS UPSAMPLE_LAYERS PLUGIN_LAYERS",
        _CNN,
    ),
    Offer(
        f"{_R}.mmcv",
        "DROPOUT_LAYERS POSITIONAL_ENCODING ATTENTION FEEDFORWARD_NETWORK TRANSFORMER_LAYER "
        "TRANSFORMER_LAYER_SEQUENCE",
        "mmcv.cnn.bricks.registry",
    ),
    # mmcls 0.x
    Offer(f"{_R}.mmcls", f"{_PARTS} CLASSIFIERS=MODELS", _MODELS),
    Offer(f"{_R}.mmcls", "MODELS ATTENTION", "mmcls.models.builder"),
    Offer(
        f"{_R}.mmcls",
        "DATASETS PIPELINES=TRANSFORMS SAMPLERS=DATA_SAMPLERS",
        "mmcls.datasets mmcls.datasets.builder",
    ),
    Offer(f"{_R}.mmcls", "AUGMENT=BATCH_AUGMENTS", "mmcls.models.utils.augment.builder"),
    # mmcls 1.0 release candidates, which are called mmpretrain since
    Offer(f"{_R}.mmcls", f"{_COMMON} BATCH_AUGMENTS EVALUATORS", "mmcls.registry"),
    # mmengine
    Offer(
        f"{_R}.mmengine",
        f"{_COMMON} EVALUATOR=EVALUATORS STRATEGIES INFERENCERS FUNCTIONS",
        _ROOT,
    ),
    Offer(
        f"{_R}.mmengine",
        "OPTIMIZERS OPTIM_WRAPPER_CONSTRUCTORS",
        "mmengine.optim mmengine.optim.optimizer",
    ),
    # mmcv 2.x registers its transforms in mmengine
    Offer(f"{_R}.mmengine", "TRANSFORMS", "mmcv mmcv.transforms mmcv.transforms.builder"),
    # mmpretrain 1.x
    Offer(
        f"{_R}.mmpretrain",
        f"{_COMMON} BATCH_AUGMENTS EVALUATORS TOKENIZER",
        "mmpretrain.registry",
    ),
    Offer(f"{_R}.mmpretrain", f"MODELS {_PARTS} CLASSIFIERS=MODELS", _MODELS_1),
    Offer(f"{_R}.mmpretrain", "TRANSFORMS", "mmpretrain.datasets.transforms"),
    Offer(f"{_R}.mmpretrain", "DATASETS", "mmpretrain.datasets.builder"),
    # the other packages
    Offer(f"{_R}.mmselfsup", _COMMON, "mmselfsup.registry"),
    Offer(f"{_R}.mmselfsup", f"{_PARTS} ALGORITHMS=MODELS MEMORIES=MODELS", _SELFSUP),
    Offer(
        f"{_R}.mmselfsup",
        "DATASETS PIPELINES=TRANSFORMS",
        "mmselfsup.datasets mmselfsup.datasets.builder",
    ),
    Offer(f"{_R}.mmdet", f"{_COMMON} EVALUATOR=EVALUATORS", "mmdet.registry"),
    Offer(f"{_R}.mmdet3d", f"{_COMMON} EVALUATOR=EVALUATORS", "mmdet3d.registry"),
    # builders
    Offer(_R, "build_model_from_cfg", f"{_REGISTRY} mmengine.registry.build_functions"),
    Offer(_R, "build_model_from_cfg", "mmcv.cnn mmcv.cnn.builder"),
    Offer(f"{_B}.mmcls", "build_backbone build_neck build_head build_loss", _MODELS),
    Offer(f"{_B}.mmpretrain", "build_backbone build_neck build_head build_loss", _MODELS_1),
    Offer(f"{_B}.mmselfsup", "build_backbone build_neck build_head build_loss", _SELFSUP),
    Offer(f"{_B}.mmcls", "build_dataset", "mmcls.datasets mmcls.datasets.builder"),
    Offer(f"{_B}.mmpretrain", "build_dataset", "mmpretrain.datasets mmpretrain.datasets.builder"),
    Offer(_B, "init_default_scope", f"{_REGISTRY} mmengine.registry.utils"),
    Offer(
        _B,
        "register_all_modules",
        "mmcls.utils mmpretrain.utils mmpretrain.utils.setup_env mmselfsup.utils mmdet.utils "
        "mmdet3d.utils",
    ),
)
