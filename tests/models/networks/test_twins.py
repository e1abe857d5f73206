import pytest
import torch
from torch import nn

from mmlight.models.networks.twins import (
    BLOCKED,
    GroupAttention,
    TwinsBlock,
    padding_bias,
)

WORDS = {
    "window_size": 3,
    "qkv_bias": True,
    "drop_rate": 0.0,
    "attn_drop_rate": 0.0,
    "drop_path_rate": 0.0,
    "norm_cfg": {"type": "LN", "eps": 1e-3},
}


@pytest.mark.parametrize("sr_ratio", [None, 1, 2])
def test_block_keeps_the_shape(sr_ratio) -> None:
    block = TwinsBlock(8, 2, 2.0, sr_ratio=sr_ratio, **WORDS)
    assert block(torch.rand(2, 20, 8), (4, 5)).shape == (2, 20, 8)
    assert {layer.eps for layer in block.modules() if isinstance(layer, nn.LayerNorm)} == {1e-3}


def test_query_has_no_bias_when_not_asked() -> None:
    for sr_ratio in (None, 2):
        block = TwinsBlock(8, 2, 2.0, sr_ratio=sr_ratio, **{**WORDS, "qkv_bias": False})
        biased = {name for name, _ in block.attn.named_parameters() if name.endswith("bias")}
        assert not biased & {"q.bias", "kv.bias", "qkv.bias"}


@pytest.mark.parametrize(
    ("padding_mask", "size", "same"),
    [
        ("any", (3, 4), True),
        ("any", (4, 4), True),
        ("both", (4, 4), True),
        ("both", (3, 4), False),  # the defect: rows are whole, so columns are not masked either
    ],
)
def test_padding_is_not_seen_where_it_is_masked(padding_mask, size, same) -> None:
    torch.manual_seed(0)
    attention = GroupAttention(4, 1, 0.0, 0.0, 3, padding_mask).eval()
    x = torch.rand(1, size[0] * size[1], 4)
    lonely = GroupAttention(4, 1, 0.0, 0.0, 3, "any").eval()
    lonely.load_state_dict(attention.state_dict())
    column = x.reshape(1, *size, 4)[:, :3, 3].reshape(1, 3, 4)
    expected = lonely(column, (3, 1))[:, 0]
    found = attention(x, size).reshape(1, *size, 4)[:, 0, 3]
    assert torch.allclose(found, expected, atol=1e-6) is same


def test_bias_blocks_between_padded_and_other_places() -> None:
    bias = padding_bias(torch.zeros(2, 4, 4, 8), 3, 4, 2)
    assert bias.shape == (8, 1, 4, 4)
    assert (bias[0] == 0).all()
    assert bias[2, 0, 0].tolist() == [0, 0, BLOCKED, BLOCKED]
