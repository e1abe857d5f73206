import pytest
import torch

from mmlight.models.backbones.xcit import XCiT
from mmlight.weights.name_map import name_map


def build(**kwargs):
    words = {"img_size": 32, "patch_size": 8, "embed_dims": 16, "depth": 2, "num_heads": 2}
    return XCiT(**words | kwargs)


@pytest.mark.parametrize(
    ("out_type", "shape"),
    [
        ("cls_token", (2, 16)),
        ("featmap", (2, 16, 4, 6)),
        ("avg_featmap", (2, 16)),
        ("raw", (2, 25, 16)),
    ],
)
def test_output_has_the_promised_shape(out_type, shape) -> None:
    (out,) = build(out_type=out_type)(torch.rand(2, 3, 32, 48))
    assert out.shape == shape


def test_class_token_comes_with_class_attention() -> None:
    backbone = build(out_type="raw", out_indices=[0, 2])
    assert [out.shape[1] for out in backbone(torch.rand(1, 3, 32, 32))] == [16, 17]


@pytest.mark.parametrize(
    ("count", "token", "layers", "norm"),
    [
        (-1, False, 0, False),
        (1, False, 0, False),
        (3, True, 2, False),
        (4, True, 3, True),
        (5, True, 4, False),
    ],
)
def test_frozen_layers_are_one_less_than_asked(count, token, layers, norm) -> None:
    backbone = build(frozen_stages=count)
    network = backbone.network
    frozen = [not block.norm1.weight.requires_grad for (block,) in backbone.stages()]
    assert frozen == [True] * layers + [False] * (4 - layers)
    assert (not network.cls_token.requires_grad) is token
    assert (not network.norm.weight.requires_grad) is norm
    assert (not network.patch_embed.proj[0][0].weight.requires_grad) is (count >= 0)


def test_batch_norms_are_those_asked_for() -> None:
    network = build(bn_norm_cfg={"type": "BN", "eps": 0.1, "momentum": 0.5}).network
    for norm in (network.patch_embed.proj[2][1], network.blocks[1].local_mp.bn):
        assert (norm.eps, norm.momentum) == (0.1, 0.5)


def test_one_draw_is_for_a_whole_layer() -> None:
    block = build(drop_path_rate=0.3).network.blocks[0]
    assert block.drop_path1 is block.drop_path2 is block.drop_path3
    assert block.drop_path1.drop_prob == 0.3


def test_names_are_those_of_the_original() -> None:
    names = name_map(build()).to_ours
    for mm, ours in {
        "patch_embed.proj.1.conv.weight": "patch_embed.proj.2.0.weight",
        "patch_embed.proj.2.bn.running_var": "patch_embed.proj.4.1.running_var",
        "xca_layers.1.local_mp.conv1.bn.weight": "blocks.1.local_mp.bn.weight",
        "ca_layers.0.ffn.layers.1.bias": "cls_attn_blocks.0.mlp.fc2.bias",
        "pos_embed.token_projection.conv.weight": "pos_embed.token_projection.weight",
    }.items():
        assert names[mm] == f"network.{ours}"


def test_class_attention_has_no_scale_at_zero() -> None:
    names = name_map(build(layer_scale_init_value=0.0)).to_ours
    assert "xca_layers.0.gamma1" in names
    assert "ca_layers.0.gamma1" not in names


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"patch_size": 4}, "patch_size must be 8 or 16, got 4"),
        ({"img_size": 36}, "img_size must be a multiple of 8, got 36"),
        ({"out_type": "map"}, "out_type must be one of .* got 'map'"),
        ({"frozen_stages": 6}, r"frozen_stages must be in \[-1, 5\], got 6"),
        ({"out_indices": [4]}, r"out_indices must be in \[0, 4\), got \[4\]"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        build(**kwargs)


def test_raises_when_layer_has_no_class_token() -> None:
    with pytest.raises(ValueError, match=r"in front of class attention, got out_indices=\(0,\)"):
        build(out_indices=[0])(torch.rand(1, 3, 32, 32))
