import pytest
import torch
from torch import nn

from mmlight.models.backbones.convmixer import ConvMixer

SMALL = {"embed_dims": 8, "depth": 3, "patch_size": 4, "kernel_size": 3}


def test_every_layer_keeps_the_size() -> None:
    features = ConvMixer(SMALL, out_indices=[0, -1])(torch.rand(2, 3, 32, 32))
    assert [tuple(x.shape) for x in features] == [(2, 8, 8, 8)] * 2


@pytest.mark.parametrize(("arch", "parameters"), [("768/32", 20341248), ("1536/20", 50088960)])
def test_has_the_known_number_of_parameters(arch: str, parameters: int) -> None:
    with torch.device("meta"):
        network = ConvMixer(arch)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_takes_other_norms_and_activations() -> None:
    network = ConvMixer(SMALL, norm_cfg={"type": "GN", "num_groups": 2}, act_cfg={"type": "Tanh"})
    kinds = {type(layer) for layer in network.modules() if next(layer.children(), None) is None}
    assert kinds == {nn.Conv2d, nn.Tanh, nn.GroupNorm, nn.Identity, nn.Dropout}


def test_frozen_layers_leave_out_the_stem() -> None:
    network = ConvMixer(SMALL, frozen_stages=1).train()
    assert network.network.stem[0].weight.requires_grad
    assert not network.network.blocks[0][1].weight.requires_grad
    assert [block.training for block in network.network.blocks] == [False, True, True]


def test_raises_when_key_is_missing() -> None:
    with pytest.raises(
        ValueError, match=r"arch must have the keys embed_dims, .* got {'depth': 1}"
    ):
        ConvMixer({"depth": 1})
