import pytest
import torch

from mmlight.models.necks.hr_fuse import HRFuseScales


def test_adds_each_map_to_the_next_smaller() -> None:
    neck = HRFuseScales((4, 256, 12, 16), out_channels=24).eval()
    maps = [
        torch.rand(2, width, 32 // 2**i, 32 // 2**i) for i, width in enumerate((4, 256, 12, 16))
    ]
    (feature,) = neck(maps)
    assert feature.shape == (2, 24, 4, 4)
    x = neck.increase_layers[0](maps[0])
    for i in (1, 2, 3):
        x = neck.downsample_layers[i - 1](x) + neck.increase_layers[i](maps[i])
    torch.testing.assert_close(feature, neck.final_layer(x))


def test_norms_have_the_numbers_of_norm_cfg_outside_the_blocks() -> None:
    with torch.device("meta"):
        neck = HRFuseScales((4, 8, 12, 16), norm_cfg={"type": "BN", "eps": 0.5})
    assert neck.final_layer.bn.eps == neck.downsample_layers[0].bn.eps == 0.5
    assert neck.increase_layers[0][0].bn1.eps == 1e-5


def test_shortcut_is_plain_when_a_map_has_the_channels() -> None:
    with torch.device("meta"):
        neck = HRFuseScales((128, 8, 12, 16))
    assert [layers[0].downsample is None for layers in neck.increase_layers] == [True] + [False] * 3


def test_raises_when_there_are_not_four_maps() -> None:
    with pytest.raises(ValueError, match=r"in_channels must have 4 entries, got \(4, 8\)"):
        HRFuseScales((4, 8))
    neck = HRFuseScales((4, 8, 12, 16), out_channels=8)
    with pytest.raises(ValueError, match="feats must have 4 entries, got 1"):
        neck([torch.rand(1, 4, 8, 8)])
