"""Upgrades `model`: batch augments of `train_cfg.augments`, and the words of single modules."""

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop

AUGMENTS = {"BatchMixup": "Mixup", "BatchCutMix": "CutMix", "BatchResizeMix": "ResizeMix"}


def upgrade_model(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `model`.

    From: mmcls 0.25 `ImageClassifier` and `Augments`.
    """
    if not isinstance(old.get("model"), ConfigDict):
        return
    model, origin = pop(old, "model")
    new.put("model", model, origin)
    train_cfg = model.get("train_cfg")
    if isinstance(train_cfg, ConfigDict) and train_cfg.get("augments"):
        _upgrade_augments(train_cfg)
    # 0.x fills in a checkpoint's weights first and the residual blocks' zeros afterwards
    model.put("pretrained_last", False, origin)
    if isinstance(model.get("backbone"), ConfigDict):
        _upgrade_backbone(model["backbone"])
    if isinstance(model.get("head"), ConfigDict) and isinstance(model["head"].get("loss"), dict):
        _upgrade_loss(model["head"]["loss"], notes)


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
    if backbone.get("drop_path_rate") and ("ResNet" in kind or "ResNeXt" in kind):
        # the same rate in every block, where 1.x raises it from block to block
        backbone.put("drop_path_schedule", "constant", backbone.origin_of("drop_path_rate"))


def _upgrade_loss(loss: ConfigDict, notes: list[Note]) -> None:
    """Drop what the loss of 0.x takes but does not use.

    From: mmcls 0.25 `LabelSmoothLoss`.
    """
    for key in ("loss_weight", "reduction") if loss.get("type") == "LabelSmoothLoss" else ():
        if key in loss:
            text = "LabelSmoothLoss of mmcls 0.25 does not use it."
            notes.append(Note(f"model.head.loss.{key}", text, pop(loss, key)[1]))
