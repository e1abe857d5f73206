import pytest
from torch import nn

from mmlight.errors import UnsupportedTypeError
from mmlight.models.layers.activation import activation_layer


def test_finds_class_by_name() -> None:
    assert activation_layer({"type": "ReLU", "inplace": True}) is nn.ReLU


@pytest.mark.parametrize(
    ("act_cfg", "message"),
    [({"type": "Tahn"}, "unknown type 'Tahn'"), ({}, "has no type")],
)
def test_raises_when_type_is_unknown(act_cfg, message) -> None:
    with pytest.raises(UnsupportedTypeError, match=message):
        activation_layer(act_cfg)


def test_raises_when_key_is_unknown() -> None:
    with pytest.raises(ValueError, match="type 'GELU' does not support approx='tanh'"):
        activation_layer({"type": "GELU", "approx": "tanh"})


def test_passes_arguments() -> None:
    assert activation_layer({"type": "LeakyReLU", "negative_slope": 0.3})().negative_slope == 0.3
