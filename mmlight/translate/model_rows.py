"""The classes that backbones, necks, heads and losses of a config become.

To add a type: 1. write the class; 2. add its name here, and an Offer in
`mmlight/compat/offers/models.py`; 3. tests/test_tables.py then checks that it imports, and
tests/reference/test_corpus_models.py that it is the original's.
"""

from collections.abc import Mapping
from typing import Final

from mmlight.translate.table import Row

BACKBONES: Final[Mapping[str, str]] = {
    "beit": "BEiTViT",
    "conformer": "Conformer",
    "convmixer": "ConvMixer",
    "convnext": "ConvNeXt",
    "cspnet": "CSPDarkNet CSPResNet CSPResNeXt",
    "davit": "DaViT",
    "deit": "DistilledVisionTransformer",
    "deit3": "DeiT3",
    "densenet": "DenseNet",
    "edgenext": "EdgeNeXt",
    "efficientformer": "EfficientFormer",
    "efficientnet": "EfficientNet",
    "efficientnet_v2": "EfficientNetV2",
    "hivit": "HiViT",
    "hornet": "HorNet",
    "hrnet": "HRNet",
    "inception_v3": "InceptionV3",
    "lenet": "LeNet5",
    "levit": "LeViT",
    "lora": "LoRAModel",
    "mixmim": "MixMIMTransformer",
    "mlp_mixer": "MlpMixer",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3": "MobileNetV3",
    "mobileone": "MobileOne",
    "mobilevit": "MobileViT",
    "mocov3_vit": "MoCoV3ViT",
    "mvit": "MViT",
    "poolformer": "PoolFormer",
    "regnet": "RegNet",
    "replknet": "RepLKNet",
    "repmlp": "RepMLPNet",
    "repvgg": "RepVGG",
    "res2net": "Res2Net",
    "resnest": "ResNeSt",
    "resnet": "ResNet ResNetV1c ResNetV1d ResNet_CIFAR ResNeXt SEResNet SEResNeXt",
    "revvit": "RevVisionTransformer",
    "riformer": "RIFormer",
    "shufflenet_v1": "ShuffleNetV1",
    "shufflenet_v2": "ShuffleNetV2",
    "swin_transformer": "SwinTransformer",
    "swin_transformer_v2": "SwinTransformerV2",
    "t2t_vit": "T2T_ViT",
    "timm_model": "TIMMBackbone",
    "tinyvit": "TinyViT",
    "tnt": "TNT",
    "twins": "PCPVT SVT",
    "van": "VAN",
    "vgg": "VGG",
    "vig": "Vig PyramidVig",
    "vision_transformer": "VisionTransformer",
    "vit_eva02": "ViTEVA02",
    "vit_sam": "ViTSAM",
    "xcit": "XCiT",
}
"""Module below `mmlight.models.backbones` → the types in it."""

NECKS: Final[Mapping[str, str]] = {
    "batch_norm": "ClsBatchNormNeck",
    "gap": "GlobalAveragePooling",
    "gem": "GeneralizedMeanPooling",
    "hr_fuse": "HRFuseScales",
}
HEADS: Final[Mapping[str, str]] = {
    "cls_head": "ClsHead",
    "conformer_head": "ConformerHead",
    "csra_head": "CSRAClsHead",
    "deit_head": "DeiTClsHead",
    "efficientformer_head": "EfficientFormerClsHead",
    "levit_head": "LeViTClsHead",
    "linear_head": "LinearClsHead",
    "margin_head": "ArcFaceClsHead",
    "multi_label_head": "MultiLabelClsHead MultiLabelLinearClsHead",
    "stacked_head": "StackedLinearClsHead",
    "vig_head": "VigClsHead",
    "vision_transformer_head": "VisionTransformerClsHead",
}
LOSSES: Final[Mapping[str, str]] = {
    "asymmetric_loss": "AsymmetricLoss",
    "cross_entropy_loss": "CrossEntropyLoss",
    "focal_loss": "FocalLoss",
    "label_smooth_loss": "LabelSmoothLoss",
    "seesaw_loss": "SeesawLoss",
}


def _rows(folder: str, types: Mapping[str, str]) -> tuple[Row, ...]:
    return tuple(
        Row(name, f"mmlight.models.{folder}.{module}.{name}")
        for module, names in types.items()
        for name in names.split()
    )


MODEL_ROWS: Final = (
    *_rows("backbones", BACKBONES),
    Row(  # the originals have no such type: a user's class of that name wins
        "TorchvisionBackbone",
        "mmlight.models.backbones.torchvision_model.TorchvisionBackbone",
        scopes=("mmlight",),
    ),
    *_rows("necks", NECKS),
    *_rows("heads", HEADS),
    *_rows("losses", LOSSES),
)
