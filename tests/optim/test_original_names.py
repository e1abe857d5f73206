import torch
from torch import nn

from mmlight.optim.original_names import ShownModule, show_original_names


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
        self.scale = nn.Parameter(torch.ones(1))
        self.depth = 7


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Net()
        self.head = nn.Linear(2, 2)
        self.tied = self.head

    def get_layer_depth(self, name):
        return len(name)


NAMES = {
    "backbone.network.0.weight": "backbone.layers.0.fc.weight",
    "backbone.network.0.bias": "backbone.layers.0.fc.shift",
    "backbone.network.1.weight": "backbone.layers.0.ln.weight",
    "backbone.network.1.bias": "backbone.layers.0.ln.bias",
}


def test_parameters_are_the_same_when_names_differ():
    model = Model()
    shown = show_original_names(model, NAMES)
    ours = dict(model.named_parameters())
    theirs = dict(shown.named_parameters())
    assert {NAMES.get(name, name): id(p) for name, p in ours.items()} == {
        name: id(p) for name, p in theirs.items()
    }
    assert list(theirs)[-2:] == ["head.weight", "head.bias"]


def test_layers_are_the_same_when_they_have_no_children():
    model = Model()
    modules = dict(show_original_names(model, NAMES).named_modules())
    assert modules["backbone.layers.0.ln"] is model.backbone.network[1]
    assert modules["head"] is model.head
    assert type(modules["backbone.layers.0.fc"]) is ShownModule  # one of its names differs


def test_attributes_are_found_when_the_shown_module_has_them():
    model = Model()
    shown = show_original_names(model, NAMES)
    assert shown.backbone.depth == 7
    assert shown.get_layer_depth("abc") == 3
    assert not hasattr(shown, "module")
    assert not hasattr(shown.backbone.layers, "depth")


def test_module_stays_when_no_name_differs():
    model = Model()
    assert show_original_names(model, {"head.weight": "head.weight"}) is model
