import pytest

from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.backbones.vit_network import get_arch, get_layer_options

TINY = {"embed_dims": 8, "num_layers": 3, "num_heads": 2, "feedforward_channels": 13}


def test_finds_numbers_by_any_spelling() -> None:
    assert get_arch("B") == get_arch("deit-base") == (768, 12, 12, 3072)
    assert get_arch(TINY) == (8, 3, 2, 13)


@pytest.mark.parametrize("arch", ["tiny", {"embed_dims": 8}])
def test_raises_when_arch_is_unknown(arch) -> None:
    with pytest.raises(ValueError, match=r"arch must .* got .*(tiny|embed_dims)"):
        get_arch(arch)


def test_layer_options_may_be_given_per_layer() -> None:
    assert get_layer_options([{"attn_drop_rate": 0.1}] * 3)["attn_drop_rate"] == 0.1


@pytest.mark.parametrize(
    ("layer_cfgs", "message"),
    [
        ({"num_fcs": 3}, "layer_cfgs does not support num_fcs=3"),
        ({"ffn_type": "moe"}, "ffn_type must be one of .* got 'moe'"),
        ([{"attn_drop_rate": 0.1}, {}], "must be the same for all layers"),
    ],
)
def test_raises_when_layer_options_cannot_be_honoured(layer_cfgs, message) -> None:
    with pytest.raises(ValueError, match=message):
        get_layer_options(layer_cfgs)


def test_feed_forward_width_is_exact() -> None:
    backbone = VisionTransformer(TINY, img_size=32)
    assert backbone.network.blocks[0].mlp.fc1.out_features == 13


def test_stochastic_depth_rises_to_its_rate() -> None:
    blocks = VisionTransformer(TINY, img_size=32, drop_path_rate=0.4).network.blocks
    assert [block.drop_path1.drop_prob for block in blocks] == pytest.approx([0, 0.2, 0.4])
    assert [block.drop_path2.drop_prob for block in blocks] == pytest.approx([0, 0.2, 0.4])
