"""The state of an optimizer moves to the parameters that it belongs to, or is refused."""

from typing import Any

import pytest
import torch
from torch import nn

from mmlight.errors import WeightsError
from mmlight.weights.mm_optimizer import to_our_optimizer
from mmlight.weights.name_map import NameRule, TensorTransform, name_map

SWAP = TensorTransform(lambda value: value.flip(0), lambda value: value.flip(0))


class Theirs(nn.Module):
    """Has its layers in another order, under other names, one tensor the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(2, 2)
        self.first = nn.Linear(2, 2)


class Ours(nn.Module):
    name_rules = (
        NameRule(r"a\.weight", "first.weight", SWAP),
        NameRule(r"a\.(.+)", r"first.\1"),
        NameRule(r"b\.(.+)", r"last.\1"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = nn.Linear(2, 2)


def train(kind: Any = torch.optim.AdamW, frozen: bool = False, **options: Any) -> Any:
    """Return a model of theirs and its optimizer, one group to a parameter, after a step."""
    torch.manual_seed(0)
    model = Theirs()
    if frozen:
        model.first.requires_grad_(False)
    groups = [
        {"params": [value], "lr": 0.2 if "bias" in name else 0.1, "lr_mult": 9, "initial_lr": 0.5}
        for name, value in model.named_parameters()
        if value.requires_grad
    ]
    optimizer = kind(groups, lr=0.1, **options)
    loss = model.first(model.last(torch.rand(3, 2))).square().sum()
    loss.backward()
    optimizer.step()
    return model, optimizer


def build(kind: Any = torch.optim.AdamW, frozen: bool = False) -> Any:
    ours = Ours()
    if frozen:
        ours.a.requires_grad_(False)
    by_kind: dict[bool, list[Any]] = {False: [], True: []}
    for name, value in ours.named_parameters():
        by_kind["bias" in name] += [value] if value.requires_grad else []
    groups = [{"params": members, "name": str(key)} for key, members in by_kind.items()]
    return ours, kind(groups, lr=1.0)


def move(theirs: Any, model: nn.Module, ours: nn.Module, optimizer: Any) -> Any:
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return to_our_optimizer(theirs, optimizer, ours, name_map(ours), shapes, "a.pth")


@pytest.mark.parametrize("frozen", [False, True])
def test_each_parameter_gets_its_own_state(frozen: bool) -> None:
    model, theirs = train(frozen=frozen)
    ours, optimizer = build(frozen=frozen)
    state = move(theirs.state_dict(), model, ours, optimizer)
    optimizer.load_state_dict(state)
    for mine, other, transform in (
        (ours.a.weight, model.first.weight, SWAP),
        (ours.a.bias, model.first.bias, None),
        (ours.b.weight, model.last.weight, None),
        (ours.b.bias, model.last.bias, None),
    ):
        if not other.requires_grad:
            assert mine not in optimizer.state
            continue
        for key, value in theirs.state[other].items():
            expected = transform.to_ours(value) if transform and value.ndim else value
            assert torch.equal(optimizer.state[mine][key], expected), key
    rates = {group["name"]: (group["lr"], group["initial_lr"]) for group in optimizer.param_groups}
    assert rates == {"False": (0.1, 0.5), "True": (0.2, 0.5)}
    assert all("lr_mult" not in group for group in optimizer.param_groups)


def test_names_in_the_groups_count_when_there_are_any() -> None:
    model, theirs = train()
    ours, optimizer = build()
    names = [name for name, _ in model.named_parameters()]
    state = theirs.state_dict()
    state["param_groups"] = [
        {**group, "param_name": name}
        for group, name in reversed(list(zip(state["param_groups"], names, strict=True)))
    ]
    optimizer.load_state_dict(move(state, model, ours, optimizer))
    expected = theirs.state[model.last.weight]["exp_avg"]
    assert torch.equal(optimizer.state[ours.b.weight]["exp_avg"], expected)


def test_raises_when_it_is_of_another_type() -> None:
    model, theirs = train(torch.optim.SGD, momentum=0.9)
    ours, optimizer = build()
    with pytest.raises(WeightsError, match="it has no betas, eps"):
        move(theirs.state_dict(), model, ours, optimizer)


def test_raises_when_it_has_other_parameters() -> None:
    model, theirs = train()
    ours, optimizer = build()
    state = theirs.state_dict()
    state["param_groups"].pop()
    with pytest.raises(WeightsError, match="has 3 parameters, the model has 4, of which 4 are"):
        move(state, model, ours, optimizer)


def test_raises_when_a_value_has_another_shape() -> None:
    model, theirs = train()
    ours, optimizer = build()
    state = theirs.state_dict()
    state["state"][0]["exp_avg"] = torch.ones(3)
    with pytest.raises(WeightsError, match=r"exp_avg .* 'last.weight' has shape \(3,\)"):
        move(state, model, ours, optimizer)


def test_raises_when_rates_differ_inside_a_group() -> None:
    model, theirs = train()
    ours, optimizer = build()
    state = theirs.state_dict()
    state["param_groups"][0]["lr"] = 0.7
    with pytest.raises(WeightsError, match=r"different rates or decays there: 0.7, .* and 0.1"):
        move(state, model, ours, optimizer)
