import pytest
import torch
from torch import nn

from mmlight.models.layers.patch_embedding import PatchEmbedding


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"kernel_size": 4}, (33, 40)),
        ({"kernel_size": 7, "stride": 4, "padding": "same"}, (30, 41)),
        ({"kernel_size": 7, "stride": 4, "padding": 3}, (33, 40)),
        ({"kernel_size": 3, "stride": 2, "dilation": 2, "padding": 0}, (17, 20)),
    ],
)
def test_grid_is_that_of_the_vectors(options, size) -> None:
    embed = PatchEmbedding(3, 8, options)
    assert embed(torch.rand(2, 3, *size)).shape == (2, *embed.grid(size), 8)


def test_images_are_padded_to_whole_patches() -> None:
    assert PatchEmbedding(3, 8, {"kernel_size": 4}).grid(33) == (9, 9)


def test_kernels_may_overlap() -> None:
    assert PatchEmbedding(3, 8, {"kernel_size": 7, "stride": 4, "padding": 3}).grid(32) == (8, 8)


def test_options_replace_defaults() -> None:
    defaults = {"kernel_size": 4, "bias": False, "norm_cfg": {"type": "LN", "eps": 0.1}}
    embed = PatchEmbedding(3, 8, {"kernel_size": 2}, defaults)
    assert embed.proj.kernel_size == embed.proj.stride == (2, 2)
    assert embed.proj.bias is None
    assert embed.norm.eps == 0.1
    assert isinstance(PatchEmbedding(3, 8, {"norm_cfg": None}, defaults).norm, nn.Identity)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 2}, "patch_cfg does not support groups=2"),
        ({"conv_type": "DCN"}, "patch_cfg conv_type must be 'Conv2d', got 'DCN'"),
    ],
)
def test_raises_when_option_is_not_there(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        PatchEmbedding(3, 8, options)
