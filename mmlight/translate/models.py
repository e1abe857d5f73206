"""Translates `model` and `data_preprocessor` into the arguments of `ImageClassifier`.

The types themselves are listed in `model_rows.py`.
"""

from typing import Any, Final

from mmlight.read.node import ConfigDict
from mmlight.registry import BATCH_AUGMENTS, INITIALIZERS, MODELS
from mmlight.spec import Call
from mmlight.translate.model_defects import note_defects
from mmlight.translate.model_rows import MODEL_ROWS
from mmlight.translate.other_models import CLASSIFIER, refuse_unknown_model
from mmlight.translate.section import Section
from mmlight.translate.table import Row, Table, bare_name
from mmlight.upgrade.model import upgrade_part

_INIT = "mmlight.models.initializers"
_FILE = "mmlight/translate/models.py"

INITIALIZER_ROWS: Final = tuple(
    Row(name, f"{_INIT}.{target}")
    for name, target in (
        ("Constant", "Constant"),
        ("Normal", "Normal"),
        ("TruncNormal", "TruncNormal"),
        ("Uniform", "Uniform"),
        ("Xavier", "Xavier"),
        ("Kaiming", "Kaiming"),
        ("Caffe2Xavier", "Caffe2Xavier"),
        ("Pretrained", "Pretrained"),
    )
)

AUGMENT_ROWS: Final = tuple(
    Row(name, f"mmlight.models.batch_augments.{name}")
    for name in ("Mixup", "CutMix", "ResizeMix", "Identity")
)

PREPROCESSOR_ROWS: Final = (
    Row("ClsDataPreprocessor", "mmlight.models.preprocessor.ImagePreprocessor"),
)

INITIALIZER_TABLE = Table(
    "initializer", INITIALIZER_ROWS, INITIALIZERS, file=_FILE, scopes=("mmcv", "mmengine")
)
MODEL_TABLE: Table = Table(
    "model",
    MODEL_ROWS,
    MODELS,
    file="mmlight/translate/model_rows.py",
    nested={
        "init_cfg": lambda: INITIALIZER_TABLE,
        "loss": lambda: MODEL_TABLE,
        "module": lambda: MODEL_TABLE,
    },
    upgrade=upgrade_part,
)
AUGMENT_TABLE = Table("batch augment", AUGMENT_ROWS, BATCH_AUGMENTS, file=_FILE)
PREPROCESSOR_TABLE = Table("data preprocessor", PREPROCESSOR_ROWS, MODELS, file=_FILE)


def translate_model(top: Section) -> dict[str, Any]:
    """Return the arguments of `ImageClassifier` that describe the network.

    From: mmpretrain 1.2 `ImageClassifier.__init__`.
    """
    top.take("data_preprocessor")  # read below, if the model is one
    if top.take("model") is None:
        top.refuse("model", "the config has no model", next_step="Add model = dict(...).")
        return {}
    model = top.take_section("model")
    kind = model.take("type")
    if bare_name(kind) != CLASSIFIER:
        refuse_unknown_model(model, kind)
        return {}
    model.use("type", "mmlight.module.ImageClassifier")
    arguments: dict[str, Any] = {}
    if model.node.get("backbone") is None:
        model.refuse(
            "backbone", "the classifier has no backbone", next_step="Add backbone=dict(type=...)."
        )
    for part in ("backbone", "neck", "head"):
        if model.take(part) is not None:
            arguments[part] = _translate_part(model, part)
            if isinstance(model.node[part], ConfigDict):
                note_defects(model.take_section(part))
    if model.take("init_cfg") is not None:
        arguments["init_cfg"] = INITIALIZER_TABLE.translate_nested(model, "init_cfg")
    if not model.take("pretrained_last", True, to="model.pretrained_last"):
        arguments["pretrained_last"] = False
    _translate_pretrained(model, arguments)
    _translate_preprocessing(top, model, arguments)
    model.finish()
    return arguments


def _translate_part(model: Section, part: str) -> Any:
    """Translate a part; a list of necks becomes one."""
    if part != "neck" or not isinstance(model.node[part], (list, tuple)):
        return MODEL_TABLE.translate_entry(model, part)
    necks = MODEL_TABLE.translate_list(model, part)
    return model.call("mmlight.models.necks.chain.NeckChain", {"necks": necks}, begin=part)


def _translate_pretrained(model: Section, arguments: dict[str, Any]) -> None:
    """Read the short form `pretrained='...'` of an `init_cfg`."""
    checkpoint = model.take("pretrained")
    if checkpoint is not None:
        origin = model.origin_of("pretrained")
        kwargs = {"checkpoint": checkpoint}
        path = model.key_path("pretrained")
        arguments["init_cfg"] = Call(
            f"{_INIT}.Pretrained", kwargs, path=path, origins={"checkpoint": origin}, origin=origin
        )


def _translate_preprocessing(top: Section, model: Section, arguments: dict[str, Any]) -> None:
    """Read `data_preprocessor`, in the model or beside it, and the batch augments."""
    beside = top.take("data_preprocessor")
    inside = model.take("data_preprocessor")
    if beside is None and inside is None:
        preprocessor = None
    else:
        owner = model if inside is not None else top
        preprocessor = owner.take_section("data_preprocessor")
        if inside is not None:
            top.ignore("The model has a preprocessor of its own.", "data_preprocessor")
    settings = model.take_section("train_cfg")
    if not settings.node:
        model.use("train_cfg", "empty: no batch augments")
    if preprocessor is not None:
        within = preprocessor.take_section("batch_augments")
        settings = within if within.node else settings
        call = PREPROCESSOR_TABLE.translate(preprocessor, default="ClsDataPreprocessor")
        if call is not None:
            arguments["preprocessor"] = call
    augments = AUGMENT_TABLE.translate_list(settings, "augments")
    if augments:
        kwargs = {
            "augments": augments,
            "probs": settings.take("probs"),
            "num_classes": _find_num_classes(settings, preprocessor, model),
            "generation": settings.take("generation", "1.x"),
        }
        target = "mmlight.models.batch_augments.RandomBatchAugment"
        arguments["batch_augments"] = settings.call(target, kwargs, begin="augments")
    settings.finish()


def _find_num_classes(settings: Section, preprocessor: Section | None, model: Section) -> Any:
    """Return the number of classes that soft labels need, from wherever the config says it."""
    number = settings.take("num_classes")
    if number is None and preprocessor is not None:
        number = preprocessor.node.get("num_classes")
    if number is None:
        head = model.node.get("head")
        if isinstance(head, dict):
            number = head.get("num_classes")
        else:
            number = getattr(head, "num_classes", None)
    if number is None:
        settings.refuse(
            "augments",
            "batch augments need the number of classes",
            next_step="Set data_preprocessor.num_classes.",
        )
    return number
