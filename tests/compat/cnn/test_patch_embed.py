import pytest
import torch

from mmlight.compat.cnn.patch_embed import AdaptivePadding, PatchEmbed


@pytest.mark.parametrize("padding", ["corner", "same", 2])
def test_grid_is_foretold_when_size_is_given(padding):
    embed = PatchEmbed(3, 8, kernel_size=4, stride=3, padding=padding, input_size=(13, 11))
    tokens, grid = embed(torch.rand(2, 3, 13, 11))
    assert tokens.shape == (2, grid[0] * grid[1], 8)
    assert embed.init_out_size == grid
    assert embed.init_input_size == (13, 11)


def test_zeros_come_last_when_padding_a_corner():
    padded = AdaptivePadding(2, 2)(torch.ones(1, 1, 3, 3))
    assert padded.shape == (1, 1, 4, 4)
    assert padded[0, 0, 3].sum() == padded[0, 0, :, 3].sum() == 0


def test_padding_is_refused_when_unknown():
    with pytest.raises(ValueError, match="padding must be 'same' or 'corner', got 'valid'"):
        AdaptivePadding(padding="valid")
