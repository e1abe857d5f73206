import torch
from torch import nn

from mmlight.models.networks.efficientformer import (
    LayerScale,
    LayerScale2d,
    build_network,
    list_blocks,
    reset_convs,
    set_norms,
)

ARCH = {
    "layers": (1, 1, 1, 3),
    "embed_dims": (4, 8, 8, 16),
    "downsamples": (False, True, True, True),
    "vit_num": 2,
}
OPTIONS = {"mlp_ratio": 4, "act_layer": nn.GELU, "drop_rate": 0.0, "use_layer_scale": True}


def test_rates_rise_block_by_block() -> None:
    network = build_network(ARCH, **OPTIONS, drop_path_rate=0.5)
    blocks = [block for stage in network.stages for block in list_blocks(stage)]
    rates = [block.drop_path1.drop_prob for block in blocks]
    torch.testing.assert_close(torch.tensor(rates), torch.linspace(0, 0.5, 6))
    assert all(block.drop_path1 is block.drop_path2 for block in blocks)


def test_ratio_counts_behind_attention_only() -> None:
    network = build_network(ARCH, **{**OPTIONS, "mlp_ratio": 2}, drop_path_rate=0.0)
    widths = [block.mlp.fc1.weight.shape[0] for block in list_blocks(network.stages[3])]
    assert widths == [64, 32, 32]


def test_scales_are_filled_by_their_weight() -> None:
    x = torch.ones(1, 2, 3, 3)
    for layer, value in ((LayerScale2d(2), x), (LayerScale(3), x)):
        layer.weight.data.fill_(3)
        assert layer(value).unique().tolist() == [3.0]
    network = build_network(ARCH, **{**OPTIONS, "use_layer_scale": False}, drop_path_rate=0.0)
    assert not [name for name in network.state_dict() if "gamma" in name]


def test_last_norm_fits_what_comes() -> None:
    network = build_network(ARCH, **OPTIONS, drop_path_rate=0.0)
    set_norms(network, (1, 3), widths=ARCH["embed_dims"], on_tokens=True)
    assert type(network.norm1) is nn.GroupNorm
    assert type(network.norm) is nn.LayerNorm
    set_norms(network, (3,), widths=ARCH["embed_dims"], on_tokens=False)
    assert type(network.norm) is nn.GroupNorm


def test_convolutions_start_by_the_rule() -> None:
    torch.manual_seed(0)
    network = build_network("l1", **OPTIONS, drop_path_rate=0.0)
    reset_convs(network)
    for conv in (network.stem.conv2, network.stages[2].downsample.conv):
        expected = (2 / (conv.out_channels * 9)) ** 0.5
        assert 0.95 < conv.weight.std().item() / expected < 1.05
        assert conv.bias.unique().tolist() == [0.0]
