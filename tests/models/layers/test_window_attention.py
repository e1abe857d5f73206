import torch

from mmlight.models.layers.window_attention import WindowAttention, relative_position_index


def make(window: int | None, **options: float) -> WindowAttention:
    rates = {"attn_drop_rate": 0.0, "proj_drop_rate": 0.0}
    return WindowAttention(8, window, 2, qkv_bias=True, **rates, **options)


def test_index_is_the_same_when_the_offset_is() -> None:
    index = relative_position_index(2, 3)
    assert index.shape == (6, 6)
    assert index[0, 1] == index[1, 2] == index[3, 4]
    assert index[0, 1] != index[1, 0]
    assert index.diagonal().unique().numel() == 1
    assert index.unique().numel() == 3 * 5


@torch.no_grad()
def test_bias_draws_attention_to_an_offset() -> None:
    torch.manual_seed(0)
    layer = make(2)
    x = torch.randn(1, 4, 8)
    table = layer.relative_position_bias_table
    assert table is not None
    table[layer.relative_position_index[0, 0]] = 1e4  # everyone sees itself only
    v = layer.qkv(x)[..., 16:]
    torch.testing.assert_close(layer(x), layer.proj(v))


@torch.no_grad()
def test_attention_is_even_when_the_scale_is_tiny() -> None:
    layer, x = make(None, qk_scale=1e-12), torch.randn(1, 4, 8)
    v = layer.qkv(x)[..., 16:].mean(dim=1, keepdim=True)
    torch.testing.assert_close(layer(x), layer.proj(v).expand(-1, 4, -1))
    assert "relative_position_index" not in layer.state_dict()
