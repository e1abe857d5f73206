import pytest
import torch
from torch import nn

from mmlight.models.layers.drop_path import DropPath
from mmlight.models.networks.davit import STAGE, Downsample, DualBlock, Stem, build_blocks

OPTIONS = {**STAGE, "depth": 2, "num_heads": 2, "drop_paths": [0.1, 0.2]}


def test_stem_pads_as_much_as_kernels_need() -> None:
    stem = Stem(3, 8, 4)
    assert stem(torch.rand(2, 3, 30, 33)).shape == (2, 8, 9, 8)
    assert stem.pad.get_pad_shape((32, 32)) == (3, 3)
    assert stem.pad(torch.ones(1, 1, 32, 32))[0, 0, 0, 0] == 0  # one on the left, two on the right


def test_odd_row_is_left_out() -> None:
    layer = Downsample(4, {"type": "LN"})
    x = torch.rand(1, 5, 6, 4)
    assert layer(x).shape == (1, 2, 3, 8)
    assert torch.equal(layer(x), layer(x[:, :4]))


def test_block_attends_to_places_and_channels() -> None:
    block = build_blocks(8, OPTIONS)[1]
    assert block(torch.rand(2, 5, 9, 8)).shape == (2, 5, 9, 8)
    assert isinstance(block, DualBlock)
    drops = [layer for layer in block.modules() if isinstance(layer, DropPath)]
    assert [layer.drop_prob for layer in drops] == [0.2, 0.2, 0.2]
    assert isinstance(block[1].drop_path1, nn.Identity)


def test_raises_when_option_is_not_there() -> None:
    with pytest.raises(ValueError, match="block_cfgs does not support shift=1"):
        build_blocks(8, {**OPTIONS, "block_cfgs": {"shift": 1}})
