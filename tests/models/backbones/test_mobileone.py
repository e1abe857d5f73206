import pytest
import torch
from torch import nn

from mmlight.models.backbones.mobileone import MobileOne
from mmlight.weights.name_map import name_map

TINY = {
    "num_blocks": [1, 2, 1, 1],
    "width_factor": [0.125, 0.125, 0.0625, 0.0625],
    "num_conv_branches": [1, 3, 1, 2],
    "num_se_blocks": [0, 1, 0, 1],
}


@pytest.mark.parametrize("arch", ["s0", "s4"])
@pytest.mark.parametrize("deploy", [False, True])
def test_gives_a_feature_per_stage(arch, deploy) -> None:
    with torch.device("meta"):
        features = MobileOne(arch, deploy=deploy, out_indices=(0, -1))(torch.rand(1, 3, 64, 64))
    assert [feature.shape[2] for feature in features] == [16, 2]


def test_fusing_keeps_the_output() -> None:
    torch.manual_seed(0)
    backbone = MobileOne(TINY, out_indices=(0, 1, 2, 3)).eval()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean)
    images = torch.rand(2, 3, 64, 64)
    before = backbone(images)
    backbone.switch_to_deploy()
    torch.testing.assert_close(backbone(images), before, rtol=1e-4, atol=1e-5)
    built = MobileOne(TINY, deploy=True)
    assert name_map(built).to_mm == name_map(backbone).to_mm
    assert not any("id_tensor" in vars(block) for block in backbone.modules())


def test_squeezes_in_the_last_blocks_of_a_stage() -> None:
    names = name_map(MobileOne(TINY)).to_ours
    assert "stage2.2.se.conv1.conv.weight" in names
    assert "stage2.1.se.conv1.conv.weight" not in names
    assert not any(".se." in name for name in name_map(MobileOne(TINY, se_cfg=None)).to_ours)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "s9"}, "arch must be one of s0, s1, s2, s3, s4, got 's9'"),
        ({"arch": {**TINY, "num_blocks": [1]}}, r"arch must have four numbers .*\[1\]"),
        ({"arch": {**TINY, "num_se_blocks": [0, 7, 0, 0]}}, "num_se_blocks than blocks, got 7"),
        ({"arch": TINY, "out_indices": 4}, r"out_indices must be in \[0, 4\), got 4"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        MobileOne(**kwargs)
