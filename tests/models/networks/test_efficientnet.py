import pytest
import torch
from torch import nn

from mmlight.models.networks.efficientnet import (
    Blocks,
    build_network,
    join_stages,
    name_rules,
    set_drop_path,
)

ROWS = [
    [Blocks(2, 3, 1, 1, 8, "cn")],
    [Blocks(1, 3, 1, 3, 16, "er_plain"), Blocks(1, 3, 1, 2, 16, "er_plain")],
    [Blocks(1, 5, 2, 4, 24, "ir_plain")],
    [Blocks(2, 3, 1, 1, 24, "ir")],
]


def build():
    return build_network(
        ROWS,
        stem_channels=8,
        head_channels=40,
        in_channels=2,
        padding="same",
        norm_cfg={"type": "BN"},
        act_cfg={"type": "ReLU"},
    )


def test_blocks_have_their_sizes() -> None:
    network = build()
    assert network(torch.rand(2, 2, 32, 32)).shape == (2, 40, 8, 8)
    convolution, (first, second), (inverted,), (separable, _) = network.blocks
    assert [block.has_skip for block in convolution] == [True, True]
    assert (first.conv_exp.out_channels, second.conv_exp.out_channels) == (24, 32)
    assert not second.has_skip
    assert (inverted.conv_pw.out_channels, inverted.conv_dw.kernel_size) == (64, (5, 5))
    assert isinstance(inverted.se, nn.Identity)
    assert separable.se.conv_reduce.out_channels == 6


def test_drop_path_rises_and_skips_unused_convolutions() -> None:
    network = build()
    network.blocks[0][1].has_skip = False
    set_drop_path(network, 0.6, only_used=[type(network.blocks[0][0])])
    blocks = [block for stage in network.blocks for block in stage]
    rates = [getattr(block.drop_path, "drop_prob", None) for block in blocks]
    assert rates == pytest.approx([None, None, 0.2, 0.3, 0.4, 0.5, 0.6])


def test_joined_stages_go_on_counting() -> None:
    layers = join_stages(build(), {3})
    assert [[path for path, _ in layer] for layer in layers] == [
        ["blocks.0.0", "blocks.0.1"],
        ["blocks.1.0", "blocks.1.1"],
        ["blocks.2.0", "blocks.3.0", "blocks.3.1"],
    ]
    (rule,) = name_rules(layers)
    assert (
        rule.rename("network.blocks.3.1.conv_dw.weight") == "layers.3.2.depthwise_conv.conv.weight"
    )
    assert rule.rename("network.blocks.3.1.se.conv_reduce.bias") == "layers.3.2.se.conv1.conv.bias"
    assert rule.rename("network.blocks.1.0.bn2.bias") == "layers.2.0.conv2.bn.bias"
    assert rule.rename("network.blocks.0.1.bn1.bias") == "layers.1.1.bn.bias"
    assert rule.rename("network.conv_head.weight") == "layers.4.conv.weight"
