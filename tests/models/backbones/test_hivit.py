import pytest
import torch

from mmlight.models.backbones.hivit import HiViT

ARCH = {"embed_dims": 16, "depths": (1, 1, 2), "num_heads": 2}


@torch.no_grad()
def test_gives_maps_of_the_wanted_blocks() -> None:
    images = torch.rand(1, 3, 64, 64)
    outputs = HiViT(ARCH, 64, out_indices=(0, 7), rpe=True)(images)
    assert [tuple(x.shape) for x in outputs] == [(1, 16, 4, 4)] * 2
    assert len(HiViT(ARCH, 64)(images)) == 1


@torch.no_grad()
def test_size_may_differ_without_bias_per_offset() -> None:
    (feature,) = HiViT(ARCH, 64)(torch.rand(1, 3, 96, 32))
    assert feature.shape == (1, 16, 6, 2)


def test_frozen_parts_get_no_gradient() -> None:
    backbone = HiViT(ARCH, 64, frozen_stages=1)
    assert not any(p.requires_grad for p in backbone.patch_embed.parameters())
    assert not any(p.requires_grad for p in backbone.blocks[0].parameters())
    assert all(p.requires_grad for p in backbone.blocks[1].parameters())
    assert backbone.pos_embed is not None
    assert not backbone.pos_embed.requires_grad


def test_linear_layers_start_small() -> None:
    backbone = HiViT({**ARCH, "embed_dims": 128}, 64, rpe=True)
    attention = backbone.blocks[-1].attn
    for value in (attention.qkv.weight, backbone.pos_embed):
        assert 0.018 < value.std().item() < 0.022
    assert 0.01 < attention.relative_position_bias_table.std().item() < 0.03
    assert not attention.qkv.bias.any()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "huge"}, "arch must be one of t, tiny, .*, l, large, got 'huge'"),
        ({"arch": {"depths": (1,)}}, r"arch must have the keys .*, got {'depths': \(1,\)}"),
        ({"img_size": (64, 32), "rpe": True}, r"img_size must be square .*, got \(64, 32\)"),
        ({"arch": ARCH, "out_indices": (5, 1)}, r"out_indices must be in \[0, 2\), got \[5, 1\]"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        HiViT(**kwargs)
