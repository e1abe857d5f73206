"""Networks of timm with random weights, and ours with the same: names, layouts and logits."""

from typing import Any

import pytest
import timm
import torch
from torch import nn

from mmlight.errors import WeightsError
from mmlight.models.backbones.lenet import LeNet5
from mmlight.models.backbones.resnet import ResNet
from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.translate.models import MODEL_TABLE
from mmlight.weights.load import match_state
from mmlight.weights.timm_names import check_timm, find_classifier, timm_map
from mmlight.weights.timm_rules import DIFFERENCES
from tests.reference.twin import build_ours

GAP = {"type": "GlobalAveragePooling"}
GAP_1D = {"type": "GlobalAveragePooling", "dim": 1}
SWIN = {"img_size": 224, "drop_path_rate": 0.2}
TINY = {"arch": "deit-tiny", "img_size": 224, "patch_size": 16}
LEVIT = {"img_size": 224, "patch_size": 16, "attn_ratio": 2, "mlp_ratio": 2, "out_indices": (2,)}
XCIT = {
    "patch_size": 16,
    "embed_dims": 128,
    "depth": 12,
    "num_heads": 4,
    "mlp_ratio": 4,
    "qkv_bias": True,
    "layer_scale_init_value": 1.0,
    "tokens_norm": False,
}
CONV_MIXER = {"arch": "768/32", "act_cfg": {"type": "ReLU"}}
STACKED = {"mid_channels": [1024], "act_cfg": {"type": "HSwish"}, "in_channels": 576}
SMALL_EPS = {"norm_cfg": {"type": "BN", "eps": 1e-5, "momentum": 0.01}}
# backbone, its arguments, head, neck, timm's network, pixels, how much logits may differ: more than
# rounding where timm's order of norm and pooling is not the originals'
TWINS = [
    ("ResNet", {"depth": 18}, "LinearClsHead", GAP, "resnet18", 64, 1e-10),
    ("ResNetV1d", {"depth": 50}, "LinearClsHead", GAP, "resnet50d", 64, 1e-10),
    ("SEResNet", {"depth": 50}, "LinearClsHead", GAP, "seresnet50", 64, 1e-10),
    ("RegNet", {"arch": "regnetx_400mf"}, "LinearClsHead", GAP, "regnetx_004", 64, 1e-10),
    ("MobileNetV2", {}, "LinearClsHead", GAP, "mobilenetv2_100", 64, 1e-10),
    ("MobileNetV3", SMALL_EPS, "StackedLinearClsHead", GAP, "mobilenetv3_small_100", 64, 1e-10),
    ("EfficientNet", {"arch": "b0"}, "LinearClsHead", GAP, "tf_efficientnet_b0", 64, 1e-10),
    ("EfficientNetV2", {"arch": "b0"}, "LinearClsHead", GAP, "tf_efficientnetv2_b0", 64, 1e-10),
    ("ConvNeXt", {"arch": "tiny"}, "LinearClsHead", None, "convnext_tiny", 64, 1e-10),
    (
        *("VisionTransformer", TINY, "VisionTransformerClsHead", None),
        *("deit_tiny_patch16_224", 224, 1e-10),
    ),
    (
        *("DistilledVisionTransformer", TINY, "DeiTClsHead", None),
        *("deit_tiny_distilled_patch16_224", 224, 1e-10),
    ),
    (
        *("SwinTransformer", {"arch": "tiny", **SWIN}, "LinearClsHead", GAP),
        *("swin_tiny_patch4_window7_224", 224, 1e-10),
    ),
    ("RepVGG", {"arch": "A0"}, "LinearClsHead", GAP, "repvgg_a0", 64, 1e-10),
    ("MobileOne", {"arch": "s0"}, "LinearClsHead", GAP, "mobileone_s0", 64, 1e-10),
    ("MobileViT", {"arch": "xx_small"}, "LinearClsHead", GAP, "mobilevit_xxs", 64, 1e-10),
    ("LeViT", {"arch": "128s", **LEVIT}, "LeViTClsHead", GAP, "levit_128s", 224, 1e-10),
    ("EfficientFormer", {}, "EfficientFormerClsHead", GAP_1D, "efficientformer_l1", 224, 1e-10),
    ("XCiT", XCIT, "LinearClsHead", None, "xcit_nano_12_p16_224", 64, 1e-10),
    ("PoolFormer", {"arch": "s12"}, "LinearClsHead", GAP, "poolformer_s12", 64, 1.0),
    ("ConvMixer", CONV_MIXER, "LinearClsHead", GAP, "convmixer_768_32", 64, 1e-10),
    ("InceptionV3", {"num_classes": 1000}, "ClsHead", None, "inception_v3", 96, 1e-10),
]


def randomize(network: nn.Module) -> None:
    """Draw random weights and random statistics of norms."""
    with torch.no_grad():
        for value in network.parameters():
            if value.ndim > 1:
                value.normal_(std=(1 / max(1, value[0].numel())) ** 0.5)
            else:
                value.normal_(0.5, 0.2)
        for name, value in network.named_buffers():
            if name.endswith("running_mean"):
                value.normal_(0, 0.1)
            if name.endswith("running_var"):
                value.uniform_(0.8, 1.2)


def count_channels(network: nn.Module) -> int:
    """Return the input channels of a network's classifier."""
    name: Any = network.pretrained_cfg["classifier"]
    layer: Any = network.get_submodule(name if isinstance(name, str) else name[0])
    return int(getattr(layer, "linear", layer).in_features)


def build_twins(row: Any) -> tuple[nn.Module, Any]:
    kind, arguments, head, neck, name = row[:5]
    torch.manual_seed(0)
    theirs = timm.create_model(name)
    randomize(theirs)
    words = {"type": head}
    if head != "ClsHead":
        words |= {"num_classes": 1000, "in_channels": count_channels(theirs)}
    words |= STACKED if head.startswith("Stacked") else {}
    words |= {"distillation": True} if head.startswith(("LeViT", "Eff")) else {}
    cfg = {"backbone": {"type": kind, **arguments}, "neck": neck, "head": words}
    return theirs, build_ours({"type": "ImageClassifier", **cfg})


@pytest.mark.slow
@pytest.mark.parametrize("row", TWINS, ids=[row[4] for row in TWINS])
def test_takes_weights_of_timm_and_gives_them_back(row: Any) -> None:
    theirs, ours = build_twins(row)
    state = theirs.state_dict()
    values, report = match_state(ours, state, row[4])
    assert report.is_exact, str(report)
    assert report.words == "timm"
    ours.load_state_dict(values, strict=False)
    names = check_timm(ours, timm_map(ours), "a.pth")
    returned = names.state_dict_to_mm(ours.state_dict()).state
    assert returned.keys() == state.keys()
    assert all(torch.equal(returned[name], value) for name, value in state.items())
    images = torch.randn(2, 3, row[5], row[5], dtype=torch.float64)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            expected = theirs.double().eval()(images)
            found = ours.double().eval().head(ours.extract_features(images))
    finally:
        torch.set_default_dtype(torch.float32)
    found = sum(found) if isinstance(found, tuple) else found
    expected = sum(expected) if isinstance(expected, tuple) else expected
    assert (found - expected).abs().max() <= row[6] * expected.abs().max()


def classifier(backbone: nn.Module, neck: nn.Module | None = None) -> nn.Module:
    model = nn.Module()
    model.backbone, model.neck = backbone, neck
    model.head = nn.ModuleDict({"fc": nn.Linear(512, 3)})
    return model


def test_maps_a_bare_backbone() -> None:
    names = timm_map(ResNet(18))
    assert names is not None
    assert names.to_mm["network.layer1.0.bn1.weight"] == "layer1.0.bn1.weight"
    assert not [name for name in names.to_ours if name.startswith("fc.")]


def test_maps_any_network_of_timm_by_its_own_words() -> None:
    backbone = TIMMBackbone("tf_efficientnet_lite0")
    assert find_classifier(backbone) == "classifier"
    names = timm_map(classifier(backbone))
    assert names is not None
    assert names.to_ours["classifier.weight"] == "head.fc.weight"
    assert names.to_ours["conv_stem.weight"] == "backbone.timm_model.conv_stem.weight"


def test_has_no_names_for_a_network_that_timm_lacks() -> None:
    assert timm_map(classifier(LeNet5(10))) is None
    assert timm_map(nn.Linear(1, 1)) is None
    with pytest.raises(
        WeightsError, match=r"a\.pth: timm has no network that is a LeNet5"
    ) as error:
        check_timm(classifier(LeNet5(10)), None, "a.pth")
    assert error.value.next_step == "Write it with --to mm."


def test_names_the_part_that_timm_lacks() -> None:
    model = classifier(ResNet(18), nn.ModuleDict({"proj": nn.Linear(2, 2)}))
    with pytest.raises(
        WeightsError, match=r"timm's ResNet has nothing that is 'neck\.proj\.weight'"
    ):
        check_timm(model, timm_map(model), "a.pth")


def test_tells_when_timm_computes_something_else() -> None:
    row = next(row for row in TWINS if row[0] == "PoolFormer")
    theirs, ours = build_twins(row)
    report = match_state(ours, theirs.state_dict(), "a.pth")[1]
    assert str(report).endswith(
        "other logits: timm normalizes behind the pooling, this network before it"
    )
    assert match_state(ours, ours.state_dict(), "a.pth")[1].caution == ""
    assert DIFFERENCES.keys() <= MODEL_TABLE.rows.keys()
