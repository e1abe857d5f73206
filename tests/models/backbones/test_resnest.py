import pytest
import torch

from mmlight.models.backbones.resnest import ResNeSt
from mmlight.weights.name_map import name_map

SMALL = {"base_channels": 16, "stem_channels": 16}


@pytest.mark.parametrize(
    ("depth", "blocks"), [(50, 16), (101, 33), (152, 50), (200, 66), (269, 89)]
)
def test_depth_gives_the_blocks(depth: int, blocks: int) -> None:
    with torch.device("meta"):
        backbone = ResNeSt(depth, **SMALL, out_indices=(0, 3))
        features = backbone(torch.rand(2, 3, 64, 64))
    assert sum(len(stage) for stage in backbone.stages()) == blocks
    assert [tuple(feature.shape[1:]) for feature in features] == [(64, 16, 16), (512, 2, 2)]


@pytest.mark.parametrize(("factor", "hidden"), [(4, 32), (1, 96)])
def test_attention_has_the_originals_channels(factor: int, hidden: int) -> None:
    with torch.device("meta"):
        block = ResNeSt(50, base_channels=24, radix=4, reduction_factor=factor).stages()[0][0]
    assert block.conv2.fc1.out_channels == block.conv2.bn1.num_features == hidden
    assert block.conv2.fc2.out_channels == 96


@pytest.mark.parametrize("pools", [True, False])
def test_blocks_pool_or_stride(pools: bool) -> None:
    with torch.device("meta"):
        first, second = (stage[0] for stage in ResNeSt(50, avg_down_stride=pools).stages()[:2])
    assert first.avd_last is None
    assert (second.avd_last is not None) == pools
    assert second.conv2.conv.stride == ((1, 1) if pools else (2, 2))


def test_groups_widen_the_blocks() -> None:
    with torch.device("meta"):
        conv = ResNeSt(50, groups=2, width_per_group=40).stages()[1][0].conv2.conv
    assert (conv.in_channels, conv.groups) == (160, 4)


def test_names_tell_the_norm() -> None:
    norm = {"type": "GN", "num_groups": 2}
    with torch.device("meta"):
        names = name_map(ResNeSt(50, **SMALL, norm_cfg=norm)).to_mm
    assert names["network.layer1.0.conv2.bn0.weight"] == "layer1.0.conv2.gn0.weight"
    assert names["network.layer1.0.bn3.weight"] == "layer1.0.gn3.weight"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"depth": 18}, r"depth must be one of \(50, 101, 152, 200, 269\), got 18"),
        ({"depth": 50, "radix": 0}, "radix must be at least 1, got 0"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        ResNeSt(**kwargs)
