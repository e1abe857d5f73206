"""`init_cfg` of a config against the originals: the same seed gives the same start values."""

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.build import instantiate
from mmlight.translate.models import INITIALIZER_TABLE
from tests.reference.original import Original

LAYERS = ["Conv2d", "Linear"]
CASES = [
    {"type": "Constant", "val": 0.3, "bias": 0.2, "layer": "Conv2d"},
    {"type": "Constant", "val": 2, "layer": ["_BatchNorm", "LayerNorm"]},
    {"type": "Normal", "std": 0.3, "mean": 0.1, "bias_prob": 0.01, "layer": LAYERS},
    {"type": "TruncNormal", "std": 0.7, "a": -1, "b": 1.5, "bias": 0.4, "layer": LAYERS},
    {"type": "Uniform", "a": -0.2, "b": 0.1, "layer": LAYERS},
    {"type": "Xavier", "gain": 1.3, "layer": LAYERS},
    {"type": "Xavier", "distribution": "uniform", "bias": 0.1, "layer": LAYERS},
    {"type": "Kaiming", "layer": LAYERS},
    {
        "type": "Kaiming",
        "a": 0.3,
        "mode": "fan_in",
        "nonlinearity": "leaky_relu",
        "distribution": "uniform",
        "layer": "Conv2d",
    },
    {"type": "Caffe2Xavier", "layer": LAYERS, "bias": 0.5},
    {"type": "Normal", "std": 0.3},  # fills nothing without a layer
    {"type": "Normal", "std": 0.3, "override": {"name": "tail"}},
    {"type": "Uniform", "layer": "Conv2d", "bias": 0.3, "override": [{"name": "tail"}]},
    {
        "type": "Kaiming",
        "layer": "Conv2d",
        "override": [
            {"name": "tail", "type": "Constant", "val": 4, "bias": 5},
            {"name": "stem", "type": "Xavier", "distribution": "uniform"},
        ],
    },
]


def make_net():
    """Return a net with several kinds of layers."""
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3)
            self.body = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.LayerNorm(4))
            self.tail = nn.Sequential(nn.Linear(4, 5), nn.Conv2d(5, 6, 1))

    return Net()


def theirs(case, source, seed):
    import torch

    try:
        from mmengine.model import initialize
    except ImportError:
        from mmcv.cnn import initialize
    scope: dict = {}
    exec(source, scope)
    torch.manual_seed(seed)
    net = scope["make_net"]()
    initialize(net, case)
    return {name: value.detach() for name, value in net.state_dict().items()}


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_start_values_equal(
    request: pytest.FixtureRequest, generation: str, case: dict[str, Any]
) -> None:
    original: Original = request.getfixturevalue(generation)
    expected: dict[str, Tensor] = original(theirs, case, inspect.getsource(make_net), 3)
    initializer: Any = instantiate(INITIALIZER_TABLE.describe(case, generation))
    torch.manual_seed(3)
    net: nn.Module = make_net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    initializer(net)
    for name, value in net.state_dict().items():
        assert torch.equal(value, expected[name]), name
    fills = bool(case.get("layer") or case.get("override"))
    changed = any(not torch.equal(before[name], value) for name, value in expected.items())
    assert changed == fills
