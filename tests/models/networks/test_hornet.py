import pytest
import torch
from torch import nn

from mmlight.models.networks.hornet import GatedConv, GlobalLocalFilter, HorNetLayerNorm


def test_norm_is_torchs_over_channels_but_not_of_its_class() -> None:
    x = torch.rand(2, 6, 3, 3)
    expected = nn.LayerNorm(6, eps=1e-6)(x.permute(0, 2, 3, 1))
    torch.testing.assert_close(HorNetLayerNorm(6)(x).permute(0, 2, 3, 1), expected)
    ours = HorNetLayerNorm(6, channels_first=False)
    torch.testing.assert_close(ours(x.permute(0, 2, 3, 1)), expected)
    assert not isinstance(ours, nn.LayerNorm)


@pytest.mark.parametrize("size", [4, 7])
def test_filter_fits_any_size(size) -> None:
    layer = GlobalLocalFilter(6, h=4, w=3)
    assert layer(torch.rand(2, 6, size, size)).shape == (2, 6, size, size)


def test_channels_of_both_halves_take_turns() -> None:
    layer = GlobalLocalFilter(4, h=4, w=3)
    layer.pre_norm = layer.post_norm = nn.Identity()
    nn.init.zeros_(layer.complex_weight)
    out = layer(torch.rand(1, 4, 4, 4))
    assert out.abs().amax(dim=(0, 2, 3)).gt(0).tolist() == [True, False, True, False]


def test_gates_double_their_channels() -> None:
    layer = GatedConv(8, 3, {"type": "DW", "kernel_size": 3}, 0.5)
    assert layer.dims == [2, 4, 8]
    assert layer(torch.rand(2, 8, 5, 5)).shape == (2, 8, 5, 5)
