import pytest
import torch
from torch import nn

from mmlight.models.backbones.tnt import ARCH_KEYS, TNT

ARCH = dict(zip(ARCH_KEYS, (16, 4, 2, 4, 2), strict=True))


def build(**kwargs):
    return TNT(ARCH, **{"img_size": 32, "patch_size": 16} | kwargs)


def test_output_is_the_class_token() -> None:
    assert [out.shape for out in build()(torch.rand(2, 3, 32, 32))] == [(2, 16)]


def test_query_key_and_value_are_one_tensor() -> None:
    attention = build().layers[0].outer_block.attn.attn
    assert attention.in_proj_weight.shape == (48, 16)
    assert attention.in_proj_bias is None
    assert build(qkv_bias=True).layers[0].inner_block.attn.attn.in_proj_bias.shape == (12,)


def test_heads_are_those_of_inner_and_outer() -> None:
    layer = build().layers[0]
    assert layer.inner_block.attn.num_heads == 2
    assert layer.outer_block.attn.num_heads == 4


def test_rates_rise_over_the_layers() -> None:
    rates = [
        layer.inner_block.ffn.dropout_layer.drop_prob for layer in build(drop_path_rate=0.5).layers
    ]
    assert rates == [0, 0.5]


def test_linear_layers_start_small() -> None:
    backbone = build()
    backbone.init_weights()
    assert 0.01 < backbone.projection.weight.std() < 0.03
    assert backbone.projection.bias.abs().max() == 0


def test_activation_is_gelu_whatever_is_asked() -> None:
    layers = build(act_cfg={"type": "ReLU"}).layers[0].inner_block.ffn.layers
    assert isinstance(layers[0][1], nn.GELU)


def test_raises_when_image_has_another_size() -> None:
    with pytest.raises(ValueError, match=r"the images \(32, 48\), got \(32, 32\)"):
        build()(torch.rand(1, 3, 32, 48))


def test_raises_when_arch_is_not_known() -> None:
    with pytest.raises(ValueError, match="arch must be one of s, small, b, base, got 'xl'"):
        TNT("xl")
