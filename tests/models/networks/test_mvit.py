import torch
from torch import nn

from mmlight.models.networks.mvit import build_stages, fit_distances, pool_tokens

WORDS = {
    "channels": (8, 2),
    "heads": (1, 2),
    "side": 8,
    "stride_kv": 4,
    "mlp_ratio": 2.0,
    "norm": nn.LayerNorm,
    "qkv_bias": True,
    "pool_kernel": (3, 3),
    "residual_pooling": True,
}


def build(dim_mul_in_attention=True, **kwargs):
    words = {**WORDS, "dim_mul_in_attention": dim_mul_in_attention, **kwargs}
    return build_stages([1, 2], [0.0, 0.1, 0.2], **words)


def test_tokens_are_pooled_on_their_grid() -> None:
    x = torch.arange(8.0).reshape(1, 8, 1)
    pooled, size = pool_tokens(x, nn.MaxPool2d(2), (2, 4))
    assert size == (1, 2)
    assert pooled.flatten().tolist() == [5, 7]


def test_distances_are_interpolated() -> None:
    table = torch.tensor([[0.0], [1.0], [2.0]])
    assert fit_distances(table, 3) is table
    assert fit_distances(table, 6).shape == (6, 1)
    assert fit_distances(table, 6)[0] == 0


def test_second_stage_halves_the_map_and_doubles_channels_and_heads() -> None:
    stages = build()
    assert [stage.out_dims for stage in stages] == [8, 16]
    x, size = torch.rand(2, 48, 8), (6, 8)
    for stage in stages:
        for block in stage.blocks:
            x, size = block(x, size)
    assert x.shape == (2, 12, 16)
    assert size == (3, 4)
    assert [stage.blocks[0].attn.num_heads for stage in stages] == [1, 2]
    assert [stage.blocks[0].attn.pool_k.stride for stage in stages] == [(4, 4), (2, 2)]
    assert [stage.blocks[0].attn.pool_q.stride for stage in stages] == [(1, 1), (2, 2)]


def test_channels_grow_in_the_feed_forward_layer_before_when_asked() -> None:
    first, second = build(dim_mul_in_attention=False)
    assert first.blocks[0].shortcut_proj_mlp.out_features == 16
    assert first.blocks[0].mlp.fc2.out_features == 16
    assert second.blocks[0].shortcut_proj_attn is None
    assert [stage.out_dims for stage in (first, second)] == [16, 16]


def test_tables_have_a_place_for_each_distance() -> None:
    tables = [block.attn.rel_pos_h for stage in build() for block in stage.blocks]
    assert [len(table) for table in tables] == [15, 7, 7]
    assert build(side=None)[0].blocks[0].attn.rel_pos_h is None


def test_rates_are_those_of_the_blocks() -> None:
    assert [b.drop_path.drop_prob for stage in build() for b in stage.blocks] == [0.0, 0.1, 0.2]
