"""Translates `optim_wrapper` into an optimizer builder, gradient clipping and a precision.

Optimizers need no row: a type that no row names is looked up in `torch.optim`, then among the
user's own.
"""

from dataclasses import replace
from typing import Any, Final

from mmlight.read.node import to_plain
from mmlight.registry import OPTIMIZERS
from mmlight.spec import Call
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table, bare_name

_FILE = "mmlight/translate/optim.py"
_O = "mmlight.optim"

OPTIMIZER_ROWS: Final = tuple(
    Row(name, f"torch.optim.{name}")
    for name in (
        *("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "ASGD", "NAdam"),
        *("RAdam", "Rprop", "SparseAdam", "LBFGS"),
    )
)

OPTIMIZER_TABLE = Table(
    "optimizer", OPTIMIZER_ROWS, OPTIMIZERS, file=_FILE, scopes=("mmcv", "mmengine")
)
WRAPPERS = ("OptimWrapper", "AmpOptimWrapper")
PRECISIONS = {None: "16-mixed", "float16": "16-mixed", "bfloat16": "bf16-mixed"}


def translate_optimizer(top: Section) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return arguments of `ImageClassifier` (optimizer, grad_clip) and of the Trainer (precision).

    From: mmengine 0.10 `OptimWrapper`, `AmpOptimWrapper`, `DefaultOptimWrapperConstructor`.
    """
    if top.take("optim_wrapper") is None:
        return {}, {}
    wrapper = top.take_section("optim_wrapper")
    model: dict[str, Any] = {}
    trainer: dict[str, Any] = {}
    kind = bare_name(wrapper.take("type", "OptimWrapper"))
    if kind not in WRAPPERS:
        wrapper.refuse("type", expected=" or ".join(WRAPPERS))
    if kind == "AmpOptimWrapper":
        wrapper.use("type", "trainer.precision")
        trainer["precision"] = _translate_precision(wrapper)
    elif kind == "OptimWrapper":
        wrapper.use("type", "Lightning's automatic optimization")
    call = OPTIMIZER_TABLE.translate(wrapper.take_section("optimizer"))
    paramwise = _describe_paramwise(wrapper)
    if call is not None:
        model["optimizer"] = _describe_builder(call, paramwise)
    if wrapper.take("clip_grad") is not None:
        clip = wrapper.take_section("clip_grad")
        model["grad_clip"] = clip.call(f"{_O}.gradient_clip.GradientClip", dict(clip.node))
    wrapper.refuse_unless("accumulative_counts", 1, reason="Accumulation is not translated yet.")
    wrapper.refuse_unless(
        "constructor", None, "DefaultOptimizerConstructor", "DefaultOptimWrapperConstructor"
    )
    wrapper.finish()
    return model, trainer


def _translate_precision(wrapper: Section) -> str:
    dtype = wrapper.take("dtype", to="trainer.precision")
    if dtype not in PRECISIONS:
        wrapper.refuse("dtype", expected="'float16' or 'bfloat16'")
    scale = wrapper.take("loss_scale", to="trainer.precision")
    if scale not in (None, "dynamic"):
        wrapper.refuse(
            "loss_scale", expected="'dynamic'", next_step="A fixed scale is not translated yet."
        )
    return PRECISIONS.get(dtype, "16-mixed")


def _describe_paramwise(wrapper: Section) -> dict[str, Any]:
    if wrapper.take("paramwise_cfg") is None:
        return {}
    rules = wrapper.take_section("paramwise_cfg")
    call = Call(
        f"{_O}.parameter_groups.ParamwiseRules",
        {key: to_plain(rules.take(key)) for key in rules.node},
        path=rules.path,
        origins={key: rules.origin_of(key) for key in rules.node},
        origin=wrapper.origin_of("paramwise_cfg"),
    )
    return {"paramwise": call}


def _describe_builder(call: Call, paramwise: dict[str, Any]) -> Call:
    kwargs = {"optimizer": call.target, "options": dict(call.kwargs), **paramwise}
    return replace(call, target=f"{_O}.optimizer.OptimizerBuilder", kwargs=kwargs)
