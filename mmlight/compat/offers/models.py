"""Backbones, necks, heads, losses, classifiers and batch augments."""

from collections.abc import Iterator
from typing import Final

from mmlight.compat.offers.offer import Offer
from mmlight.translate.model_rows import BACKBONES


def _model(
    home: str,
    names: str,
    place: str,
    exported: str = "",
    packages: tuple[str, ...] = ("mmcls", "mmpretrain"),
) -> tuple[Offer, ...]:
    """Offer parts of models that the generations have under the same names.

    Args:
        home: Our module.
        names: As in `Offer`.
        place: The module below `models` that defines them.
        exported: Names, of those, that `models` and the package in between export; all when empty.
        packages: The generations that have them.
    """
    tops = [f"{package}.models" for package in packages]
    middle = place.rpartition(".")[0]
    above = " ".join(f"{top} {top}.{middle}" for top in tops)
    whole = " ".join(f"{top}.{place}" for top in tops)
    return Offer(home, names, whole), Offer(home, exported or names, above)


def _backbones() -> tuple[Offer, ...]:
    """Offer each backbone where each generation has it."""
    offers: list[Offer] = []
    for module, names in BACKBONES.items():
        for name in () if module in _ELSEWHERE else names.split():
            place = f"backbones.{_PLACES.get(name, module)}"
            packages = ("mmpretrain",) if module in _ONLY_NEW else ("mmcls", "mmpretrain")
            offers += _model(f"{_B}.{module}", name, place, packages=packages)
    return tuple(offers)


_B = "mmlight.models.backbones"
_ELSEWHERE: Final = ("lora", "mocov3_vit")
"""Modules of backbones that are offered below."""
_ONLY_NEW: Final = (
    *("beit", "davit", "deit3", "edgenext", "efficientnet_v2", "hivit", "inception_v3", "levit"),
    *("mixmim", "mobileone", "mobilevit", "replknet", "revvit", "riformer", "tinyvit", "vig"),
    *("vit_eva02", "vit_sam", "xcit"),
)
"""Modules of backbones that mmcls 0.25 does not have."""
_PLACES: Final = {
    "ResNet_CIFAR": "resnet_cifar",
    "ResNeXt": "resnext",
    "SEResNet": "seresnet",
    "SEResNeXt": "seresnext",
    "TIMMBackbone": "timm_backbone",
}
"""Backbones that the originals keep in another module than ours."""
_L = "mmlight.models.losses"
_H = "mmlight.compat.cls_head"
_AUGMENTS = "mmpretrain.models.utils mmpretrain.models.utils.batch_augments mmpretrain.models"


def _heads(name: str, old: str, new: str) -> Iterator[Offer]:
    """Offer the head of each generation.

    Args:
        name: What both call it; ours for 0.x begins with `Old`.
        old: The module below `mmcls.models.heads`; empty when 0.x has no such head.
        new: The module below `mmpretrain.models.heads`.
    """
    for package, file, names in (("mmcls", old, f"{name}=Old{name}"), ("mmpretrain", new, name)):
        if file:
            above = f"{package}.models {package}.models.heads"
            yield Offer(_H, names, f"{above} {package}.models.heads.{file}")


OFFERS: Final = (
    *_backbones(),
    Offer(f"{_B}.lora", "LoRAModel", "mmpretrain.models mmpretrain.models.peft"),
    Offer(f"{_B}.mocov3_vit", "MoCoV3ViT", "mmpretrain.models.selfsup.mocov3"),
    *_model("mmlight.models.necks.gap", "GlobalAveragePooling", "necks.gap"),
    *_model(
        "mmlight.models.necks.gem",
        "GeneralizedMeanPooling gem",
        "necks.gem",
        "GeneralizedMeanPooling",
    ),
    Offer(
        "mmlight.models.necks.batch_norm",
        "ClsBatchNormNeck",
        "mmpretrain.models mmpretrain.models.necks mmpretrain.models.necks.mae_neck",
    ),
    # heads: users derive from them, so each generation has its own contract
    *_heads("ClsHead", "cls_head", "cls_head"),
    *_heads("LinearClsHead", "linear_head", "linear_head"),
    *_heads("StackedLinearClsHead", "stacked_head", "stacked_head"),
    *_heads("VisionTransformerClsHead", "vision_transformer_head", "vision_transformer_head"),
    *_heads("MultiLabelClsHead", "multi_label_head", "multi_label_cls_head"),
    *_heads("MultiLabelLinearClsHead", "multi_label_linear_head", "multi_label_linear_head"),
    *_heads("CSRAClsHead", "multi_label_csra_head", "multi_label_csra_head"),
    *_heads("ArcFaceClsHead", "", "margin_head"),
    Offer("mmlight.models.heads.margin_head", "NormProduct", "mmpretrain.models.heads.margin_head"),
    Offer("mmlight.compat.head_contract", "BaseHead", "mmcls.models.heads.base_head"),
    Offer(
        "mmlight.compat.data_sample",
        "DataSample",
        "mmpretrain.structures mmpretrain.structures.data_sample",
    ),
    Offer(
        "mmlight.compat.data_sample",
        "format_label format_score",
        "mmpretrain.structures mmpretrain.structures.utils",
    ),
    # losses
    *_model(
        f"{_L}.cross_entropy_loss",
        "CrossEntropyLoss cross_entropy binary_cross_entropy soft_cross_entropy",
        "losses.cross_entropy_loss",
        exported="CrossEntropyLoss cross_entropy binary_cross_entropy",
    ),
    *_model(f"{_L}.label_smooth_loss", "LabelSmoothLoss", "losses.label_smooth_loss"),
    *_model(
        f"{_L}.weighted",
        "weighted_loss weight_reduce_loss reduce_loss=reduce_elements convert_to_one_hot",
        "losses.utils",
    ),
    *_model(f"{_L}.focal_loss", "FocalLoss sigmoid_focal_loss", "losses.focal_loss"),
    *_model(f"{_L}.asymmetric_loss", "AsymmetricLoss asymmetric_loss", "losses.asymmetric_loss"),
    *_model(f"{_L}.seesaw_loss", "SeesawLoss seesaw_ce_loss", "losses.seesaw_loss", "SeesawLoss"),
    *_model(
        "mmlight.compat.accuracy",
        "Accuracy accuracy",
        "losses.accuracy",
        packages=("mmcls",),
    ),
    *_model("mmlight.module", "ImageClassifier", "classifiers.image"),
    Offer(
        "mmlight.models.preprocessor",
        "ClsDataPreprocessor=ImagePreprocessor",
        "mmpretrain.models mmpretrain.models.utils mmpretrain.models.utils.data_preprocessor",
    ),
    Offer(
        "mmlight.models.batch_augments",
        "Mixup",
        f"{_AUGMENTS} mmpretrain.models.utils.batch_augments.mixup",
    ),
    Offer(
        "mmlight.models.batch_augments",
        "CutMix",
        f"{_AUGMENTS} mmpretrain.models.utils.batch_augments.cutmix",
    ),
    Offer(
        "mmlight.models.batch_augments",
        "ResizeMix",
        f"{_AUGMENTS} mmpretrain.models.utils.batch_augments.resizemix",
    ),
)
