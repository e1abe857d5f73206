import pytest
import torch

from mmlight.models.backbones.mvit import ARCH_KEYS, MViT
from mmlight.weights.load import load_state
from mmlight.weights.name_map import name_map

ARCH = dict(zip(ARCH_KEYS, (8, 3, 1, [1]), strict=True))


def build(**kwargs):
    return MViT(ARCH, **{"img_size": 32, "out_scales": [0, -1]} | kwargs)


@pytest.mark.parametrize("size", [(32, 32), (48, 40)])
def test_outputs_have_the_promised_shapes(size) -> None:
    outputs = build(use_abs_pos_embed=True)(torch.rand(1, 3, *size))
    height, width = size[0] // 4, size[1] // 4
    assert [out.shape for out in outputs] == [
        (1, 8, height, width),
        (1, 16, height // 2, width // 2),
    ]


def test_blocks_are_numbered_in_one_by_the_original() -> None:
    names = name_map(build()).to_ours
    assert names["blocks.1.proj.weight"] == "network.stages.1.blocks.0.shortcut_proj_attn.weight"
    assert names["blocks.2.attn.rel_pos_h"] == "network.stages.1.blocks.1.attn.rel_pos_h"
    assert names["norm1.weight"] == "network.norm.weight"
    assert names["norm0.weight"] == "network.norm0.weight"


def test_norm_of_an_output_feeds_the_next_scale_unless_told() -> None:
    usual, right = build().eval(), build(norm_outputs_only=True).eval()
    torch.nn.init.uniform_(usual.network.norm0.bias, 0.0, 9.0)
    right.load_state_dict(usual.state_dict())
    images = torch.rand(1, 3, 32, 32)
    (first, last), (same, other) = usual(images), right(images)
    assert torch.equal(first, same)
    assert (last - other).abs().max() > 1e-3


def test_tables_are_resized_when_checkpoint_is_of_another_size() -> None:
    large = build(img_size=64, use_abs_pos_embed=True)
    assert load_state(large, build(use_abs_pos_embed=True).state_dict(), "x").is_exact


@pytest.mark.parametrize("zero", [True, False])
def test_relative_positions_start_drawn_unless_zero_is_asked_for(zero) -> None:
    backbone = build(rel_pos_zero_init=zero)
    backbone.init_weights()
    table = backbone.network.stages[0].blocks[0].attn.rel_pos_w
    assert (table.abs().max() == 0) == zero


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"out_scales": 2}, r"out_scales must be in \[-2, 2\), got 2"),
        ({"img_size": (32, 48)}, r"img_size must be square with rel_pos_spatial, got \(32, 48\)"),
        ({"arch": "giant"}, "arch must be one of tiny, small, base, large, got 'giant'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        MViT(**{"arch": ARCH, "img_size": 32} | kwargs)
