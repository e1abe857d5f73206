import pytest
import torch

from mmlight.models.backbones.vit_sam import ViTSAM

TINY = {
    "embed_dims": 8,
    "num_layers": 2,
    "num_heads": 2,
    "feedforward_channels": 12,
    "global_attn_indexes": [1],
}


def make(**words) -> ViTSAM:
    return ViTSAM(TINY, **{"img_size": 64, "window_size": 2, "out_channels": 6, **words})


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        ({}, (1, 6, 4, 6)),
        ({"out_channels": 0}, (1, 8, 4, 6)),
        ({"out_type": "avg_featmap"}, (1, 6)),
        ({"use_abs_pos": False, "use_rel_pos": False}, (1, 6, 4, 6)),
    ],
)
def test_output_has_the_promised_shape(words, shape) -> None:
    model = make(**words)
    model.init_weights()
    assert model(torch.rand(1, 3, 64, 96))[0].shape == shape


def test_layers_attend_in_windows_but_the_global_ones() -> None:
    assert [block.window_size for block in make().network.blocks] == [2, 0]
    given = make(layer_cfgs=[{"window_size": 3}, {}])
    assert [block.window_size for block in given.network.blocks] == [3, 0]


def test_positions_of_a_checkpoint_are_resized() -> None:
    state = {
        "network.pos_embed": torch.ones(1, 2, 3, 8),
        "network.blocks.1.attn.rel_pos_h": torch.ones(3, 4),
        "network.blocks.0.attn.rel_pos_w": torch.ones(3, 4),
    }
    fitted = make().fit_state(state)
    torch.testing.assert_close(fitted["network.pos_embed"], torch.ones(1, 4, 4, 8))
    torch.testing.assert_close(fitted["network.blocks.1.attn.rel_pos_h"], torch.ones(7, 4))
    assert fitted["network.blocks.0.attn.rel_pos_w"].shape == (3, 4)  # of a window


def test_reduction_is_frozen_when_all_layers_are() -> None:
    assert make(frozen_stages=1).network.neck[0].weight.requires_grad
    assert not any(value.requires_grad for value in make(frozen_stages=2).parameters())


def test_raises_when_value_cannot_be_honoured() -> None:
    with pytest.raises(ValueError, match=r"out_type must be one of .* got 'cls_token'"):
        make(out_type="cls_token")
    with pytest.raises(ValueError, match=r"arch must have the keys .*global_attn_indexes, got"):
        ViTSAM({"embed_dims": 8})
