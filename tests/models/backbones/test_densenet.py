import pytest
import torch

from mmlight.models.backbones.densenet import DenseNet
from mmlight.weights.name_map import name_map

SMALL = {"growth_rate": 4, "depths": [2, 3], "init_channels": 10}


@pytest.mark.parametrize(
    ("arch", "channels"), [("121", 1024), ("169", 1664), ("201", 1920), ("161", 2208)]
)
def test_gives_the_last_stage_by_default(arch: str, channels: int) -> None:
    with torch.device("meta"):
        (feature,) = DenseNet(arch)(torch.rand(2, 3, 64, 64))
    assert feature.shape == (2, channels, 2, 2)


def test_outputs_lie_behind_the_transitions() -> None:
    with torch.device("meta"):
        features = DenseNet(SMALL, out_indices=(0, -1))(torch.rand(2, 3, 32, 32))
    assert [tuple(feature.shape[1:]) for feature in features] == [(9, 4, 4), (21, 4, 4)]


def test_transitions_compress_as_asked() -> None:
    with torch.device("meta"):
        features = DenseNet(SMALL, compression_factor=0.3).network.features
    assert features.transition1.conv.out_channels == 5  # of 10 + 2 * 4


def test_names_count_from_zero() -> None:
    with torch.device("meta"):
        names = name_map(DenseNet(SMALL)).to_mm
    ours = "network.features.denseblock2.denselayer3.norm1.weight"
    assert names[ours] == "stages.1.block.2.norm1.weight"
    assert names["network.features.transition1.conv.weight"] == "transitions.0.conv.weight"
    assert names["network.features.norm5.bias"] == "transitions.1.0.bias"


def test_frozen_stages_leave_the_stem_alone() -> None:
    features = DenseNet(SMALL, frozen_stages=1).train().network.features
    parts = (features.norm0, features.denseblock1, features.transition1, features.denseblock2)
    assert [part.training for part in parts] == [True, False, False, True]


def test_gradients_do_not_depend_on_memory_efficiency() -> None:
    grads = []
    for memory_efficient in (False, True):
        torch.manual_seed(0)
        backbone = DenseNet(SMALL, memory_efficient=memory_efficient)
        backbone(torch.rand(2, 3, 32, 32))[0].sin().sum().backward()
        grads.append(backbone.network.features.conv0.weight.grad)
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "120"}, "arch must be one of 121, 169, 201, 161, got '120'"),
        ({"arch": {"depths": [1]}}, "arch must have the keys growth_rate, depths, init_channels"),
        ({"drop_rate": 1.0}, r"drop_rate must be in \[0, 1\), got 1.0"),
        ({"out_indices": 4}, r"out_indices must be in \[0, 4\), got 4"),
        ({"frozen_stages": 5}, r"frozen_stages must be in \[-1, 4\], got 5"),
        ({"norm_cfg": {"type": "GN", "num_groups": 2}}, "norm_cfg type must be .* got 'GN'"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        DenseNet(**kwargs)
