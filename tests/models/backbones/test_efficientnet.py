import pytest
import torch
from timm.models._efficientnet_blocks import EdgeResidual

from mmlight.models.backbones.efficientnet import EfficientNet, scale_stage
from mmlight.models.initialize import init_weights
from mmlight.models.networks.efficientnet import Blocks
from mmlight.weights.name_map import name_map


def test_gives_a_feature_per_layer() -> None:
    with torch.device("meta"):
        features = EfficientNet("b1", out_indices=range(7))(torch.rand(1, 3, 64, 64))
    assert [(x.shape[1], x.shape[2]) for x in features] == [
        *((32, 32), (16, 32), (24, 16), (40, 8)),
        *((112, 4), (320, 2), (1280, 2)),
    ]


@pytest.mark.parametrize(
    ("arch", "millions"), [("b0", 4.0), ("b4", 17.5), ("l2", 474.8), ("es", 4.2), ("em", 5.6)]
)
def test_has_the_known_number_of_parameters(arch: str, millions: float) -> None:
    with torch.device("meta"):
        network = EfficientNet(arch, act_cfg={"type": "ReLU"})
    count = sum(value.numel() for value in network.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.05)


def test_frozen_layers_include_the_stem() -> None:
    network = EfficientNet("b0", frozen_stages=2).train()
    mm = name_map(network).to_mm
    frozen = {mm[name][:8] for name, value in network.named_parameters() if not value.requires_grad}
    assert frozen == {"layers.0", "layers.1"}
    assert not network.network.bn1.training
    assert network.network.blocks[1][0].bn1.training


def test_stored_anew_when_asked_counts_statistics_twice() -> None:
    network = EfficientNet("b0", with_cp=True).train()
    network(torch.rand(2, 3, 32, 32))[0].sum().backward()
    counts = [m.num_batches_tracked.item() for m in network.modules() if hasattr(m, "momentum")]
    assert counts == [1, *[2] * (len(counts) - 2), 1]  # as with the originals' own checkpointing


@pytest.mark.parametrize(("where", "strides"), [("first", (2, 1)), ("last", (1, 2))])
def test_stride_of_edge_blocks_is_where_the_generation_has_it(where, strides) -> None:
    with torch.device("meta"):
        network = EfficientNet("es", edge_stride=where)
        assert network(torch.rand(1, 3, 64, 64))[0].shape == (1, 1280, 2, 2)
    edge = next(b for b in network.network.blocks[1] if isinstance(b, EdgeResidual))
    assert (edge.conv_exp.stride[0], edge.conv_pwl.stride[0]) == strides


def test_start_values_follow_he_and_one() -> None:
    network = EfficientNet("b0")
    init_weights(network, lambda *_: None)
    block = network.network.blocks[3][0]
    assert block.bn1.weight.unique().tolist() == [1.0]
    assert block.se.conv_reduce.bias.unique().tolist() == [0.0]
    assert block.conv_pwl.weight.std().item() == pytest.approx((2 / 80) ** 0.5, rel=0.05)


def test_scaling_rounds_up_blocks_and_widens_edge_blocks() -> None:
    assert scale_stage(Blocks(1, 3, 1, 3, 24, "er_plain"), 1.2, 1.4) == [
        Blocks(1, 3, 1, 3, 32, "er_plain"),
        Blocks(1, 3, 1, 4, 32, "er_plain"),
    ]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "b9"}, "arch must be one of b0, b1, .*, got 'b9'"),
        ({"edge_stride": "both"}, "edge_stride must be 'first' or 'last', got 'both'"),
        ({"out_indices": (7,)}, r"out_indices must be in \[0, 7\), got \(7,\)"),
        ({"frozen_stages": 8}, r"frozen_stages must be in \[-1, 7\], got 8"),
    ],
)
def test_raises_when_value_is_impossible(kwargs, message) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        EfficientNet(**kwargs)
