import pytest
import torch
from timm.models.cspnet import BottleneckBlock

from mmlight.models.backbones.cspnet import CSPDarkNet, CSPResNet, CSPResNeXt
from mmlight.models.initialize import Constant, init_weights


@pytest.mark.parametrize(
    ("kind", "depth", "shapes"),
    [
        (CSPDarkNet, 53, [(64, 32), (128, 16), (256, 8), (512, 4), (1024, 2)]),
        (CSPResNet, 50, [(128, 16), (256, 8), (512, 4), (1024, 2)]),
        (CSPResNeXt, 50, [(256, 16), (512, 8), (1024, 4), (2048, 2)]),
    ],
)
def test_gives_a_feature_per_stage(kind, depth, shapes) -> None:
    with torch.device("meta"):
        features = kind(depth, out_indices=range(len(shapes)))(torch.rand(1, 3, 64, 64))
    assert [(x.shape[1], x.shape[2]) for x in features] == shapes


def test_deep_stem_works_at_twice_the_size() -> None:
    with torch.device("meta"):
        network = CSPResNet(50, deep_stem=True, out_indices=0)
        assert network(torch.rand(1, 3, 64, 64))[0].shape == (1, 128, 32, 32)
    assert [conv.conv.out_channels for conv in network.network.stem] == [32, 32, 64]


def test_frozen_stages_count_from_zero() -> None:
    network = CSPResNet(50, frozen_stages=0).train()
    assert [stage.training for stage in network.network.stages] == [False, True, True, True]
    assert not network.network.stem.training
    assert not network.network.stem.conv1.conv.weight.requires_grad


def test_init_cfg_reaches_bottlenecks_only() -> None:
    network = CSPResNet(50, init_cfg=Constant(3, layer="Conv2d"))
    init_weights(network, lambda *_: None)
    stage = network.network.stages[1]
    assert isinstance(stage.blocks[0], BottleneckBlock)
    assert stage.blocks[0].conv2.conv.weight.unique().tolist() == [3.0]
    assert network.network.stem.conv1.conv.weight.unique().tolist() == [3.0]
    assert stage.conv_down.conv.weight.std().item() == pytest.approx(
        (2 / (9 * 128)) ** 0.5, rel=0.05
    )


@pytest.mark.parametrize(
    ("kind", "kwargs", "message"),
    [
        (CSPDarkNet, {"depth": 19}, "depth must be 53, got 19"),
        (CSPResNeXt, {"depth": 101}, "depth must be 50, got 101"),
        (
            CSPResNet,
            {"depth": 50, "frozen_stages": 4},
            r"frozen_stages must be in \[-1, 4\), got 4",
        ),
        (CSPResNet, {"depth": 50, "conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
    ],
)
def test_raises_when_value_is_impossible(kind, kwargs, message) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        kind(**kwargs)
