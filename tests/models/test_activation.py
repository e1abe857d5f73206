import pytest
from torch import nn

from mmlight.models.activation import activation_layer


def test_finds_class_by_name() -> None:
    assert activation_layer({"type": "ReLU", "inplace": True}) is nn.ReLU


@pytest.mark.parametrize("act_cfg", [{"type": "Tahn"}, {}])
def test_raises_when_type_is_unknown(act_cfg) -> None:
    with pytest.raises(ValueError, match=f"Tanh, got '{act_cfg.get('type', '')}'"):
        activation_layer(act_cfg)


def test_raises_when_key_is_unknown() -> None:
    with pytest.raises(ValueError, match="type 'GELU' does not support approximate='tanh'"):
        activation_layer({"type": "GELU", "approximate": "tanh"})
