import pytest
import torch

from mmlight.models.backbones.swin_transformer import SwinTransformer, merge_to_mm, merge_to_ours
from mmlight.weights.load import load_state
from mmlight.weights.name_map import name_map

ARCH = {"embed_dims": 8, "depths": [1, 2], "num_heads": [2, 2]}


def build(**kwargs):
    return SwinTransformer(ARCH, **{"img_size": 32, "window_size": 4, "out_indices": (1,)} | kwargs)


def test_merged_order_is_columns_first_here_and_channels_first_there() -> None:
    # ours (2 * column + row) * C + c, theirs 4 * c + 2 * row + column
    ours = torch.arange(12)
    theirs = [(2 * column + row) * 3 + c for c in range(3) for row in (0, 1) for column in (0, 1)]
    assert merge_to_mm(ours).tolist() == theirs
    assert torch.equal(merge_to_ours(merge_to_mm(ours)), ours)
    weight = torch.rand(5, 12)
    assert torch.equal(merge_to_ours(merge_to_mm(weight)), weight)
    assert torch.equal(merge_to_mm(weight)[3], merge_to_mm(weight[3]))


def test_outputs_have_norms_of_their_own() -> None:
    backbone = build(out_indices=(0, 1))
    assert [out.shape for out in backbone(torch.rand(1, 3, 32, 32))] == [
        (1, 8, 8, 8),
        (1, 16, 4, 4),
    ]
    names = name_map(backbone).to_ours
    assert {"norm0.weight", "norm1.weight"} <= names.keys()
    assert names["norm1.weight"] == "network.norm.weight"


def test_tables_of_places_are_saved_for_the_original() -> None:
    constants = build().mm_constants()
    assert len(constants) == 3
    assert constants["stages.1.blocks.0.attn.w_msa.relative_position_index"].shape == (16, 16)


def test_position_biases_start_drawn_and_without_are_zero() -> None:
    backbone = build(use_abs_pos_embed=True)
    table = backbone.network.layers[0].blocks[0].attn.relative_position_bias_table
    assert (table == 0).all()
    backbone.init_weights()
    for values in (table, backbone.network.absolute_pos_embed):
        assert 0.01 < values.std() < 0.03


def test_positions_are_resized_when_image_or_checkpoint_is_of_another_size() -> None:
    small, large = build(use_abs_pos_embed=True), build(use_abs_pos_embed=True, img_size=64)
    assert small(torch.rand(1, 3, 48, 32))[0].shape == (1, 16, 6, 4)
    assert load_state(
        large, name_map(small).state_dict_to_mm(small.state_dict()).state, "x"
    ).is_exact


def test_tables_are_resized_when_checkpoint_has_another_window() -> None:
    small, large = build(), build(window_size=8, img_size=64)
    table = small.network.layers[0].blocks[0].attn.relative_position_bias_table
    torch.nn.init.constant_(table, 0.5)
    assert load_state(large, small.state_dict(), "x").is_exact
    fitted = large.network.layers[0].blocks[0].attn.relative_position_bias_table
    torch.testing.assert_close(fitted, torch.full((225, 2), 0.5))


def test_names_of_the_first_checkpoints_are_known() -> None:
    backbone = build()
    state = name_map(backbone).state_dict_to_mm(backbone.state_dict()).state
    state["norm.weight"], state["norm.bias"] = (
        state.pop("norm1.weight") + 1,
        state.pop("norm1.bias"),
    )
    state["stages.0.blocks.0.attn.attn_mask"] = torch.zeros(1)
    assert load_state(backbone, state, "x").is_exact
    assert (backbone.network.norm.weight == 2).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"frozen_stages": 2}, "frozen_stages must be in .*, got 2"),
        ({"out_indices": (2,)}, r"out_indices must be in \[0, 2\), got \(2,\)"),
        ({"stage_cfgs": {"embed_dims": 3}}, "stage_cfgs does not support embed_dims=3"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        build(**kwargs)
