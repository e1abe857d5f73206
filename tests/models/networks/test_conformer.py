import torch

from mmlight.models.networks.conformer import ConvBlock, EncoderLayer, FCUDown, FCUUp


@torch.no_grad()
def test_block_gives_its_inner_map_and_takes_one() -> None:
    block = ConvBlock(4, 8, stride=2, with_residual_conv=True).eval()
    x, extra = torch.rand(2, 4, 6, 6), torch.rand(2, 2, 6, 6)
    out, inner = block(x)
    assert out.shape == (2, 8, 3, 3)
    assert inner.shape == (2, 2, 3, 3)
    assert not torch.allclose(block(x, extra)[0], out)
    torch.testing.assert_close(block(x, torch.zeros_like(extra))[0], out)


@torch.no_grad()
def test_bridges_leave_the_class_token_alone() -> None:
    tokens = torch.rand(1, 5, 6)
    down = FCUDown(2, 6, down_stride=2, with_cls_token=True)
    squeezed = down(torch.rand(1, 2, 4, 4), tokens)
    assert squeezed.shape == (1, 5, 6)
    torch.testing.assert_close(squeezed[:, 0], tokens[:, 0])
    up = FCUUp(6, 2, up_stride=2, with_cls_token=True).eval()
    expanded = up(tokens, (2, 2))
    assert expanded.shape == (1, 2, 4, 4)
    tokens[:, 0] += 1
    torch.testing.assert_close(up(tokens, (2, 2)), expanded)
    torch.testing.assert_close(expanded[..., 0, 0], expanded[..., 1, 1])  # the nearest place
    assert (
        FCUDown(2, 6, down_stride=2, with_cls_token=False)(torch.rand(1, 2, 4, 4), tokens).shape[1]
        == 4
    )


def test_layer_drops_both_branches() -> None:
    layer = EncoderLayer(8, num_heads=2, mlp_ratio=2, qkv_bias=False, drop_path_rate=0.25)
    rates = [m.drop_prob for m in layer.modules() if type(m).__name__ == "DropPath"]
    assert rates == [0.25, 0.25]
    assert layer.attn.qkv.bias is None
    assert layer(torch.rand(1, 3, 8)).shape == (1, 3, 8)
