"""`init_cfg` and the functions behind it against the originals, in nets of users' own."""

from typing import Any

import pytest
import torch

from tests.reference.offered import GENERATIONS, OURS, compare, is_there
from tests.reference.original import Original


@pytest.fixture(params=GENERATIONS)
def original(request) -> Original:
    return request.getfixturevalue(request.param)


def init_all(root, cases, functions, pretrained_last=True):
    """Fill small nets by `init_cfg` and by functions; return their values."""
    import importlib

    import torch
    from torch import nn

    def find(name):
        home, name = root[name].rsplit(".", 1)
        return getattr(importlib.import_module(home), name)

    base, sequential = find("BaseModule"), find("Sequential")

    class Block(base):
        def __init__(self, init_cfg=None):
            super().__init__(init_cfg)
            self.conv = nn.Conv2d(3, 4, 3)
            self.norm = nn.BatchNorm2d(4)

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def init_weights(self):
            nn.init.constant_(self.fc.weight, 7)

    class Net(base):
        def __init__(self, init_cfg, inner_cfg):
            super().__init__(init_cfg)
            self.stem = nn.Conv2d(3, 4, 3)
            self.block = Block(inner_cfg)
            self.plain = nn.Sequential(Block({"type": "Constant", "val": 9, "layer": "Conv2d"}))
            stack_cfg = None if "prefix" in (inner_cfg or ()) else inner_cfg
            self.stack = sequential(Block(inner_cfg), nn.Conv1d(2, 3, 1), init_cfg=stack_cfg)
            self.own = Own()
            self.reg = nn.Linear(4, 2)

    found = []
    for init_cfg, inner_cfg in cases:
        torch.manual_seed(0)
        net = Net(init_cfg, inner_cfg)
        net.pretrained_last = pretrained_last  # what our classifier sets; nothing to the original
        torch.manual_seed(1)
        net.init_weights()
        state = {key: value.clone() for key, value in net.state_dict().items()}
        net.init_weights()
        compare_again = all(torch.equal(state[k], v) for k, v in net.state_dict().items())
        found.append((state, [net.is_init, net.block.is_init], compare_again))
    for name, kwargs in functions:
        torch.manual_seed(2)
        layer = nn.Conv2d(3, 4, 3)
        find(name)(layer, **kwargs)
        found.append(layer.state_dict())
    return found


INIT_NAMES = (
    *("constant_init", "xavier_init", "normal_init", "trunc_normal_init", "uniform_init"),
    *("kaiming_init", "caffe2_xavier_init"),
)


def make_inits() -> list[tuple[Any, Any]]:
    kinds: list[dict[str, Any]] = [
        {"type": "Constant", "val": 2, "bias": 3},
        {"type": "Xavier", "gain": 0.5, "distribution": "uniform"},
        {"type": "Normal", "std": 0.1, "bias_prob": 0.1},
        {"type": "TruncNormal", "std": 0.5, "a": -0.3, "b": 0.9},
        {"type": "Uniform", "a": -1, "b": 2},
        {"type": "Kaiming", "mode": "fan_in", "nonlinearity": "leaky_relu", "a": 0.1},
        {"type": "Caffe2Xavier"},
    ]
    layers = ["Conv2d", ["Conv2d", "Linear"], "_ConvNd", None]
    whole = [{**kind, "layer": layer} for kind in kinds for layer in layers]
    override = {"type": "Constant", "name": "reg", "val": 4}
    lists = [
        [{**kinds[5], "layer": "Conv2d"}, {"type": "Constant", "val": 1, "layer": "BatchNorm2d"}],
        [{**kinds[2], "layer": "Conv2d", "override": override}],
        {**kinds[0], "layer": "Conv2d", "override": [{"name": "reg"}, {**override, "name": "own"}]},
        [],
        None,
    ]
    return [
        *((cfg, None) for cfg in whole),
        *((cfg, kinds[1] | {"layer": "Conv2d"}) for cfg in lists),
    ]


def find_names(original: Original) -> dict[str, str]:
    old = is_there(original, "mmcv.runner.BaseModule")
    home, functions = ("mmcv.runner", "mmcv.cnn") if old else ("mmengine.model",) * 2
    names = {"BaseModule": home, "Sequential": home, **dict.fromkeys(INIT_NAMES, functions)}
    return {name: f"{module}.{name}" for name, module in names.items()}


def test_start_values_are_equal_when_seeded_alike(original):
    theirs_root = find_names(original)
    ours_root = {name: OURS[path] for name, path in theirs_root.items()}
    calls = [
        *((name, {"val": 3} if name == "constant_init" else {}) for name in INIT_NAMES),
        ("xavier_init", {"gain": 2, "bias": 1, "distribution": "uniform"}),
        ("kaiming_init", {"a": 1, "mode": "fan_in", "distribution": "uniform"}),
        ("trunc_normal_init", {"mean": 0.1, "std": 0.2, "a": 0, "b": 0.3}),
        ("normal_init", {"mean": 1, "std": 0.2, "bias": 4}),
    ]
    theirs = original(init_all, theirs_root, make_inits(), calls)
    ours = init_all(ours_root, make_inits(), calls)
    for index, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        compare(our, their, f"case {index}")


def test_start_values_are_equal_when_pretrained(original, tmp_path):
    theirs_root = find_names(original)
    ours_root = {name: OURS[path] for name, path in theirs_root.items()}
    path = str(tmp_path / "net.pth")
    names = ("stem.weight", "block.conv.weight", "stack.0.conv.bias", "own.fc.weight", "reg.bias")
    shapes = ((4, 3, 3, 3), (4, 3, 3, 3), (4,), (4, 4), (2,))
    state = {n: torch.full(shape, 0.25) for n, shape in zip(names, shapes, strict=True)}
    torch.save({"state_dict": state}, path)
    whole = {"type": "Pretrained", "checkpoint": path}
    constant = {"type": "Constant", "val": 3, "layer": ["Conv2d", "Linear"]}
    cases = [
        (whole, constant),
        ([whole, constant], constant),
        ([constant, whole], None),
        (constant, {**whole, "prefix": "block."}),
    ]
    theirs = original(init_all, theirs_root, cases, [])
    is_new = theirs_root["BaseModule"].startswith("mmengine")
    ours = init_all(ours_root, cases, [], pretrained_last=is_new)
    for index, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        compare(our, their, f"case {index}")
