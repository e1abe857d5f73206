import pytest
from torch import nn

from mmlight.models.initialize import Constant, InitModule, Pretrained, init_weights


class Part(InitModule):
    default_init = (Constant(5, layer="Linear"),)

    def __init__(self, init_cfg=None) -> None:
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)


class Whole(InitModule):
    def __init__(self, init_cfg=None, part_init=None) -> None:
        super().__init__(init_cfg)
        self.part = Part(part_init)
        self.other = nn.Linear(2, 2)


class UsersOwn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def init_weights(self) -> None:
        nn.init.constant_(self.fc.weight, 8)


def load(module: nn.Module, pretrained: Pretrained) -> None:
    """Stands for a checkpoint that has the bias of every layer only."""
    for parameter_name, parameter in module.named_parameters():
        if parameter_name.endswith("bias"):
            nn.init.constant_(parameter, 100)


def first(layer: nn.Linear) -> tuple[float, float]:
    return layer.weight[0, 0].item(), layer.bias[0].item()


def test_children_come_after_parents() -> None:
    model = Whole(Constant(1, layer="Linear"))
    init_weights(model, load)
    assert first(model.other) == (1, 0)
    assert first(model.part.fc) == (5, 0)


def test_empty_init_cfg_suppresses_the_default() -> None:
    model = Whole(Constant(1, layer="Linear"), part_init=())
    init_weights(model, load)
    assert first(model.part.fc) == (1, 0)


def test_walks_modules_that_are_not_ours() -> None:
    model = nn.Module()
    model.part = Part()
    model.users = UsersOwn()
    init_weights(model, load)
    assert first(model.part.fc)[0] == 5
    assert first(model.users.fc)[0] == 8


def test_checkpoint_comes_after_children_when_last() -> None:
    model = Whole(Pretrained("x.pth"))
    init_weights(model, load)
    assert first(model.part.fc) == (5, 100)


def test_children_are_left_out_when_checkpoint_is_alone_and_not_last() -> None:
    model = Whole(Pretrained("x.pth"))
    before = first(model.part.fc)[0]
    init_weights(model, load, pretrained_last=False)
    assert first(model.part.fc) == (before, 100)


@pytest.mark.parametrize(("pretrained_last", "bias"), [(True, 100), (False, 0)])
def test_list_order_counts_when_checkpoint_is_not_last(pretrained_last, bias) -> None:
    model = Whole([Pretrained("x.pth"), Constant(1, layer="Linear")])
    init_weights(model, load, pretrained_last=pretrained_last)
    assert first(model.other) == (1, bias)


def test_loader_gets_the_module_and_the_arguments() -> None:
    seen = []
    model = Part(Pretrained("x.pth", prefix="backbone.", map_location="cpu"))
    init_weights(model, lambda module, pretrained: seen.append((module, vars(pretrained))))
    arguments = {"checkpoint": "x.pth", "prefix": "backbone.", "map_location": "cpu"}
    assert seen == [(model, arguments)]


@pytest.mark.parametrize("as_list", [False, True])
def test_takes_dicts_of_a_users_subclass(as_list) -> None:
    cfg = dict(type="Constant", val=3, layer="Linear")
    part = Part([cfg] if as_list else cfg)
    part.init_weights()
    assert (part.fc.weight == 3).all()


def test_knows_a_checkpoint_when_it_is_a_dict() -> None:
    part = Part(dict(type="Pretrained", checkpoint="a.pth", prefix="backbone."))
    assert part.is_pretrained
    loaded = []
    init_weights(part, lambda module, step: loaded.append((module, step.checkpoint, step.prefix)))
    assert loaded == [(part, "a.pth", "backbone.")]
