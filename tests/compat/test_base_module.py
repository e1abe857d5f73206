import logging

import pytest
import torch
from torch import nn

from mmlight.compat.base_module import BaseBackbone, BaseModule, ModuleDict, ModuleList, Sequential
from mmlight.models.heads.linear_head import LinearClsHead
from mmlight.models.initialize import InitModule
from mmlight.models.initializers import Constant
from mmlight.module import ImageClassifier


class Backbone(BaseBackbone):
    """As a user writes it."""

    def __init__(self, value=2, init_cfg=None):
        default = [{"type": "Constant", "val": value, "layer": "Conv2d"}]
        super().__init__(default if init_cfg is None else init_cfg)
        self.conv = nn.Conv2d(3, 4, 3)
        self.stages = Sequential(BaseModule(), init_cfg={"type": "Constant", "val": 5})
        self.calls = 0

    def init_weights(self):
        super().init_weights()
        self.calls += 1

    def forward(self, x):
        return (self.conv(x).mean((2, 3)),)


def test_backbone_is_filled_when_inside_the_classifier():
    model = ImageClassifier(Backbone(), LinearClsHead(num_classes=3, in_channels=4))
    model.init_weights()
    assert model.backbone.conv.weight.unique().tolist() == [2]
    assert model.backbone.is_init
    assert model.backbone.calls == 1
    assert model(torch.rand(2, 3, 5, 5)).shape == (2, 3)


@pytest.mark.parametrize("last", [True, False])
def test_generation_reaches_every_module_when_classifier_says_it(last):
    model = ImageClassifier(Backbone(), pretrained_last=last)
    model.init_weights()
    assert model.backbone.pretrained_last is last
    assert model.backbone.stages.pretrained_last is last


def test_house_modules_are_filled_when_inside_a_user_module():
    class House(InitModule):
        default_init = (Constant(4, layer="Linear"),)

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(1, 1)

    class Own(House):
        def init_weights(self):
            super().init_weights()
            nn.init.constant_(self.fc.bias, 8)

    net = ModuleList([House(), Own()])
    net.init_weights()
    values = [float(p.detach().flatten()[0]) for p in net.parameters()]
    assert values == [4, 0, 4, 8]


def test_second_call_does_nothing_when_filled(caplog):
    net = Backbone()
    net.init_weights()
    nn.init.constant_(net.conv.weight, 9)
    with caplog.at_level(logging.WARNING, logger="mmlight"):
        net.init_weights()
    assert "init_weights of Backbone was called more than once" in caplog.text
    assert net.conv.weight.unique().tolist() == [9]


def test_child_is_left_alone_when_filled_before():
    net = Sequential(Backbone(value=1), init_cfg={"type": "Constant", "val": 3, "layer": "Conv2d"})
    net[0].is_init = True
    net.init_weights()
    assert net[0].conv.weight.unique().tolist() == [3]


def test_init_cfg_is_a_copy_when_given():
    cfg = {"type": "Constant", "val": 1, "layer": ["Linear"]}
    net = ModuleDict({"fc": nn.Linear(1, 1)}, init_cfg=cfg)
    cfg["layer"].append("Conv2d")
    assert net.init_cfg["layer"] == ["Linear"]
    assert repr(net).endswith("init_cfg={'type': 'Constant', 'val': 1, 'layer': ['Linear']}")
    assert BaseModule().init_cfg is None


def test_forward_must_be_written_when_backbone():
    with pytest.raises(TypeError, match="forward"):
        type("Empty", (BaseBackbone,), {})()
    net = Backbone()
    assert net.train() is net
