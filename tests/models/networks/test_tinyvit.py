import torch
from torch import nn

from mmlight.models.networks.tinyvit import (
    NAME_RULES,
    build_network,
    reset_last_norms,
    set_norms,
)

ARCH = {"channels": (4, 8, 8, 16), "num_heads": (1, 2, 2, 2), "depths": (1, 1, 2, 1)}


def make():
    return build_network(
        ARCH, act_layer=nn.ReLU, drop_rate=0.1, drop_path_rate=0.4, window_sizes=(7, 3, 2, 2)
    )


def test_rates_rise_block_by_block() -> None:
    network = make()
    blocks = [block for stage in list(network.stages)[1:] for block in stage.blocks]
    rates = [block.drop_path1.drop_prob for block in blocks]
    torch.testing.assert_close(torch.tensor(rates), torch.linspace(0, 0.4, 5)[1:])
    assert all(block.drop_path1 is block.drop_path2 for block in blocks)
    assert all(block.mlp.drop1 is block.mlp.drop2 for block in blocks)


def test_activation_is_set_where_the_original_sets_it() -> None:
    network = make()
    assert type(network.stages[1].downsample.act2) is nn.ReLU
    assert type(network.stages[1].blocks[0].mlp.act) is nn.ReLU
    assert type(network.stages[0].blocks[0].act1) is nn.GELU
    assert type(network.patch_embed.act) is nn.GELU


def test_norms_have_the_channels_behind_the_downsampling() -> None:
    network = make()
    set_norms(network, (0, 2, 3), ARCH["channels"], nn.LayerNorm)
    shapes = [norm.normalized_shape for norm in (network.norm0, network.norm2, network.head.norm)]
    assert shapes == [(8,), (16,), (16,)]
    names = [f"network.{name}" for name in network.state_dict()]
    assert all(any(rule.rename(name) for rule in NAME_RULES) for name in names)


def test_last_norms_are_zero() -> None:
    network = make()
    nn.init.ones_(network.stages[0].blocks[0].conv3.bn.weight)
    reset_last_norms(network)
    assert not network.stages[0].blocks[0].conv3.bn.weight.any()
