import pytest
import torch

from mmlight.models.backbones.vit_eva02 import RotaryTable, ViTEVA02
from mmlight.weights.name_map import name_map

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 1, "feedforward_channels": 12}


def test_table_belongs_to_the_state_of_every_layer() -> None:
    names = name_map(ViTEVA02(TINY, img_size=32)).to_ours
    assert {n for n in names if "freqs_sin" in n} == {
        "rope.freqs_sin",
        "layers.0.attn.rope.freqs_sin",
        "layers.1.attn.rope.freqs_sin",
    }


def test_gated_layer_keeps_its_weights_in_one() -> None:
    names = name_map(ViTEVA02(TINY, img_size=32, sub_ln=True)).to_ours
    assert {"layers.0.mlp.w12.weight", "layers.0.mlp.w3.weight", "layers.0.mlp.norm.bias"} < set(
        names
    )


def test_table_of_a_checkpoint_is_used_for_its_grid_only() -> None:
    table = RotaryTable(8, (2, 2))
    fresh = table((2, 2)).clone()
    table.freqs_cos.zero_()
    assert table((2, 2))[:, 8:].abs().sum() == 0
    assert table((3, 2)).shape == (6, 16)
    assert table((2, 2))[:, 8:].abs().sum() == 0  # another grid in between changes nothing
    torch.testing.assert_close(table((2, 2))[:, :8], fresh[:, :8])


def test_table_of_another_size_in_a_checkpoint_is_left_out() -> None:
    model = ViTEVA02(TINY, img_size=32)
    state = {"network.rope.freqs_cos": torch.ones(9, 8), "network.rope.freqs_sin": torch.ones(4, 8)}
    assert list(model.fit_state(state)) == ["network.rope.freqs_sin"]


@pytest.mark.parametrize(("freezes", "trained"), [(False, True), (True, False)])
def test_layers_are_frozen_when_asked(freezes, trained) -> None:
    model = ViTEVA02(TINY, img_size=32, frozen_stages=2, freezes_layers=freezes)
    layer = model.network.blocks[0]
    assert layer.norm1.weight.requires_grad is trained
    assert not model.network.patch_embed.proj.weight.requires_grad
    assert not model.network.norm.weight.requires_grad


def test_computes_all_outputs_for_another_size() -> None:
    model = ViTEVA02(TINY, img_size=32, out_type="featmap", out_indices=(0, 1))
    assert [out.shape for out in model(torch.rand(1, 3, 48, 32))] == [(1, 8, 3, 2)] * 2


def test_raises_when_option_is_unknown() -> None:
    with pytest.raises(ValueError, match="layer_cfgs does not support qk_scale=2"):
        ViTEVA02(TINY, img_size=32, layer_cfgs={"qk_scale": 2})
