"""Upgrades `model`: batch augments of `train_cfg.augments`, and the words of single modules."""

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop

AUGMENTS = {"BatchMixup": "Mixup", "BatchCutMix": "CutMix", "BatchResizeMix": "ResizeMix"}
# the names of van-b0 to b3 in 1.x; the larger ones have none and are written out
VAN_NAMES = {"b0": "tiny", "b1": "small", "b2": "base", "b3": "large"}
VAN_SIZES = {
    "b4": ([64, 128, 320, 512], [3, 6, 40, 3]),
    "b5": ([96, 192, 480, 768], [3, 3, 24, 3]),
    "b6": ([96, 192, 384, 768], [6, 6, 90, 6]),
}


def upgrade_model(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `model`.

    From: mmcls 0.25 `ImageClassifier` and `Augments`.
    """
    if old.get("model") is None:
        return
    model, origin = pop(old, "model")
    new.put("model", model, origin)
    if (model.get("train_cfg") or {}).get("augments"):
        _upgrade_augments(model["train_cfg"])
    # 0.x fills in a checkpoint's weights first and the residual blocks' zeros afterwards
    model.put("pretrained_last", False, origin)
    if isinstance(model.get("backbone"), ConfigDict):
        _upgrade_backbone(model["backbone"])
    head = model.get("head")
    if isinstance(head, ConfigDict) and isinstance(head.get("loss"), dict):
        _upgrade_loss(head["loss"], notes)
    if isinstance(head, ConfigDict) and head.get("type") == "ConformerHead":
        initial = node(head.origin, type="Normal", layer="Linear", std=0.01)
        head.setdefault("init_cfg", initial)  # a truncated normal in 1.x


def upgrade_part(part: ConfigDict) -> ConfigDict:
    """Return one module of a model, a backbone or a loss, that 0.x code builds by itself."""
    part = part.copy()
    _upgrade_backbone(part)
    for loss in (part, part.get("loss")):
        if isinstance(loss, ConfigDict):
            _upgrade_loss(loss, [])
    return part


def _upgrade_augments(train_cfg: ConfigDict) -> None:
    """Split each augment into its 1.x type and its probability."""
    augments, origin = pop(train_cfg, "augments")
    augments = [augments] if isinstance(augments, ConfigDict) else augments
    kept, probs = ConfigList(), []
    num_classes, classes_origin = None, None
    for augment in augments:
        augment.put(
            "type", AUGMENTS.get(augment["type"], augment["type"]), augment.origin_of("type")
        )
        if "num_classes" in augment:
            num_classes, classes_origin = pop(augment, "num_classes")
        probs.append(augment.pop("prob", 1.0))
        kept.append(augment)
    upgraded = node(origin, augments=kept, probs=probs, generation="0.x")
    if num_classes is not None:
        upgraded.put("num_classes", num_classes, classes_origin)
    for key in list(upgraded):
        move(upgraded, key, train_cfg, key)


def _upgrade_backbone(backbone: ConfigDict) -> None:
    """Say what 0.x meant by the same words.

    From: mmcls 0.25 `VisionTransformer(output_cls_token=...)`, `ResNet(drop_path_rate=...)`.
    """
    kind = str(backbone.get("type"))
    if "output_cls_token" in backbone:
        flag, origin = pop(backbone, "output_cls_token")
        backbone.put("out_type", "cls_token" if flag else "featmap", origin)
    if kind == "ConvNeXt":
        backbone.setdefault("init_cfg", None)  # a truncated normal in 1.x
    if kind == "VAN" and isinstance(backbone.get("arch"), str):
        _upgrade_van(backbone)
    if backbone.get("drop_path_rate") and ("ResNet" in kind or "ResNeXt" in kind):
        # the same rate in every block, where 1.x raises it from block to block
        backbone.put("drop_path_schedule", "constant", backbone.origin_of("drop_path_rate"))


def _upgrade_van(backbone: ConfigDict) -> None:
    """Name the size as 1.x does.

    From: mmcls 0.25 `VAN.arch_zoo`.
    """
    size, origin = backbone["arch"], backbone.origin_of("arch")
    backbone.put("arch", VAN_NAMES.get(size, size), origin)
    if size in VAN_SIZES:
        widths, depths = VAN_SIZES[size]
        words = {"embed_dims": widths, "depths": depths, "ffn_ratios": [8, 8, 4, 4]}
        backbone.put("arch", node(origin, **words), origin)


def _upgrade_loss(loss: ConfigDict, notes: list[Note]) -> None:
    """Drop what the loss of 0.x takes but does not use.

    From: mmcls 0.25 `LabelSmoothLoss`.
    """
    for key in ("loss_weight", "reduction") if loss.get("type") == "LabelSmoothLoss" else ():
        if key in loss:
            text = "LabelSmoothLoss of mmcls 0.25 does not use it."
            notes.append(Note(f"model.head.loss.{key}", text, pop(loss, key)[1]))
