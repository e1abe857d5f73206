"""Backbones, necks, heads, losses, classifiers and batch augments."""

from typing import Final

from mmlight.compat.offers.offer import Offer


def _model(home: str, names: str, place: str, exported: str = "") -> tuple[Offer, ...]:
    """Offer parts of models that both generations have under the same names.

    Args:
        home: Our module.
        names: As in `Offer`.
        place: The module below `models` that defines them.
        exported: Names, of those, that `models` and the package in between export; all when empty.
    """
    packages = [f"{top}.models" for top in ("mmcls", "mmpretrain")]
    middle = place.rpartition(".")[0]
    above = " ".join(f"{top} {top}.{middle}" for top in packages)
    whole = " ".join(f"{top}.{place}" for top in packages)
    return Offer(home, names, whole), Offer(home, exported or names, above)


_B = "mmlight.models.backbones"
_L = "mmlight.models.losses"
_H = "mmlight.compat.cls_head"
_AUGMENTS = "mmpretrain.models.utils mmpretrain.models.utils.batch_augments mmpretrain.models"

OFFERS: Final = (
    *_model(f"{_B}.lenet", "LeNet5", "backbones.lenet"),
    *_model(f"{_B}.resnet", "ResNet ResNetV1c ResNetV1d", "backbones.resnet"),
    *_model(f"{_B}.resnet", "ResNet_CIFAR", "backbones.resnet_cifar"),
    *_model(f"{_B}.resnet", "ResNeXt", "backbones.resnext"),
    *_model(f"{_B}.resnet", "SEResNet", "backbones.seresnet"),
    *_model(f"{_B}.resnet", "SEResNeXt", "backbones.seresnext"),
    *_model(f"{_B}.vision_transformer", "VisionTransformer", "backbones.vision_transformer"),
    *_model(f"{_B}.timm_model", "TIMMBackbone", "backbones.timm_backbone"),
    *_model("mmlight.models.necks.gap", "GlobalAveragePooling", "necks.gap"),
    # heads: users derive from them, so each generation has its own contract
    Offer(
        _H,
        "ClsHead",
        "mmpretrain.models mmpretrain.models.heads mmpretrain.models.heads.cls_head",
    ),
    Offer(
        _H,
        "LinearClsHead",
        "mmpretrain.models mmpretrain.models.heads mmpretrain.models.heads.linear_head",
    ),
    Offer(
        _H,
        "ClsHead=OldClsHead",
        "mmcls.models mmcls.models.heads mmcls.models.heads.cls_head",
    ),
    Offer(
        _H,
        "LinearClsHead=OldLinearClsHead",
        "mmcls.models mmcls.models.heads mmcls.models.heads.linear_head",
    ),
    Offer(
        "mmlight.models.heads.vision_transformer_head",
        "VisionTransformerClsHead",
        "mmpretrain.models mmpretrain.models.heads mmpretrain.models.heads.vision_transformer_head",
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
        "weighted_loss weight_reduce_loss reduce_loss=reduce_elements",
        "losses.utils",
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
