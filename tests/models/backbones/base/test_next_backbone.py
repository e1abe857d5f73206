import pytest
import torch
from torch import nn

from mmlight.models.backbones.base.next_backbone import NextBackbone, build_network, set_drop_path
from mmlight.weights.name_map import name_map


class Block(nn.Conv2d):
    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)


def build():
    blocks = [[Block(4)], [Block(6), Block(6)]]
    return build_network(
        [4, 6],
        blocks,
        nn.BatchNorm2d,
        in_channels=3,
        patch_size=2,
        downsample_norm=nn.InstanceNorm2d,
    )


def wrap(**kwargs):
    options = {"out_indices": (1,), "out_norms": [nn.LayerNorm(6)], "gap_before_final_norm": True}
    return NextBackbone(build(), drop_path_rate=0.0, **{**options, **kwargs})


def test_stages_begin_with_downsampling() -> None:
    network = build()
    assert [type(layer) for layer in network.stages[1].downsample] == [nn.InstanceNorm2d, nn.Conv2d]
    assert isinstance(network.stem[1], nn.BatchNorm2d)
    assert isinstance(network.stages[0].downsample, nn.Identity)


def test_outputs_are_averaged_before_their_norm() -> None:
    (feature,) = wrap()(torch.rand(2, 3, 8, 8))
    assert feature.shape == (2, 6)
    torch.testing.assert_close(feature.mean(1), torch.zeros(2), atol=1e-5, rtol=0)


def test_maps_stay_when_not_averaged() -> None:
    norms = [nn.BatchNorm2d(4), nn.BatchNorm2d(6)]
    network = wrap(out_indices=(0, 1), out_norms=norms, gap_before_final_norm=False)
    assert [tuple(x.shape) for x in network(torch.rand(2, 3, 8, 8))] == [(2, 4, 4, 4), (2, 6, 2, 2)]
    names = name_map(network).to_mm
    assert names["network.norm0.weight"] == "norm0.weight"
    assert names["network.head.norm.weight"] == "norm1.weight"
    assert names["network.stages.1.downsample.1.weight"] == "downsample_layers.1.1.weight"


def test_frozen_stage_includes_the_stem() -> None:
    network = wrap(frozen_stages=1).train()
    assert not network.network.stem[1].training
    frozen = {name for name, value in network.named_parameters() if not value.requires_grad}
    assert {name.split(".")[1] for name in frozen} == {"stem", "stages"}
    assert all(not name.startswith("network.stages.1") for name in frozen)


def test_drop_path_rises_over_all_blocks() -> None:
    network = build()
    set_drop_path(network, 0.4)
    blocks = [block for stage in network.stages for block in stage.blocks]
    rates = [getattr(block.drop_path, "drop_prob", None) for block in blocks]
    assert rates == pytest.approx([None, 0.2, 0.4])
