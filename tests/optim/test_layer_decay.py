import pytest
import torch
from torch import nn

from mmlight.optim.layer_decay import LayerDecayRules, group_by_depth


class Model(nn.Module):
    """Three depths: a stem, a norm and a head, whose names here are not the original's."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = nn.LayerNorm(2)
        self.c = nn.Linear(2, 2)
        self.frozen = nn.Linear(2, 2)
        self.frozen.requires_grad_(False)

    def get_layer_depth(self, param_name):
        return ("stem", "norm", "head").index(param_name.split(".")[0]), 3


NAMES = {
    f"{ours}.{leaf}": f"{mm}.{leaf}"
    for ours, mm in (("a", "stem"), ("b", "norm"), ("c", "head"))
    for leaf in ("weight", "bias")
}


def read(rules, **options):
    model = Model()
    words = {"lr": 1.0, "weight_decay": 0.5, "mm_names": NAMES, **options}
    groups = group_by_depth(model, rules, **words)
    optimizer = torch.optim.SGD(groups, lr=1.0, weight_decay=words["weight_decay"] or 0)
    found = {
        id(p): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for p in group["params"]
    }
    return {NAMES[n]: found[id(p)] for n, p in model.named_parameters() if id(p) in found}


def test_rates_fall_towards_the_stem():
    assert read(LayerDecayRules(layer_decay_rate=0.5)) == {
        "stem.weight": (0.25, 0.5),
        "stem.bias": (0.25, 0.5),
        "norm.weight": (0.5, 0.5),
        "norm.bias": (0.5, 0.5),
        "head.weight": (1.0, 0.5),
        "head.bias": (1.0, 0.5),
    }


def test_decays_follow_their_rules_when_there_are_some():
    rules = LayerDecayRules(
        norm_decay_mult=0.1,
        bias_decay_mult=0.2,
        flat_decay_mult=0.3,
        custom_keys={"head.b": {"decay_mult": 2.0, "lr_mult": 9.0}},
    )
    decays = {name: decay for name, (_, decay) in read(rules).items()}
    assert decays == {
        "stem.weight": 0.5,
        "stem.bias": 0.1,
        "norm.weight": 0.05,
        "norm.bias": 0.05,
        "head.weight": 0.5,
        "head.bias": 1.0,
    }
    rules = LayerDecayRules(flat_decay_mult=0.0)
    assert {name for name, (_, decay) in read(rules).items() if decay == 0} == {
        *("stem.bias", "norm.weight", "norm.bias", "head.bias")
    }


def test_options_are_kept_when_a_custom_key_has_more():
    rules = LayerDecayRules(custom_keys={"norm": {"momentum": 0.75}})
    groups = group_by_depth(Model(), rules, lr=1.0, weight_decay=0.5, mm_names=NAMES)
    assert [group.get("momentum") for group in groups] == [None, 0.75]


def test_decay_is_left_alone_when_there_is_none():
    rules = LayerDecayRules(layer_decay_rate=0.5, norm_decay_mult=0.0)
    assert {decay for _, decay in read(rules, weight_decay=None).values()} == {0}


def test_rate_is_asked_for_when_missing():
    with pytest.raises(ValueError, match="multiplied by layer_decay_rate, got None"):
        group_by_depth(Model(), LayerDecayRules(), lr=None)


def test_depths_are_asked_for_when_the_model_has_none():
    with pytest.raises(ValueError, match="module must have get_layer_depth, got Linear"):
        group_by_depth(nn.Linear(1, 1), LayerDecayRules(), lr=1.0)
