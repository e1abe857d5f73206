"""Translates `optim_wrapper` into arguments of the module and a precision of the Trainer.

The optimizer becomes a builder, for there are no parameters yet; a constructor of the user's own
gets the dicts that the original gives it.
"""

from dataclasses import replace
from typing import Any, Final

from mmlight.read.node import ConfigDict, to_plain
from mmlight.spec import Call
from mmlight.translate.optim_rows import CONSTRUCTOR_TABLE, OPTIMIZER_TABLE
from mmlight.translate.section import Section
from mmlight.translate.table import bare_name

_O: Final = "mmlight.optim"
WRAPPERS: Final = ("OptimWrapper", "AmpOptimWrapper")
OTHER_WRAPPERS: Final = {
    "ApexOptimWrapper": "Use AmpOptimWrapper, torch's own mixed precision.",
    "OptimWrapperDict": "Several optimizers are not for classifiers: use OptimWrapper.",
    "DeepSpeedOptimWrapper": (
        "Use AmpOptimWrapper, and --trainer.strategy deepspeed_stage_1 or another stage."
    ),
    "ColossalAIOptimWrapper": "Use AmpOptimWrapper, and a --trainer.strategy such as fsdp.",
}
OWN_STEPS: Final = (
    "Use OptimWrapper or AmpOptimWrapper (in 0.x words OptimizerHook, Fp16OptimizerHook), which"
    " clip, accumulate and scale; what else it does before or after a step goes into a hook of"
    " custom_hooks."
)
PRECISIONS: Final = {None: "16-mixed", "float16": "16-mixed", "bfloat16": "bf16-mixed"}
DECAY: Final = "LearningRateDecayOptimWrapperConstructor"
UNREAD: Final = {
    "DefaultOptimizerConstructor": (),
    "DefaultOptimWrapperConstructor": (),
    DECAY: ("bias_lr_mult", "dwconv_decay_mult", "dcn_offset_lr_mult", "bypass_duplicate"),
}
"""Constructor -> words of `paramwise_cfg` that it does not read in the original."""


def translate_optimizer(top: Section) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return arguments of `ImageClassifier` and of the Trainer (precision).

    From: mmengine 0.10 `OptimWrapper`, `AmpOptimWrapper`, `DefaultOptimWrapperConstructor`;
    mmpretrain 1.2 `LearningRateDecayOptimWrapperConstructor`.
    """
    model = _translate_rate_scale(top)
    if top.take("optim_wrapper") is None:
        return {}, {}
    wrapper = top.take_section("optim_wrapper")
    trainer: dict[str, Any] = {}
    kind = bare_name(wrapper.take("type", "OptimWrapper"))
    if kind not in WRAPPERS:
        _refuse_wrapper(wrapper, kind)
    if kind == "AmpOptimWrapper":
        wrapper.use("type", "trainer.precision")
        trainer["precision"] = _translate_precision(wrapper, model)
    elif kind == "OptimWrapper":
        wrapper.use("type", "Lightning's automatic optimization")
    builder = _translate_builder(wrapper)
    if builder is not None:
        model["optimizer"] = builder
    if wrapper.take("clip_grad") is not None:
        clip = wrapper.take_section("clip_grad")
        model["grad_clip"] = clip.call(f"{_O}.gradient_clip.GradientClip", dict(clip.node))
    counts = wrapper.take("accumulative_counts", 1, to="model.accumulative_counts")
    if not isinstance(counts, int) or counts < 1:
        wrapper.refuse("accumulative_counts", expected="a whole number of 1 or more")
    elif counts > 1:
        model["accumulative_counts"] = counts
    wrapper.finish()
    return model, trainer


def _refuse_wrapper(wrapper: Section, kind: Any) -> None:
    """Tell what stands for a wrapper, or an optimizer hook of 0.x, that cannot be honoured."""
    problem = "" if kind in OTHER_WRAPPERS else f"{kind!r} takes steps of its own"
    next_step = OTHER_WRAPPERS.get(kind, OWN_STEPS)
    wrapper.refuse("type", problem, expected=" or ".join(WRAPPERS), next_step=next_step)
    for key in wrapper.leftover:
        if key not in ("optimizer", "paramwise_cfg", "constructor", "clip_grad"):
            wrapper.take(key)  # its own options are no further problem


def _translate_precision(wrapper: Section, model: dict[str, Any]) -> str:
    dtype = wrapper.take("dtype", to="trainer.precision")
    precision = PRECISIONS.get(dtype if isinstance(dtype, str | None) else "")
    if precision is None:
        wrapper.refuse("dtype", expected="'float16' or 'bfloat16'")
    scale = wrapper.take("loss_scale")
    wrapper.ignore("The Trainer's strategy chooses its scaler.", "use_fsdp")
    if precision == "bf16-mixed":
        wrapper.ignore(
            "Gradients of bfloat16 do not vanish, so losses are not scaled.", "loss_scale"
        )
    elif scale is None or isinstance(scale, dict) or scale == "dynamic" or _is_number(scale):
        wrapper.use("loss_scale", "model.loss_scale")
        model |= {} if scale in (None, "dynamic") else {"loss_scale": to_plain(scale)}
    else:
        wrapper.refuse("loss_scale", expected="a number, 'dynamic' or a dict")
    return precision or "16-mixed"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _translate_rate_scale(top: Section) -> dict[str, Any]:
    """Read `auto_scale_lr`.

    From: mmengine 0.10 `Runner.scale_lr`.
    """
    if top.take("auto_scale_lr") is None:
        top.use("auto_scale_lr", "off: the rate is not scaled")
        return {}
    settings = top.take_section("auto_scale_lr")
    base = settings.take("base_batch_size")
    enabled = settings.take("enable", False)
    to = "model.base_batch_size" if enabled else "off: the rate is not scaled"
    for key in ("base_batch_size", "enable"):
        settings.use(key, to)
    settings.finish()
    if not enabled:
        return {}
    if not isinstance(base, int) or base < 1:
        key = "base_batch_size" if base is not None else "enable"
        settings.refuse(
            key,
            f"base_batch_size must tell what the rate is meant for, got {base!r}",
            expected="the batch size of all processes together, a whole number of 1 or more",
            next_step="Add auto_scale_lr.base_batch_size, or set auto_scale_lr.enable=False.",
        )
        return {}
    return {"base_batch_size": base}


# -------------------------------------------------------------------------- the optimizer


def _translate_builder(wrapper: Section) -> Call | None:
    """Describe what builds the optimizer; None, with the problem recorded, when nothing can."""
    name = wrapper.take("constructor", to="model.optimizer")
    old = wrapper.take("generation") == "0.x"
    if name is not None and bare_name(name) not in UNREAD:
        return _describe_constructor(wrapper, old=old)
    call = OPTIMIZER_TABLE.translate(wrapper.take_section("optimizer"))
    paramwise = _describe_paramwise(wrapper, bare_name(name) if name is not None else "")
    if call is None:
        return None
    kwargs = {"optimizer": call.target, "options": dict(call.kwargs), **paramwise}
    return replace(call, target=f"{_O}.optimizer.OptimizerBuilder", kwargs=kwargs)


def _describe_paramwise(wrapper: Section, constructor: str) -> dict[str, Any]:
    if wrapper.take("paramwise_cfg") in (None, {}):  # the originals take both for none
        return {}
    rules = wrapper.take_section("paramwise_cfg")
    # in the configs of Twins of both generations
    rules.ignore("A misspelt `_delete_`, which nothing reads in the original either.", "_delete")
    target = f"{_O}.parameter_groups.ParamwiseRules"
    if constructor == DECAY:
        target = f"{_O}.layer_decay.LayerDecayRules"
        rules.ignore("The constructor reads no such key, in the original neither.", *UNREAD[DECAY])
    kept = rules.leftover
    keys, has_lr_mult = rules.take_section("custom_keys"), False
    for key, options in keys.node.items():
        if not isinstance(options, dict):
            keys.refuse(key, expected="a dict", next_step="Write dict(decay_mult=0.0).")
        elif "lr_mult" in options:
            has_lr_mult = True
    if constructor == DECAY and has_lr_mult:
        rules.note("custom_keys", "The constructor reads no lr_mult, in the original neither.")
    call = Call(
        target,
        {key: to_plain(rules.take(key)) for key in kept},
        path=rules.path,
        origins={key: rules.origin_of(key) for key in rules.node},
        origin=wrapper.origin_of("paramwise_cfg"),
    )
    return {"paramwise": call}


def _describe_constructor(wrapper: Section, *, old: bool) -> Call | None:
    """Describe a constructor of the user's, with what the original would give it."""
    node = ConfigDict()
    node.put("type", wrapper.node["constructor"], wrapper.origin_of("constructor"))
    found = CONSTRUCTOR_TABLE.translate(Section(node, wrapper.path, wrapper.report))
    paramwise = to_plain(wrapper.take("paramwise_cfg", to="model.optimizer"))
    wrapper.take("optimizer", to="model.optimizer")
    own = ("constructor", "paramwise_cfg", "generation")
    words = {key: value for key, value in wrapper.node.items() if key not in own}
    config = to_plain(wrapper.node.get("optimizer") if old else words)
    if found is None:
        return None
    kwargs = {"constructor": found.target, "config": config, "paramwise": paramwise}
    if old:
        kwargs["generation"] = "0.x"
    return replace(found, target=f"{_O}.constructor.ConstructedOptimizer", kwargs=kwargs)
