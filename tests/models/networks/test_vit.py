import pytest
import torch
from torch import nn

from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.networks.vit import (
    TokenNetwork,
    get_arch,
    make_mlp,
    spread_layers,
)

TINY = {"embed_dims": 8, "num_layers": 3, "num_heads": 2, "feedforward_channels": 13}
MLP = {"feedforward_channels": 13, "num_fcs": 2, "drop_rate": 0.0, "act_cfg": {"type": "GELU"}}


def test_finds_numbers_by_any_spelling() -> None:
    assert get_arch("B") == get_arch("deit-base") == (768, 12, 12, 3072)
    assert get_arch(TINY) == (8, 3, 2, 13)


@pytest.mark.parametrize("arch", ["tiny", {"embed_dims": 8}])
def test_raises_when_arch_is_unknown(arch) -> None:
    with pytest.raises(ValueError, match=r"arch must .* got .*(tiny|embed_dims)"):
        get_arch(arch)


def test_layer_options_may_be_given_per_layer() -> None:
    layers = spread_layers([{}, {"a": 2}, {"drop_path_rate": 0.5}], {"a": 1}, 3, 0.2)
    assert [options["a"] for options in layers] == [1, 2, 1]
    assert [options["drop_path_rate"] for options in layers] == [0, 0.1, 0.5]


@pytest.mark.parametrize(
    ("layer_cfgs", "message"),
    [
        ({"num_heads": 2}, "layer_cfgs does not support num_heads=2"),
        ([{}], "layer_cfgs must have 3 entries, got 1"),
    ],
)
def test_raises_when_layer_options_cannot_be_honoured(layer_cfgs, message) -> None:
    with pytest.raises(ValueError, match=message):
        spread_layers(layer_cfgs, {"a": 1}, 3, 0.0)


def test_raises_when_feed_forward_type_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"ffn_type must be one of .* got 'moe'"):
        make_mlp(8, {**MLP, "ffn_type": "moe"})


@pytest.mark.parametrize(
    ("options", "widths"),
    [
        ({}, [13, 8]),
        ({"num_fcs": 3}, [13, 13, 8]),
        ({"ffn_type": "swiglu_fused"}, [16, 8]),  # 2 * 8, for 13 * 2 / 3 up to a multiple of 8
    ],
)
def test_feed_forward_widths_are_exact(options, widths) -> None:
    mlp = make_mlp(8, {**MLP, **options})
    layers = [layer.out_features for layer in mlp.modules() if isinstance(layer, nn.Linear)]
    assert layers == widths
    assert mlp(torch.rand(2, 3, 8)).shape == (2, 3, 8)


def test_network_has_the_names_of_timm() -> None:
    patches = PatchEmbedding(3, 8, {})
    parts = {"num_positions": 5, "tokens": ("cls_token",), "drop_rate": 0.0, "norms": {}}
    names = TokenNetwork(patches, [nn.Linear(8, 8)], 8, **parts).state_dict()
    assert list(names)[:2] == ["cls_token", "pos_embed"]
    assert {name.split(".")[0] for name in names} == {
        "cls_token",
        "pos_embed",
        "patch_embed",
        "blocks",
    }


def test_stochastic_depth_rises_to_its_rate() -> None:
    layer_cfgs = [{}, {}, {"ffn_type": "swiglu_fused"}]
    vit = VisionTransformer(TINY, img_size=32, drop_path_rate=0.4, layer_cfgs=layer_cfgs)
    rates = [(b.drop_path1.drop_prob, b.drop_path2.drop_prob) for b in vit.network.blocks]
    assert rates == [(0, 0), (0.2, 0.2), (0.4, 0)]
