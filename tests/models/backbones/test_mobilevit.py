import pytest
import torch

from mmlight.models.backbones.mobilevit import MobileViT
from mmlight.weights.name_map import name_map

SMALL = [["mobilenetv2", 16, 1, 2, 2], ["mobilevit", 24, 2, 20, 30, 2, 2]]


def test_last_feature_is_that_of_the_last_convolution() -> None:
    features = MobileViT(SMALL, out_indices=[0, -1])(torch.rand(2, 3, 32, 32))
    assert [tuple(x.shape) for x in features] == [(2, 16, 16, 16), (2, 96, 8, 8)]


@pytest.mark.parametrize(("arch", "parameters"), [("small", 4937632), ("XX_small", 951024)])
def test_has_the_known_number_of_parameters(arch: str, parameters: int) -> None:
    with torch.device("meta"):
        network = MobileViT(arch)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_transformer_has_the_exact_width() -> None:
    arch = [["mobilenetv2", 16, 1, 1, 2], ["mobilevit", 24, 2, 92, 123, 1, 2]]
    block = MobileViT(arch, out_indices=1).network.stages[1][1]
    assert block.transformer[0].mlp.fc1.out_features == 123


def test_norm_behind_a_transformer_counts_as_its_layer() -> None:
    names = name_map(MobileViT(SMALL, out_indices=1)).to_mm
    assert names["network.stages.1.1.norm.bias"] == "layers.1.1.global_rep.2.bias"
    name = "network.stages.1.1.transformer.1.mlp.fc2.bias"
    assert names[name] == "layers.1.1.global_rep.1.ffn.layers.1.bias"


def test_norm_cfg_reaches_both_ends_only() -> None:
    norm = {"type": "BN", "eps": 0.1, "requires_grad": False}
    network = MobileViT(SMALL, out_indices=1, norm_cfg=norm, act_cfg={"type": "ReLU"}).network
    block = network.stages[0][0]
    assert (network.stem.bn.eps, network.final_conv.bn.eps) == (0.1, 0.1)
    assert not network.stem.bn.weight.requires_grad
    assert (block.conv1_1x1.bn.eps, block.conv1_1x1.bn.weight.requires_grad) == (1e-5, True)
    assert type(network.stem.bn.act) is not type(block.conv1_1x1.bn.act)


def test_frozen_stages_leave_out_the_stem() -> None:
    network = MobileViT(SMALL, out_indices=1, frozen_stages=1).train().network
    assert [stage.training for stage in network.stages] == [False, True]
    assert network.stem.conv.weight.requires_grad


@pytest.mark.parametrize(
    ("arch", "message"),
    [
        ("large", "arch must be one of small, x_small, xx_small, got 'large'"),
        ([["mobilenetv3", 16, 1, 1]], "per stage, got 'mobilenetv3'"),
        ([["mobilenetv2", 20, 1, 1]], "multiples of 8 for channels, got 20"),
        ([["mobilenetv2", 16, 1, 1, 1]], "widen 16 channels to a multiple of 8, got 1"),
    ],
)
def test_raises_when_arch_is_impossible(arch, message) -> None:
    with pytest.raises(ValueError, match=message):
        MobileViT(arch, out_indices=0)
