import pytest
import torch
from torch import nn

from mmlight.compat import registries
from mmlight.compat.optimizer import (
    AmpOptimWrapper,
    DefaultOptimizerConstructor,
    DefaultOptimWrapperConstructor,
    LearningRateDecayOptimWrapperConstructor,
    OptimWrapper,
    build_optim_wrapper,
    build_optimizer,
)


def net(value=1.0):
    linear = nn.Linear(1, 1)
    nn.init.constant_(linear.weight, value)
    nn.init.zeros_(linear.bias)
    return linear


def test_step_is_made_when_enough_batches_are_together():
    linear = net()
    wrapper = OptimWrapper(torch.optim.SGD(linear.parameters(), lr=0.5), accumulative_counts=2)
    wrapper.update_params(linear(torch.ones(1, 1)).sum())
    assert linear.weight.item() == 1
    wrapper.update_params(linear(torch.ones(1, 1)).sum())
    assert linear.weight.item() == 0.5  # the mean of two gradients of 1
    assert linear.weight.grad is None
    assert wrapper.get_lr() == {"lr": [0.5]}
    wrapper.load_state_dict(wrapper.state_dict())


def test_base_settings_stand_beside_several_groups():
    linear = net()
    groups = [{"params": [linear.weight], "lr": 0.1}, {"params": [linear.bias]}]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.5))
    assert wrapper.get_lr() == {"base_lr": [0.5], "lr": [0.1, 0.5]}
    for group in wrapper.param_groups:
        group["lr"] /= 2
    state = wrapper.state_dict()
    other = OptimWrapper(torch.optim.SGD([dict(group) for group in groups], lr=0.5))
    other.load_state_dict(state)
    assert other.get_lr() == wrapper.get_lr() == {"base_lr": [0.25], "lr": [0.05, 0.25]}
    assert "base_param_settings" in state  # loading takes nothing out of it


@pytest.mark.parametrize(
    ("clip", "weight"),
    [(dict(max_norm=0.5), 0.5), (dict(type="value", clip_value=0.25), 0.75)],
)
def test_gradients_are_clipped_when_told(clip, weight):
    linear = nn.Linear(1, 1, bias=False)
    nn.init.ones_(linear.weight)
    wrapper = OptimWrapper(torch.optim.SGD(linear.parameters(), lr=1.0), clip_grad=clip)
    wrapper.update_params(linear(torch.full((1, 1), 4.0)).sum())
    assert linear.weight.item() == pytest.approx(weight)


def test_wrapper_raises_when_it_counts_no_batch():
    with pytest.raises(ValueError, match="accumulative_counts must be at least 1, got 0"):
        OptimWrapper(torch.optim.SGD(net().parameters(), lr=1), accumulative_counts=0)


def test_optimizer_is_built_when_by_the_old_constructor():
    cfg = dict(type="SGD", lr=0.1, weight_decay=0.5)
    plain = DefaultOptimizerConstructor(cfg)(net())
    assert (type(plain), plain.defaults["lr"]) == (torch.optim.SGD, 0.1)
    rules = dict(bias_lr_mult=2.0, bias_decay_mult=0.0)
    groups = DefaultOptimizerConstructor(cfg, rules)(net()).param_groups
    found = {(group["lr"], group["weight_decay"]) for group in groups}
    assert found == {(0.1, 0.5), (0.2, 0.0)}
    with pytest.raises(TypeError, match="optimizer_cfg must be a dict, got 5"):
        DefaultOptimizerConstructor(5)


def test_optimizer_is_wrapped_when_by_the_new_constructor():
    cfg = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=0.1), accumulative_counts=3)
    wrapper = DefaultOptimWrapperConstructor(cfg)(net())
    assert isinstance(wrapper.optimizer, torch.optim.AdamW)
    assert wrapper.optimizer.param_groups[0]["lr"] == 0.1
    assert "optimizer" in cfg
    with pytest.raises(ValueError, match="type must be OptimWrapper or registered, got 'Wrap'"):
        DefaultOptimWrapperConstructor({**cfg, "type": "Wrap"})(net())


def test_constructor_is_found_when_the_dict_names_it():
    name = "ConstructorOfATest"

    @registries.mmcv.OPTIM_WRAPPER_CONSTRUCTORS.register_module(name=name)
    class Constructor(DefaultOptimizerConstructor):
        def __call__(self, model):
            return "built", self.optimizer_cfg, self.paramwise_cfg

    try:
        words = dict(type="SGD", lr=0.1, constructor=name, paramwise_cfg=dict(bias_lr_mult=2.0))
        built = build_optimizer(net(), words)
    finally:
        del registries.mmcv.OPTIM_WRAPPER_CONSTRUCTORS.module_dict[name]
    assert built == ("built", dict(type="SGD", lr=0.1), dict(bias_lr_mult=2.0))
    assert type(build_optimizer(net(), dict(type="SGD", lr=0.1))) is torch.optim.SGD


@pytest.mark.parametrize(
    "constructor",
    [
        DefaultOptimizerConstructor,
        DefaultOptimWrapperConstructor,
        LearningRateDecayOptimWrapperConstructor,
    ],
)
def test_words_of_the_users_own_are_left_to_the_user(constructor):
    optimizer = dict(type="SGD", lr=0.1, weight_decay=0.5)
    cfg = optimizer if constructor is DefaultOptimizerConstructor else dict(optimizer=optimizer)
    rules = dict(norm_decay_mult=0.0, num_layers=12, flat_decay_mult=0.0)
    params = []
    constructor(cfg, rules).add_params(params, Deep(), prefix="")
    decays = {group.get("weight_decay", 0.5) for group in params}
    # the constructor of 0.x reads no flat_decay_mult either
    assert decays == ({0.5} if constructor is DefaultOptimizerConstructor else {0.5, 0.0})


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.head = net(), net()

    def get_layer_depth(self, param_name):
        return ("stem", "head").index(param_name.split(".")[0]), 2


def test_rates_fall_when_the_constructor_is_of_layers():
    cfg = dict(optimizer=dict(type="AdamW", lr=0.1, weight_decay=0.5))
    rules = dict(layer_decay_rate=0.5, bias_decay_mult=0.0, bias_lr_mult=9.0)
    wrapper = LearningRateDecayOptimWrapperConstructor(cfg, rules)(Deep())
    found = [(group["lr"], group["weight_decay"]) for group in wrapper.optimizer.param_groups]
    assert found == [(0.05, 0.5), (0.05, 0.0), (0.1, 0.5), (0.1, 0.0)]


class Doubling(DefaultOptimWrapperConstructor):
    """Overrides what constructors of mm usually do."""

    def add_params(self, params, module, prefix="", **kwargs):
        for name, child in module.named_children():
            before = len(params)
            super().add_params(params, child, prefix=name)
            for group in params[before:]:
                group["lr"] = self.base_lr * (1 if name == "head" else 2)


def test_groups_are_the_users_when_add_params_is_overridden():
    cfg = dict(optimizer=dict(type="SGD", lr=0.5, weight_decay=1.0))
    rules = dict(custom_keys={"stem.bias": dict(decay_mult=0.0)})
    groups = Doubling(cfg, rules)(Deep()).optimizer.param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [
        *[(1.0, 1.0), (1.0, 0.0), (0.5, 1.0)]
    ]


@pytest.mark.parametrize("kind", [OptimWrapper, AmpOptimWrapper])
def test_wrapper_is_built_when_by_its_dict(kind):
    optimizer = dict(type="SGD", lr=0.5)
    options = {} if kind is OptimWrapper else dict(loss_scale=512.0, dtype="float16")
    cfg = dict(type=kind.__name__, optimizer=optimizer, clip_grad=dict(max_norm=2), **options)
    wrapper = build_optim_wrapper(net(), cfg)
    assert type(wrapper) is kind
    assert wrapper.clip.limit == 2
    decay = dict(**cfg, constructor="LearningRateDecayOptimWrapperConstructor")
    rules = dict(layer_decay_rate=0.1)
    wrapper = build_optim_wrapper(Deep(), dict(**decay, paramwise_cfg=rules))
    assert [group["lr"] for group in wrapper.optimizer.param_groups] == [0.05, 0.5]
