import pytest
import torch
from torch import nn

from mmlight.models.backbones.repvgg import MTSPPF, RepVGG, get_arch
from mmlight.weights.name_map import name_map

TINY = {
    "num_blocks": [1, 2],
    "width_factor": [0.5, 0.5],
    "group_layer_map": {2: 2},
    "se_cfg": {"ratio": 2, "divisor": 1},
}
TWO = {"base_channels": 16, "strides": (2, 1), "dilations": (1, 2), "out_indices": (0, 1)}


def _backbone(**kwargs) -> RepVGG:
    torch.manual_seed(0)
    backbone = RepVGG(TINY, **{**TWO, **kwargs}).eval()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean)
            nn.init.normal_(module.bias)
    return backbone


@pytest.mark.parametrize("arch", ["A0", "B1g4", "D2se", "yolox-pai-small"])
@pytest.mark.parametrize("deploy", [False, True])
def test_gives_a_feature_per_stage(arch, deploy) -> None:
    with torch.device("meta"):
        backbone = RepVGG(arch, deploy=deploy, out_indices=(0, 3))
        features = backbone(torch.rand(1, 3, 64, 64))
    assert [feature.shape[2] for feature in features] == [16, 2]


def test_fusing_keeps_the_output_when_squeezing_stays() -> None:
    backbone = _backbone(se_in_deploy=True, add_ppf=True)
    images = torch.rand(2, 3, 32, 32)
    before = backbone(images)
    backbone.switch_to_deploy()
    backbone.switch_to_deploy()
    assert backbone.deploy
    torch.testing.assert_close(backbone(images), before, rtol=1e-4, atol=1e-5)


def test_fusing_forgets_squeezing_by_default() -> None:
    backbone = _backbone()
    images = torch.rand(2, 3, 32, 32)
    before = backbone(images)
    backbone.switch_to_deploy()
    assert not torch.allclose(backbone(images)[1], before[1], rtol=1e-2)


@pytest.mark.parametrize("se_in_deploy", [False, True])
def test_fused_weights_fit_a_backbone_built_fused(se_in_deploy) -> None:
    backbone = _backbone(se_in_deploy=se_in_deploy)
    backbone.switch_to_deploy()
    built = RepVGG(TINY, **TWO, deploy=True, se_in_deploy=se_in_deploy).eval()
    assert name_map(built).to_mm == name_map(backbone).to_mm
    built.load_state_dict(backbone.state_dict())
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(built(images), backbone(images))


def test_freezes_stem_and_first_stages() -> None:
    backbone = RepVGG(TINY, **TWO, frozen_stages=1).train()
    learned = {name for name, value in backbone.named_parameters() if value.requires_grad}
    assert learned == {
        n for n, _ in backbone.named_parameters() if n.startswith("network.stages.1")
    }
    assert not backbone.network.stages[0].training


def test_pooling_keeps_the_shape() -> None:
    block = MTSPPF(8, {"type": "BN"}, {"type": "ReLU"})
    assert block(torch.rand(2, 8, 7, 7)).shape == (2, 8, 7, 7)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "A7"}, "arch must be one of .* got 'A7'"),
        ({"arch": {"num_blocks": [1]}}, "arch must have the keys num_blocks, width_factor"),
        ({"arch": TINY, **TWO, "strides": (2, 2, 2)}, r"strides must .* got \(2, 2, 2\)"),
        ({"arch": TINY, **TWO, "conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .*'DCN'"),
        ({"arch": TINY, **TWO, "out_indices": (2,)}, r"out_indices must be in \[0, 2\), got \(2,"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        RepVGG(**kwargs)


def test_raises_when_the_norm_cannot_be_fused() -> None:
    backbone = RepVGG(TINY, **TWO, norm_cfg={"type": "GN", "num_groups": 2})
    with pytest.raises(ValueError, match="norm_cfg must be of type 'BN' to be fused, got 'GN'"):
        backbone.switch_to_deploy()


def test_names_of_groups_differ_from_names_of_stages() -> None:
    assert get_arch("B2g2")["group_layer_map"][26] == 2
    assert get_arch("B2")["group_layer_map"] is None
