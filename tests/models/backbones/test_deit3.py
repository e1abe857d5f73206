import pytest
import torch

from mmlight.models.backbones.deit3 import DeiT3

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}


@pytest.mark.parametrize("use_ln2", [False, True])
def test_second_norm_is_used_when_asked(use_ln2) -> None:
    model = DeiT3(TINY, img_size=32, use_ln2=use_ln2)
    model(torch.rand(2, 3, 32, 32))[0].sum().backward()
    assert (model.network.blocks[0].norm2.weight.grad is not None) == use_ln2


def test_class_token_has_no_position() -> None:
    model = DeiT3(TINY, img_size=32, out_type="raw")
    assert model.network.pos_embed.shape == (1, 4, 8)
    assert model(torch.rand(1, 3, 32, 48))[0].shape == (1, 7, 8)


def test_layer_scale_can_be_left_out_per_layer() -> None:
    layers = [{}, {"use_layer_scale": False}]
    names = DeiT3(TINY, img_size=32, layer_cfgs=layers).state_dict()
    assert [name for name in names if name.endswith("ls1.gamma")] == ["network.blocks.0.ls1.gamma"]


def test_raises_when_output_cannot_be_had() -> None:
    with pytest.raises(ValueError, match=r"out_type must be one of .* got 'avg_featmap'"):
        DeiT3(TINY, img_size=32, out_type="avg_featmap")
