import pytest
import torch
from torch import nn

from mmlight.models.backbones.shufflenet_v2 import ShuffleNetV2
from mmlight.weights.name_map import name_map


def test_gives_a_feature_per_stage() -> None:
    with torch.device("meta"):
        features = ShuffleNetV2(out_indices=(0, 1, 2, 3))(torch.rand(1, 3, 64, 64))
    assert [(x.shape[1], x.shape[2]) for x in features] == [(116, 8), (232, 4), (464, 2), (1024, 2)]


def test_takes_other_norms_and_activations() -> None:
    network = ShuffleNetV2(0.5, norm_cfg={"type": "BN", "eps": 0.1}, act_cfg={"type": "GELU"})
    layers = list(network.modules())
    assert {layer.eps for layer in layers if isinstance(layer, nn.BatchNorm2d)} == {0.1}
    assert not any(isinstance(layer, nn.ReLU) for layer in layers)


def test_names_count_convolutions_of_a_branch() -> None:
    names = name_map(ShuffleNetV2(0.5)).to_mm
    assert names["network.stage3.0.branch2.6.bias"] == "layers.1.0.branch2.2.bn.bias"
    assert names["network.stage2.0.branch1.2.weight"] == "layers.0.0.branch1.1.conv.weight"
    assert names["network.conv5.1.running_var"] == "layers.3.bn.running_var"


def test_last_convolution_counts_statistics_once_when_blocks_run_twice() -> None:
    network = ShuffleNetV2(0.5, with_cp=True).train()
    network(torch.rand(2, 3, 64, 64))[0].sum().backward()
    assert network.network.stage4[1].branch2[1].num_batches_tracked == 2
    assert network.network.conv5[1].num_batches_tracked == 1


def test_raises_when_width_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"one of \(0.5, 1.0, 1.5, 2.0\), got 0.75"):
        ShuffleNetV2(0.75)
