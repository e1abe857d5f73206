import pytest
import torch
from torch import nn

from mmlight.compat.optimizer import AmpOptimWrapper, OptimWrapper
from mmlight.optim.constructor import ConstructedOptimizer, unwrap
from mmlight.optim.gradient_clip import GradientClip

CONFIG = {"optimizer": {"type": "SGD", "lr": 0.5}}


class Constructor:
    """Gives each parameter whose name says so a rate of its own, as in the tutorials of mm."""

    def __init__(self, optim_wrapper_cfg, paramwise_cfg=None):
        self.options = optim_wrapper_cfg.pop("optimizer")
        self.options.pop("type")
        self.rate = (paramwise_cfg or {}).get("head_lr", 2.0)

    def __call__(self, model):
        names = dict(model.named_parameters())
        head = [value for name, value in names.items() if name.startswith("head")]
        rest = [value for name, value in names.items() if not name.startswith("head")]
        groups = [{"params": rest}, {"params": head, "lr": self.rate}]
        return OptimWrapper(torch.optim.SGD(groups, **self.options), accumulative_counts=3)


class OldConstructor:
    def __init__(self, optimizer_cfg, paramwise_cfg=None):
        self.got = (optimizer_cfg, paramwise_cfg)

    def __call__(self, model):
        return self.got


def test_constructor_gets_what_the_original_gives_when_new():
    build = ConstructedOptimizer(Constructor, CONFIG, {"head_lr": 0.25}).build
    for _ in range(2):  # it may change what it gets
        wrapper = build(nn.Linear(1, 1), {"bias": "head.fc.bias"})
        groups = wrapper.optimizer.param_groups
        assert [group["lr"] for group in groups] == [0.5, 0.25]
        assert [len(group["params"]) for group in groups] == [1, 1]


def test_constructor_gets_what_the_original_gives_when_old():
    words = {"type": "SGD", "lr": 1}
    build = ConstructedOptimizer(OldConstructor, words, None, generation="0.x").build
    assert build(nn.Linear(1, 1)) == (words, None)


def test_constructor_is_imported_when_named():
    found = ConstructedOptimizer("mmlight.optim.optimizer.OptimizerBuilder", {}).constructor
    assert found.__name__ == "OptimizerBuilder"


def sgd():
    return torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1)


def test_config_counts_when_there_is_no_wrapper():
    optimizer, clip = sgd(), GradientClip(max_norm=1)
    assert unwrap(optimizer, clip, 4) == (optimizer, clip, 4)


@pytest.mark.parametrize("kind", [OptimWrapper, AmpOptimWrapper])
def test_wrapper_counts_when_there_is_one(kind):
    optimizer = sgd()
    clip = {"type": "value", "clip_value": 0.5}
    wrapper = kind(optimizer=optimizer, accumulative_counts=2, clip_grad=clip)
    found, ours, counts = unwrap(wrapper, GradientClip(max_norm=1), 4)
    assert (found, counts) == (optimizer, 2)
    assert (ours.type, ours.limit) == ("value", 0.5)
    assert unwrap(kind(optimizer=optimizer), GradientClip(max_norm=1), 4)[1:] == (None, 1)


def test_result_is_refused_when_it_steps_otherwise():
    class Noisy(OptimWrapper):
        pass

    for built, name in ((Noisy(sgd()), "Noisy"), ({}, "dict")):
        with pytest.raises(ValueError, match=f"or an AmpOptimWrapper, got {name}"):
            unwrap(built, None, 1)
