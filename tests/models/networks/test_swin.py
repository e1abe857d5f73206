import pytest
import torch
from timm.models.swin_transformer import PatchMerging
from timm.models.swin_transformer_v2 import PatchMerging as PatchMergingV2
from torch import nn

from mmlight.models.networks.swin import (
    STAGE,
    STAGE_V2,
    SwinBlock,
    SwinBlockV2,
    build_blocks,
    build_merging,
    feed_forward,
)


@pytest.mark.parametrize("kind", [SwinBlock, SwinBlockV2])
@pytest.mark.parametrize("shift", [False, True])
def test_block_keeps_the_shape(kind, shift) -> None:
    block = kind(8, 2, window_size=4, shift=shift)
    assert block.shift_size == (2 if shift else 0)
    assert block(torch.rand(2, 6, 9, 8)).shape == (2, 6, 9, 8)


def test_dropped_branch_adds_the_bias_of_its_norm_only_where_the_original_does() -> None:
    x = torch.rand(3, 4, 4, 8)
    for drop_normalized in (False, True):
        block = SwinBlockV2(8, 2, window_size=4, drop_path=0.999, drop_normalized=drop_normalized)
        nn.init.ones_(block.norm1.bias)
        torch.manual_seed(0)
        changed = block.train()(x) - x
        assert torch.allclose(changed, torch.tensor(0.0 if drop_normalized else 1.0), atol=1e-6)


def test_blocks_take_options_of_stage_and_block() -> None:
    options = {
        **STAGE_V2,
        "depth": 3,
        "num_heads": 2,
        "window_size": 4,
        "drop_paths": [0.0, 0.1, 0.2],
        "extra_norm_every_n_blocks": 2,
        "block_cfgs": [{}, {"ffn_ratio": 2.0}, {"window_size": 2, "drop_path": 0.5}],
    }
    blocks = build_blocks(SwinBlockV2, 8, options)
    assert [block.shift_size for block in blocks] == [0, 2, 0]
    assert [block.window_size for block in blocks] == [4, 4, 2]
    assert [block.drop_path1.drop_prob for block in blocks] == [0.0, 0.1, 0.5]
    assert [block.mlp.fc1.out_features for block in blocks] == [32, 16, 32]
    assert [isinstance(block.norm3, nn.LayerNorm) for block in blocks] == [False, True, False]


@pytest.mark.parametrize(
    ("block_cfgs", "message"),
    [
        ({"attn_cfgs": {"heads": 3}}, "attn_cfgs does not support heads=3"),
        ({"ffn_cfgs": {"num_fcs": 3}}, "ffn_cfgs num_fcs must be 2, got 3"),
        ({"extra_norm": True}, "block_cfgs does not support extra_norm=True"),
    ],
)
def test_raises_when_option_is_not_there(block_cfgs, message) -> None:
    options = {**STAGE, "depth": 1, "num_heads": 2, "window_size": 4, "drop_paths": 0.0}
    with pytest.raises(ValueError, match=message):
        build_blocks(SwinBlock, 8, {**options, "block_cfgs": block_cfgs})


def test_feed_forward_has_the_channels_that_are_given() -> None:
    assert feed_forward(8, 2.5, {}).fc1.out_features == 20
    assert feed_forward(8, 2.5, {"feedforward_channels": 3}).fc1.out_features == 3


@pytest.mark.parametrize(
    ("options", "kind", "width"),
    [({}, PatchMerging, 32), ({"use_post_norm": True}, PatchMergingV2, 16)],
)
def test_merging_normalizes_before_or_behind(options, kind, width) -> None:
    layer = build_merging(8, options)
    assert type(layer) is kind
    assert layer.norm.normalized_shape == (width,)
    assert layer(torch.rand(1, 3, 4, 8)).shape == (1, 2, 2, 16)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 3}, "downsample_cfg does not support kernel_size=3"),
        ({"norm_cfg": None}, "downsample_cfg norm_cfg must be a dict, got None"),
    ],
)
def test_raises_when_merging_is_another(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        build_merging(8, options)
