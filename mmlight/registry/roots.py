"""The root registry of each kind of thing, where `mmlight`'s own users register."""

from mmlight.registry.registry import Registry

_T = "mmlight.translate"


def _root(name: str, *builtins: str) -> Registry:
    return Registry(name, scope="mmlight", builtins=[f"{_T}.{table}" for table in builtins])


# layers are models in mmengine; mmcv 1.x has registries of their own for them, see below
_LAYERS = {
    kind: f"layers.{kind}_TABLE"
    for kind in (
        *("CONV", "NORM", "ACTIVATION", "PADDING", "UPSAMPLE"),
        *("DROPOUT", "PLUGIN", "ATTENTION", "FEEDFORWARD"),
    )
}

# what a model is made of
MODELS = _root("model", "models.MODEL_TABLE", "models.PREPROCESSOR_TABLE", *_LAYERS.values())
MODEL_WRAPPERS = _root("model wrapper")
INITIALIZERS = _root("initializer", "models.INITIALIZER_TABLE")
BATCH_AUGMENTS = _root("batch augment", "models.AUGMENT_TABLE")
TASK_UTILS = _root("task util")
TOKENIZER = _root("tokenizer")

# layers, which mmcv 1.x keeps apart from models
CONV_LAYERS = _root("convolution layer", _LAYERS["CONV"])
NORM_LAYERS = _root("normalization layer", _LAYERS["NORM"])
ACTIVATION_LAYERS = _root("activation layer", _LAYERS["ACTIVATION"])
PADDING_LAYERS = _root("padding layer", _LAYERS["PADDING"])
UPSAMPLE_LAYERS = _root("upsampling layer", _LAYERS["UPSAMPLE"])
PLUGIN_LAYERS = _root("plugin layer", _LAYERS["PLUGIN"])
DROPOUT_LAYERS = _root("dropout layer", _LAYERS["DROPOUT"])
POSITIONAL_ENCODING = _root("positional encoding")
ATTENTION = _root("attention", _LAYERS["ATTENTION"])
FEEDFORWARD_NETWORK = _root("feed-forward network", _LAYERS["FEEDFORWARD"])
TRANSFORMER_LAYER = _root("transformer layer")
TRANSFORMER_LAYER_SEQUENCE = _root("transformer layer sequence")

# data
DATASETS = _root("dataset", "data.DATASET_TABLE")
TRANSFORMS = _root("transform", "data.TRANSFORM_TABLE")
DATA_SAMPLERS = _root("sampler", "data.SAMPLER_TABLE")
FUNCTIONS = _root("function")

# optimization
OPTIMIZERS = _root("optimizer", "optim.OPTIMIZER_TABLE")
OPTIM_WRAPPERS = _root("optimizer wrapper")
OPTIM_WRAPPER_CONSTRUCTORS = _root("optimizer constructor", "optim.CONSTRUCTOR_TABLE")
PARAM_SCHEDULERS = _root("schedule", "schedules.SCHEDULE_TABLE")

# runs
HOOKS = _root("hook")
LOOPS = _root("loop")
RUNNERS = _root("runner")
RUNNER_CONSTRUCTORS = _root("runner constructor")
STRATEGIES = _root("strategy")
LOG_PROCESSORS = _root("log processor", "log_hooks.PROCESSOR_TABLE")

# results
METRICS = _root("metric", "metrics.METRIC_TABLE")
EVALUATORS = _root("evaluator")
VISUALIZERS = _root("visualizer", "log_hooks.VISUALIZER_TABLE")
VISBACKENDS = _root("logger", "log_hooks.BACKEND_TABLE")
INFERENCERS = _root("inferencer")

ROOTS = {name: value for name, value in globals().items() if isinstance(value, Registry)}
"""Every root registry by its name."""
