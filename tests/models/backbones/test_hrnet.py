import pytest
import torch
from torch import nn

from mmlight.models.backbones.hrnet import HRNet, get_extra
from mmlight.weights.name_map import name_map


def stage(block, *channels):
    return {
        "num_modules": 1,
        "num_branches": len(channels),
        "block": block,
        "num_blocks": (1,) * len(channels),
        "num_channels": channels,
    }


SMALL = {
    "stage1": stage("BOTTLENECK", 4),
    "stage2": stage("BASIC", 4, 8),
    "stage3": stage("BASIC", 4, 8, 12),
    "stage4": stage("BASIC", 4, 8, 12, 16),
}
GN = {"type": "GN", "num_groups": 2}


@pytest.mark.parametrize("arch", ["w18", "w64"])
def test_gives_a_feature_per_branch(arch: str) -> None:
    with torch.device("meta"):
        features = HRNet(arch)(torch.rand(1, 3, 64, 64))
    width = int(arch[1:])
    expected = [(width * 2**i, 16 // 2**i, 16 // 2**i) for i in range(4)]
    assert [tuple(feature.shape[1:]) for feature in features] == expected


def test_gives_the_finest_branch_when_asked() -> None:
    with torch.device("meta"):
        backbone = HRNet(extra=SMALL, multiscale_output=False)
        features = backbone(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape) for feature in features] == [(1, 4, 16, 16)]
    assert not any(
        "fuse_layers.1" in name for name in name_map(backbone).to_ours if "stage4" in name
    )


def test_first_stage_keeps_batch_norm() -> None:
    with torch.device("meta"):
        net = HRNet(extra=SMALL, norm_cfg=GN).network
    assert isinstance(net.layer1[0].bn1, nn.BatchNorm2d)
    assert isinstance(net.bn1, nn.GroupNorm)
    assert isinstance(net.stage2[0].branches[0][0].bn1, nn.GroupNorm)


def test_names_tell_the_norm() -> None:
    with torch.device("meta"):
        names = name_map(HRNet(extra=SMALL, norm_cfg=GN)).to_mm
    assert names["network.bn2.weight"] == "gn2.weight"
    assert names["network.stage2.0.branches.1.0.bn1.bias"] == "stage2.0.branches.1.0.gn1.bias"
    assert names["network.layer1.0.bn3.weight"] == "layer1.0.bn3.weight"
    assert "transition1.0.1.weight" in names.values()


def test_norms_stay_in_eval_mode_when_asked() -> None:
    net = HRNet(extra=SMALL, norm_eval=True).train().network
    assert not net.bn1.training
    assert net.conv1.training


def test_gradients_do_not_depend_on_checkpointing() -> None:
    grads = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = HRNet(extra=SMALL, with_cp=with_cp)
        sum(x.sin().sum() for x in backbone(torch.rand(2, 3, 64, 64))).backward()
        grads.append(backbone.network.conv1.weight.grad)
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "w20"}, "arch must be one of w18, .*, w64, got 'w20'"),
        ({"extra": {"stage1": {}}}, "extra must have stage1 with num_modules, .*, got {}"),
        ({"conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        HRNet(**kwargs)


def test_named_stages_are_complete() -> None:
    assert get_extra("w30")["stage4"]["num_channels"] == (30, 60, 120, 240)
