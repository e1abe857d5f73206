import torch
from torch import nn

from mmlight.models.networks.levit import (
    build_network,
    find_parts,
    fold_norms,
    get_arch,
    make_name_rules,
)

ARCH = {"embed_dims": (8, 16), "num_heads": (2, 2), "depths": (1, 1), "key_dims": (4, 4)}


def make(mlp_ratio: float = 2):
    return build_network(
        get_arch(ARCH),
        stem=None,
        mlp_ratio=mlp_ratio,
        drop_path_rate=0.25,
        img_size=32,
        stem_stride=16,
        attn_ratio=2,
        act_layer=nn.ReLU,
    )


def test_names_of_architectures_ignore_case() -> None:
    assert get_arch("128S") == get_arch("128s") != get_arch("128")


def test_ratio_counts_in_the_downsampling_too() -> None:
    network = make(mlp_ratio=3)
    assert network.stages[1].downsample.mlp.ln1.linear.out_features == 48
    assert network.stages[1].blocks[0].mlp.ln1.linear.out_features == 48


def test_all_blocks_drop_at_the_same_rate() -> None:
    rates = [m.drop_prob for m in make().modules() if type(m).__name__ == "DropPath"]
    assert rates == [0.25] * 5
    assert type(make().stem.act1) is nn.Hardswish
    assert type(make().stages[0].blocks[0].mlp.act) is nn.ReLU


def test_parts_count_the_downsampling_as_two() -> None:
    assert dict(find_parts(make())) == {
        "stages.0.blocks.0.attn": "stages.0.0.block",
        "stages.0.blocks.0.mlp": "stages.0.1.block",
        "stages.1.downsample.attn_downsample": "stages.1.0",
        "stages.1.downsample.mlp": "stages.1.1.block",
        "stages.1.blocks.0.attn": "stages.1.2.block",
        "stages.1.blocks.0.mlp": "stages.1.3.block",
    }


def test_every_name_has_a_rule_before_and_after_folding() -> None:
    network = make()
    rules = make_name_rules(network, own_stem=False)
    for fold in (lambda _: None, fold_norms):
        fold(network)
        names = [f"network.{name}" for name in network.state_dict()]
        assert all(any(rule.rename(name) for rule in rules) for name in names)


@torch.no_grad()
def test_folding_keeps_the_outputs() -> None:
    network, images = make().eval(), torch.rand(1, 3, 32, 32)
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            layer.weight.normal_()
    before = network.forward_features(images)
    fold_norms(network)
    torch.testing.assert_close(network.forward_features(images), before, rtol=1e-4, atol=1e-4)
