import pytest
import torch
from torch import nn

from mmlight.compat.cnn import transformer


def test_layout_does_not_matter_when_batch_comes_first():
    torch.manual_seed(0)
    first = transformer.MultiheadAttention(8, 2, batch_first=True).eval()
    second = transformer.MultiheadAttention(8, 2).eval()
    second.load_state_dict(first.state_dict())
    x, position = torch.rand(2, 5, 8), torch.rand(2, 5, 8)
    ours = first(x, query_pos=position)
    other = second(x.transpose(0, 1), query_pos=position.transpose(0, 1))
    torch.testing.assert_close(ours, other.transpose(0, 1))


def test_warns_when_key_has_no_position():
    layer = transformer.MultiheadAttention(8, 2)
    with pytest.warns(UserWarning, match="no position embedding"):
        layer(torch.rand(5, 2, 8), torch.rand(4, 2, 8), query_pos=torch.rand(5, 2, 8))


def test_old_argument_is_refused_when_given():
    with pytest.raises(ValueError, match=r"dropout must be given .* got 0.5"):
        transformer.MultiheadAttention(8, 2, dropout=0.5)


def test_names_are_those_of_checkpoints_when_network_is_built():
    ffn = transformer.FFN(8, 16, num_fcs=3)
    assert list(ffn.state_dict()) == [
        f"layers.{layer}.{kind}" for layer in ("0.0", "1.0", "2") for kind in ("weight", "bias")
    ]
    with pytest.raises(ValueError, match="num_fcs must be at least 2, got 1"):
        transformer.FFN(num_fcs=1)


def test_residual_is_left_out_when_asked():
    x = torch.rand(3, 8)
    ffn = transformer.FFN(8, 4).eval()
    plain = transformer.FFN(8, 4, add_identity=False).eval()
    plain.load_state_dict(ffn.state_dict())
    torch.testing.assert_close(ffn(x), plain(x) + x)
    torch.testing.assert_close(ffn(x, identity=x * 0), plain(x))


def test_blocks_are_built_when_described():
    cfg = {"type": "FFN", "act_cfg": {"type": "GELU"}}
    ffn = transformer.build_feedforward_network(cfg, {"embed_dims": 8})
    assert isinstance(ffn.layers[0][1], nn.GELU)
    attention = transformer.build_attention(
        {"type": "MultiheadAttention"}, {"embed_dims": 8, "num_heads": 4}
    )
    assert attention.num_heads == 4
