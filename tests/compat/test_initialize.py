import math

import pytest
import torch
from torch import nn

from mmlight.compat import initialize as init
from mmlight.errors import UnsupportedTypeError
from mmlight.models.initializers import Constant
from mmlight.registry import INITIALIZERS


def make_net():
    return nn.ModuleDict({"conv": nn.Conv2d(3, 4, 3), "fc": nn.Linear(2, 2)})


def test_part_gets_its_own_values_when_overridden():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(1, 1), nn.Linear(1, 1), nn.Conv2d(1, 1, 1)

    net = Net()
    override = [{"name": "b", "type": "Constant", "val": 5}, {"name": "c"}]
    cfg = {"type": "Constant", "val": 2, "bias": 3, "layer": "Linear", "override": override}
    init.initialize(net, cfg)
    values = [float(p.detach().flatten()[0]) for p in net.parameters()]
    assert values == [2, 3, 5, 0, 2, 3]
    assert cfg["override"] == override  # nothing is taken out


def test_own_initializer_is_used_when_registered(monkeypatch):
    class Sevens(init.BaseInit):
        def __call__(self, module):
            for layer in module.modules():
                if self.wholemodule or type(layer).__name__ in self.layer:
                    init.constant_init(layer, 7, self.bias)

    monkeypatch.setitem(INITIALIZERS.module_dict, "Sevens", Sevens)
    net = make_net()
    init.initialize(net, {"type": "Sevens", "layer": "Linear", "bias_prob": 0.5})
    assert net["fc"].weight.unique().tolist() == [7]
    assert net["fc"].bias.unique().tolist() == [0]
    assert 7 not in net["conv"].weight
    init.initialize(net, [{"type": Sevens, "layer": ["Conv2d"], "bias": 1}])
    assert net["conv"].weight.unique().tolist() == [7]


def test_objects_stay_when_they_can_fill():
    step = Constant(1, layer="Linear")
    assert init.to_initializers([step]) == [step]
    assert init.to_initializers(step) == [step]
    assert init.to_initializers(None) == []


def test_layer_is_filled_when_function_is_called():
    layer = nn.Conv2d(3, 4, 3)
    init.uniform_init(layer, a=2, b=3, bias=1)
    assert 2 <= layer.weight.min() <= layer.weight.max() <= 3
    init.trunc_normal_init(layer, std=1, a=-0.1, b=0.2)
    assert -0.1 <= layer.weight.min() <= layer.weight.max() <= torch.tensor(0.2)
    init.caffe2_xavier_init(layer)
    assert layer.weight.abs().max() <= math.sqrt(3 / 27)
    init.xavier_init(nn.ReLU())  # nothing to fill
    assert init.bias_init_with_prob(0.01) == pytest.approx(-math.log(99))


def test_change_is_noted_when_mean_differs():
    layer = nn.Linear(1, 1)
    layer._params_init_info = {
        p: {"init_info": "before", "tmp_mean_value": p.data.mean()} for p in layer.parameters()
    }
    nn.init.constant_(layer.bias, 9)
    init.update_init_info(layer, "after")
    assert layer._params_init_info[layer.weight]["init_info"] == "before"
    assert layer._params_init_info[layer.bias]["init_info"] == "after"


def test_init_cfg_is_refused_when_wrong():
    with pytest.raises(UnsupportedTypeError, match="'Kaimin'") as caught:
        init.initialize(make_net(), {"type": "Kaimin"})
    assert caught.value.nearest == "Kaiming"
    with pytest.raises(UnsupportedTypeError, match=r"\{'val': 1\} has no type"):
        init.initialize(make_net(), {"val": 1})
    override = {"type": "Constant", "val": 1, "override": {"val": 2, "name": "a"}}
    with pytest.raises(ValueError, match=r"override must have a type .* got \{'val': 2\}"):
        init.initialize(make_net(), override)
    with pytest.raises(ValueError, match=r"override must have a name, got \{'val': 2\}"):
        init.initialize(make_net(), {**override, "override": [{"val": 2}]})
    with pytest.raises(ValueError, match="Linear does not have: 'neck'"):
        init.initialize(nn.Linear(1, 1), {**override, "override": {"name": "neck"}})
