import pytest
from torch import nn

from mmlight.compat.cnn import layer
from mmlight.compat.cnn.norm import build_norm_layer
from mmlight.errors import UnsupportedTypeError
from mmlight.registry import ACTIVATION_LAYERS, MODELS, NORM_LAYERS, Registry


@pytest.fixture
def registered(monkeypatch):
    """Give a function that registers for one test."""

    def register(registry, target, name=None):
        monkeypatch.setitem(registry.module_dict, name or target.__name__, target)

    return register


class MyNorm(nn.Module):
    def __init__(self, channels, eps, sharp=1):
        super().__init__()
        self.channels, self.eps, self.sharp = channels, eps, sharp


@pytest.mark.parametrize("registry", [NORM_LAYERS, MODELS], ids=["of its kind", "models"])
def test_user_class_is_built_when_registered(registered, registry):
    registered(registry, MyNorm)
    name, norm = build_norm_layer({"type": "MyNorm", "sharp": 3}, 8, postfix=2)
    assert (name, norm.channels, norm.eps, norm.sharp) == ("norm_layer2", 8, 1e-5, 3)


def test_user_class_is_built_when_registered_in_a_scope(registered):
    child = Registry("model", parent=MODELS, scope="scope_of_test_layer")
    try:
        registered(child, MyNorm)
        assert isinstance(build_norm_layer({"type": "MyNorm"}, 8)[1], MyNorm)
        scoped = {"type": "scope_of_test_layer.MyNorm"}
        assert isinstance(build_norm_layer(scoped, 8)[1], MyNorm)
    finally:
        MODELS.children.pop("scope_of_test_layer")


def test_user_class_wins_when_its_name_is_built_in(registered):
    registered(MODELS, nn.Identity, "ReLU")
    assert type(layer.build_activation_layer({"type": "ReLU"})) is nn.Identity


def test_class_itself_is_taken_when_type_is_no_name():
    assert isinstance(layer.build_conv_layer({"type": nn.Conv1d}, 3, 4, 1), nn.Conv1d)
    assert isinstance(layer.build_conv_layer(None, 3, 4, 1), nn.Conv2d)
    assert isinstance(layer.build_activation_layer({"type": "mmcv.ReLU"}), nn.ReLU)


def test_built_in_types_are_in_the_registries_when_asked():
    assert NORM_LAYERS.get("BN") is nn.BatchNorm2d
    assert "HSwish" in ACTIVATION_LAYERS
    assert isinstance(MODELS.build({"type": "GELU"}), nn.GELU)


def test_dict_stays_when_it_has_been_used():
    cfg = {"type": "bilinear", "scale_factor": 2}
    assert layer.build_upsample_layer(cfg).mode == "bilinear"
    assert cfg == {"type": "bilinear", "scale_factor": 2}


def test_dropout_takes_defaults_when_given():
    assert layer.build_dropout({"type": "DropPath"}, {"drop_prob": 0.3}).drop_prob == 0.3
    assert layer.build_dropout({"type": "Dropout", "drop_prob": 0.2}).p == 0.2


def test_layer_is_refused_when_unknown():
    with pytest.raises(UnsupportedTypeError, match="unknown type 'reflct'") as caught:
        layer.build_padding_layer({"type": "reflct"}, 1)
    assert caught.value.nearest == "reflect"
    with pytest.raises(UnsupportedTypeError, match=r"\{'eps': 1\} has no type"):
        layer.build_activation_layer({"eps": 1})
    with pytest.raises(TypeError, match="cfg must be a dict, got 'ReLU'"):
        layer.build_activation_layer("ReLU")
