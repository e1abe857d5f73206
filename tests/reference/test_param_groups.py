"""Learning rate and weight decay of each parameter equal those of the original constructors."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import torch
from timm.layers import BatchNormAct2d, LayerNorm2d
from torch import nn

from tests.reference.original import Original

ROOT = str(Path(__file__).parents[2])
LR, DECAY = 0.5, 0.05
MODELS = ("resnet18", "vit_tiny", "mixed")
RULES: list[dict[str, Any]] = [
    {"bias_decay_mult": 0.0},
    {"norm_decay_mult": 0.0},
    {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0},
    {"dwconv_decay_mult": 0.25, "bias_decay_mult": 0.5},
    {
        "dwconv_decay_mult": 0.25,
        "bias_decay_mult": 0.5,
        "norm_decay_mult": 0.0,
        "bias_lr_mult": 2.0,
    },
    {"bias_lr_mult": 2.0},
    {"custom_keys": {"conv1": {"lr_mult": 0.1}, "layer1.0": {"decay_mult": 0.0}}},
    {
        "norm_decay_mult": 0.0,
        "custom_keys": {
            "layers": {"lr_mult": 0.1, "decay_mult": 0.9},
            "layers.1": {"lr_mult": 0.2},
            ".cls_token": {"decay_mult": 0.0},
            ".pos_embed": {"decay_mult": 0.0},
            ".scale": {"decay_mult": 0.0, "lr_mult": 0.3},
            "bias": {"decay_mult": 0.0},
        },
    },
    {"custom_keys": {"ln1": {"lr_mult": 0.1}, "ln2": {"lr_mult": 0.2}, "n1.": {"lr_mult": 0.3}}},
    {"dcn_offset_lr_mult": 0.1, "bias_decay_mult": 0.0, "bias_lr_mult": 2.0},
]
FLAT_RULES: list[dict[str, Any]] = [
    {"flat_decay_mult": 0.0},
    {"flat_decay_mult": 0.5, "norm_decay_mult": 0.0, "bias_decay_mult": 0.25},
    {"flat_decay_mult": 0.5, "custom_keys": {"layer": {"lr_mult": 0.1}}, "bias_lr_mult": 3.0},
]


class DeformConv2d(nn.Module):
    """Stands in for the operator of mmcv, which needs a compiled extension."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4, 3, 3))
        self.bias = nn.Parameter(torch.zeros(4))
        self.conv_offset = nn.Conv2d(4, 18, 3)
        self.other = nn.Conv2d(4, 4, 1)


class Mixed(nn.Module):
    """Every kind of layer that a rule knows; norms as timm writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))
        self.conv1 = nn.Conv2d(1, 4, 3)  # one input channel, one group: depth-wise to the originals
        self.dwconv = nn.Conv2d(4, 8, 3, groups=4)
        self.grouped = nn.Conv2d(4, 8, 3, groups=2)
        self.n1 = BatchNormAct2d(8)
        self.n2 = LayerNorm2d(8)
        self.gn = nn.GroupNorm(2, 8)
        self.inn = nn.InstanceNorm2d(8, affine=True)
        self.layer = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Conv1d(8, 8, 1, groups=8))
        self.again = self.n2  # a second name of the same layer
        self.frozen = nn.Linear(8, 8)
        self.frozen.requires_grad_(False)
        self.dcn = DeformConv2d()


SOURCES = inspect.getsource(DeformConv2d) + inspect.getsource(Mixed)


def read_both(root, generation, name, rules, extra, lr, decay, sources):
    """Return theirs and ours: (lr, weight decay) of each parameter, None where it is left out."""
    import sys
    import types
    from unittest import mock

    import torch

    if root not in sys.path:
        sys.path.append(root)
    import timm.layers

    from mmlight.optim.parameter_groups import ParamwiseRules, group_parameters

    optimizer = {"type": "SGD", "lr": lr, "weight_decay": decay}
    if generation == "mmcls":
        from mmcls.models import ResNet, VisionTransformer
        from mmcv.runner.optimizer import default_constructor

        has_operators = "check_ops_exist"
        build = default_constructor.DefaultOptimizerConstructor(optimizer, rules)
    else:
        from mmengine.optim.optimizer import default_constructor
        from mmpretrain.models import ResNet, VisionTransformer

        has_operators = "mmcv_full_available"
        build = default_constructor.DefaultOptimWrapperConstructor({"optimizer": optimizer}, rules)
    own = {"torch": torch, "nn": torch.nn, **vars(timm.layers)}
    exec(sources, own)
    models = {
        "resnet18": lambda: ResNet(18),
        "vit_tiny": lambda: VisionTransformer("deit-tiny", img_size=32),
        "mixed": own["Mixed"],
    }
    model = models[name]()
    operators = types.ModuleType("mmcv.ops")
    operators.DeformConv2d = operators.ModulatedDeformConv2d = own["DeformConv2d"]
    with (
        mock.patch.object(default_constructor, has_operators, return_value=True),
        mock.patch.dict(sys.modules, {"mmcv.ops": operators}),
    ):
        theirs = build(model)
    groups = group_parameters(model, ParamwiseRules(**rules, **extra), lr=lr, weight_decay=decay)
    ours = torch.optim.SGD(groups, lr=lr, weight_decay=decay)

    def read(optimizer):
        options = {
            id(parameter): (group["lr"], group["weight_decay"])
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        return [options.get(id(parameter)) for parameter in model.parameters()]

    return read(getattr(theirs, "optimizer", theirs)), read(ours)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rules", RULES)
def test_options_equal_when_mmcv_builds_them(
    mmcls: Original, name: str, rules: dict[str, Any]
) -> None:
    extra = {"exclusive_layers": True, "keep_frozen": True}
    theirs, ours = mmcls(read_both, ROOT, "mmcls", name, rules, extra, LR, DECAY, SOURCES)
    assert ours == theirs
    assert None not in ours


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rules", RULES + FLAT_RULES)
def test_options_equal_when_mmengine_builds_them(
    mmpretrain: Original, name: str, rules: dict[str, Any]
) -> None:
    theirs, ours = mmpretrain(read_both, ROOT, "mmpretrain", name, rules, {}, LR, DECAY, SOURCES)
    assert ours == theirs
    assert (None in ours) == (name == "mixed")
