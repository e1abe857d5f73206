"""Upgrades `model`: batch augments of `train_cfg.augments`, and the words of single modules."""

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop

AUGMENTS = {"BatchMixup": "Mixup", "BatchCutMix": "CutMix", "BatchResizeMix": "ResizeMix"}
MULTI_LABEL_HEADS = ("MultiLabelClsHead", "MultiLabelLinearClsHead", "CSRAClsHead")
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
    if isinstance(head, ConfigDict):
        _upgrade_head(head, notes)


def upgrade_part(part: ConfigDict) -> ConfigDict:
    """Return one module of a model, a backbone or a loss, that 0.x code builds by itself."""
    part = part.copy()
    _upgrade_backbone(part)
    _upgrade_head(part, [])
    _upgrade_loss(part, [])
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

    From: mmcls 0.25 `VisionTransformer(output_cls_token=..., with_cls_token=...)`,
    `ResNet(drop_path_rate=...)`.
    """
    kind = str(backbone.get("type"))
    if "output_cls_token" in backbone:
        flag, origin = pop(backbone, "output_cls_token")
        backbone.put("out_type", "cls_token" if flag else "featmap", origin)
    if kind == "T2T_ViT":
        # 1.x multiplies the products of query and key where 0.x and the paper divide them
        backbone.put("attention_scale", "divide", backbone.origin)
    has_token = kind == "T2T_ViT" or "VisionTransformer" in kind
    if has_token and backbone.get("with_cls_token") is False:
        # 0.x keeps a class token until positions are added
        backbone.put("drops_cls_token", True, backbone.origin_of("with_cls_token"))
    if kind == "ConvNeXt":
        backbone.setdefault("init_cfg", None)  # a truncated normal in 1.x
        backbone.put("downsample_norm_eps", 1e-5, backbone.origin)  # that of norm_cfg in 1.x
    if kind == "EfficientNet" and str(backbone.get("arch")).startswith("e"):
        # EdgeTPU's blocks shrink the map in their last convolution, in the first in 1.x
        backbone.put("edge_stride", "last", backbone.origin_of("arch"))
    if kind == "SwinTransformerV2" and backbone.get("stage_cfgs") is not None:
        _upgrade_merging(backbone["stage_cfgs"])
    if kind == "VAN" and isinstance(backbone.get("arch"), str):
        _upgrade_van(backbone)
    if backbone.get("drop_path_rate") and ("ResNet" in kind or "ResNeXt" in kind):
        # the same rate in every block, where 1.x raises it from block to block
        backbone.put("drop_path_schedule", "constant", backbone.origin_of("drop_path_rate"))


def _upgrade_merging(stage_cfgs: ConfigDict | ConfigList) -> None:
    """Say where merging normalizes: before, unless the stage says otherwise; 1.x behind.

    From: mmcls 0.25 `SwinTransformerV2(stage_cfgs=...)`, `PatchMerging(is_post_norm=False)`.
    """
    for stage in [stage_cfgs] if isinstance(stage_cfgs, ConfigDict) else stage_cfgs:
        merging = stage.setdefault("downsample_cfg", node(stage.origin))
        if "is_post_norm" in merging:
            move(merging, "is_post_norm", merging, "use_post_norm")


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


def _upgrade_head(head: ConfigDict, notes: list[Note]) -> None:
    """Say what 0.x meant by the same words.

    From: mmcls 0.25 `ConformerHead`, `StackedLinearClsHead`, `MultiLabelClsHead`, `CSRAClsHead`.
    """
    if isinstance(head.get("loss"), ConfigDict):
        _upgrade_loss(head["loss"], notes)
    kind = head.get("type")
    if kind == "ConformerHead":
        _upgrade_conformer_head(head, notes)
    if kind == "StackedLinearClsHead" and "init_cfg" in head:
        text = "StackedLinearClsHead of mmcls 0.25 does not use it."
        notes.append(Note("model.head.init_cfg", text, pop(head, "init_cfg")[1]))
    if kind in MULTI_LABEL_HEADS:
        head.setdefault("difficult_as_positive", True)  # 1.x has no targets of -1
    if kind == "CSRAClsHead":
        head.setdefault("logits_as_scores", True)  # a sigmoid in 1.x


def _upgrade_conformer_head(head: ConfigDict, notes: list[Note]) -> None:
    """Drop start values that 0.x overwrites by the default of 1.x, and average the losses.

    From: mmcls 0.25 `ConformerHead.init_weights` and `.loss`.
    """
    initial = head.get("init_cfg")
    is_pretrained = isinstance(initial, ConfigDict) and initial.get("type") == "Pretrained"
    if "init_cfg" in head and not is_pretrained:
        origin = pop(head, "init_cfg")[1]
        text = "ConformerHead of mmcls 0.25 does not use it."
        notes.append(Note("model.head.init_cfg", text, origin))
    head.setdefault("branch_reduction", "mean")  # a sum in 1.x


def _upgrade_loss(loss: ConfigDict, notes: list[Note]) -> None:
    """Drop what the loss of 0.x takes but does not use.

    From: mmcls 0.25 `LabelSmoothLoss`.
    """
    for key in ("loss_weight", "reduction") if loss.get("type") == "LabelSmoothLoss" else ():
        if key in loss:
            text = "LabelSmoothLoss of mmcls 0.25 does not use it."
            notes.append(Note(f"model.head.loss.{key}", text, pop(loss, key)[1]))
