import torch
from torch import nn

from mmlight.models.networks.hivit import HiViTBlock, InnerMerge, InnerPatchEmbed

LAYER_NORM = {"type": "LN"}


def make(num_heads: int, layer_scale: float = 0.0) -> HiViTBlock:
    return HiViTBlock(
        8,
        grid=2,
        num_heads=num_heads,
        mlp_ratio=2,
        qkv_bias=True,
        qk_scale=None,
        drop_rate=0.0,
        attn_drop_rate=0.0,
        drop_path_rate=0.0,
        norm_cfg=LAYER_NORM,
        layer_scale=layer_scale,
    )


@torch.no_grad()
def test_inner_patches_lie_in_their_patch() -> None:
    layer = InnerPatchEmbed(8, 2, 1, 1, norm_cfg=None, kernel_size=None, pad_size=None)
    layer.proj.weight.fill_(1 / 16)
    layer.proj.bias.zero_()
    image = torch.arange(4.0)[:, None] * 10 + torch.arange(4.0)  # one value per inner patch
    images = image.repeat_interleave(4, 0).repeat_interleave(4, 1)[None, None]
    out = layer(images)
    assert out.shape == (1, 4, 2, 2, 1)
    assert out[0, 1, ..., 0].tolist() == [[2, 3], [12, 13]]


@torch.no_grad()
def test_merging_halves_the_inner_patches() -> None:
    layer = InnerMerge(4, LAYER_NORM)
    assert layer(torch.rand(1, 3, 4, 4, 4)).shape == (1, 3, 2, 2, 8)
    layer.norm = layer.reduction = nn.Identity()
    merged = layer(torch.tensor([[0.0, 1.0], [2.0, 3.0]])[None, None, ..., None])
    assert merged.flatten().tolist() == [0, 2, 1, 3]  # column by column


@torch.no_grad()
def test_scale_shuts_the_branches() -> None:
    x = torch.randn(1, 4, 8)
    block = make(2, layer_scale=1e-9)
    torch.testing.assert_close(block(x), x)
    assert not torch.allclose(make(2)(x), x)
    assert sorted(name for name, _ in block.named_parameters() if "gamma" in name) == [
        "gamma_1",
        "gamma_2",
    ]
    assert make(0, layer_scale=0.1).gamma_1 is None


@torch.no_grad()
def test_block_without_attention_keeps_tokens_apart() -> None:
    block, x = make(0), torch.randn(1, 4, 2, 2, 8)
    out = block(x)
    x[:, 0] += torch.randn(8)
    torch.testing.assert_close(block(x)[:, 1:], out[:, 1:])
