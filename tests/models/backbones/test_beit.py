import pytest
import torch

from mmlight.models.backbones.beit import BEiTViT
from mmlight.models.layers.drop_path import DropPath

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}
TABLE = "relative_position_bias_table"


def make(**words) -> BEiTViT:
    return BEiTViT(TINY, **{"img_size": 64, **words})


@pytest.mark.parametrize(
    ("words", "tables"),
    [
        ({}, ["network.blocks.0.attn.", "network.blocks.1.attn."]),
        (
            {"use_rel_pos_bias": False, "use_shared_rel_pos_bias": True},
            ["network.rel_pos_bias."],
        ),
        ({"use_rel_pos_bias": False}, []),
    ],
)
def test_tables_are_where_they_are_wanted(words, tables) -> None:
    model = make(**words)
    assert [n for n, _ in model.named_parameters() if TABLE in n] == [t + TABLE for t in tables]
    assert len(model.mm_constants()) == len(tables)
    assert model(torch.rand(2, 3, 64, 64))[0].shape == (2, 8)


def test_table_of_another_window_is_resized() -> None:
    name = f"network.blocks.0.attn.{TABLE}"
    fitted = make(img_size=80).fit_state({name: torch.ones(49 + 3, 2)})
    torch.testing.assert_close(fitted[name], torch.ones(81 + 3, 2))


def test_shared_table_of_a_checkpoint_goes_to_all_layers() -> None:
    shared = torch.rand(49 + 3, 2)
    state = {f"rel_pos_bias.{TABLE}": shared, "rel_pos_bias.relative_position_index": shared}
    fitted = make().fit_state(state)
    assert list(fitted) == [f"network.blocks.{index}.attn.{TABLE}" for index in range(2)]
    assert fitted[f"network.blocks.1.attn.{TABLE}"] is shared


@pytest.mark.parametrize(("twice", "count"), [(True, 4), (False, 2)])
def test_feed_forward_has_stochastic_depth_twice_when_asked(twice, count) -> None:
    model = make(drop_path_rate=0.2, drops_ffn_twice=twice)
    assert len([layer for layer in model.modules() if isinstance(layer, DropPath)]) == count


@pytest.mark.parametrize(
    ("bias", "names"),
    [
        ("qv_bias", {"q_bias", "v_bias", "qkv.weight"}),
        (True, {"qkv.weight", "qkv.bias"}),
        (False, {"qkv.weight"}),
    ],
)
def test_bias_is_of_the_wanted_kind(bias, names) -> None:
    found = dict(make(bias=bias, use_rel_pos_bias=False).network.blocks[0].attn.named_parameters())
    assert {name for name in found if "proj" not in name} == names


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"use_shared_rel_pos_bias": True}, "use_shared_rel_pos_bias must be False .* got True"),
        ({"with_cls_token": False}, "with_cls_token must be True with relative .* got False"),
        ({"bias": "k_bias"}, "bias must be one of .* got 'k_bias'"),
        ({"layer_cfgs": {"ffn_cfg": {}}}, "ffn_cfg must have add_identity=False, got {}"),
        ({"layer_cfgs": {"attn_cfg": {"qk_scale": 2}}}, "attn_cfg does not support qk_scale=2"),
    ],
)
def test_raises_when_value_cannot_be_honoured(words, message) -> None:
    with pytest.raises(ValueError, match=message):
        make(**words)
