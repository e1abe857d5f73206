import pytest
import torch
from torch import nn

from mmlight.optim.layer_decay import LayerDecayRules
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.optim.parameter_groups import ParamwiseRules


@pytest.mark.parametrize("optimizer", ["torch.optim.AdamW", torch.optim.AdamW])
def test_builds_when_named_or_given(optimizer: str | type[torch.optim.Optimizer]) -> None:
    built = OptimizerBuilder(optimizer, {"lr": 0.1, "betas": (0.8, 0.9)}).build(nn.Linear(2, 2))
    assert type(built) is torch.optim.AdamW
    assert built.param_groups[0]["betas"] == (0.8, 0.9)


def test_builds_when_timm_has_the_optimizer() -> None:
    built = OptimizerBuilder("timm.optim.Lamb", {"lr": 0.1}).build(nn.Linear(2, 2))
    assert type(built).__name__ == "Lamb"


def test_takes_all_parameters_when_there_are_no_rules() -> None:
    module = nn.Linear(2, 2)
    module.bias.requires_grad_(False)
    built = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1}).build(module)
    assert [len(group["params"]) for group in built.param_groups] == [2]


def test_multiplies_when_there_are_rules() -> None:
    rules = ParamwiseRules(bias_decay_mult=0.0, custom_keys={"head": {"lr_mult": 10}})
    builder = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1, "weight_decay": 0.01}, rules)
    built = builder.build(nn.Linear(2, 2), mm_names={"weight": "head.fc.weight"})
    read = [(group["lr"], group["weight_decay"]) for group in built.param_groups]
    assert read == [(1.0, 0.01), (0.1, 0.0)]


def test_steps_when_groups_differ() -> None:
    module = nn.Linear(1, 1)
    rules = ParamwiseRules(bias_lr_mult=2.0)
    optimizer = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1}, rules).build(module)
    before = [module.weight.item(), module.bias.item()]
    module(torch.ones(1, 1)).sum().backward()
    optimizer.step()
    moved = [old - new.item() for old, new in zip(before, module.parameters(), strict=True)]
    assert moved == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("torch.optim.Nonesuch", "import path, got 'torch.optim.Nonesuch'"),
        ("nonesuch.SGD", "import path, got 'nonesuch.SGD'"),
        ("torch.nn.Linear", "must name a torch optimizer, got 'torch.nn.Linear'"),
    ],
)
def test_refuses_when_the_path_names_no_optimizer(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OptimizerBuilder(path)


def test_rates_are_left_alone_when_none_is_given() -> None:
    rules = ParamwiseRules(bias_decay_mult=0.0)
    built = OptimizerBuilder("torch.optim.Adam", {"weight_decay": 1.0}, rules).build(
        nn.Linear(2, 2)
    )
    found = [(group["lr"], group["weight_decay"]) for group in built.param_groups]
    assert found == [(1e-3, 1.0), (1e-3, 0.0)]


def test_refuses_when_there_is_no_rate_to_multiply() -> None:
    builder = OptimizerBuilder("torch.optim.Adam", paramwise=ParamwiseRules(bias_lr_mult=2.0))
    with pytest.raises(ValueError, match=r"lr must be given .* by bias_lr_mult, got None"):
        builder.build(nn.Linear(2, 2))


def test_rates_fall_when_the_rules_are_of_layers() -> None:
    class Model(nn.Linear):
        def get_layer_depth(self, param_name: str) -> tuple[int, int]:
            return ["weight", "bias"].index(param_name), 2

    rules = LayerDecayRules(layer_decay_rate=0.5)
    built = OptimizerBuilder("torch.optim.SGD", {"lr": 1.0}, rules).build(Model(2, 2))
    assert [group["lr"] for group in built.param_groups] == [0.5, 1.0]
