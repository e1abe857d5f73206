"""Counts the parameters and the multiply-adds of a network."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmlight.check.calls import find_target
from mmlight.spec import Call

SHAPES: Final[Mapping[str, tuple[int, int, int]]] = {
    "LeNet5": (1, 32, 32),
    "InceptionV3": (3, 299, 299),
}
"""Images that a type is made for, `(C, H, W)`, where it has no `img_size` and needs others."""


def find_shape(backbone: Any) -> tuple[int, int, int]:
    """Return the images `(C, H, W)` that a backbone is made for; 224 px where it does not say.

    Args:
        backbone: Its call, or anything else, of which nothing is known.
    """
    if not isinstance(backbone, Call):
        return (3, 224, 224)
    kind = find_target(backbone)
    kwargs = backbone.kwargs
    channels, *size = SHAPES.get(backbone.target.rpartition(".")[2], (3, 224, 224))
    default = inspect.signature(kind).parameters.get("img_size")
    wanted = kwargs.get("img_size", default.default if default is not None else None)
    if isinstance(wanted, int):
        size = [wanted, wanted]
    elif isinstance(wanted, Sequence):
        size = list(wanted)
    return (kwargs.get("in_channels", channels), size[0], size[-1])


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters, trained or not."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_multiply_adds(model: nn.Module, shape: Sequence[int]) -> int:
    """Return the multiply-adds of one image.

    Args:
        model: Maps `(B, C, H, W)` to anything; it may be on the meta device.
        shape: `(C, H, W)` of the image.

    From: `tools/analysis_tools/get_flops.py` of mmcls 0.25 and mmpretrain 1.2, which also count a
    multiply-add as one; they add norms, activations and pooling, about 1 % of a network.
    """
    device = next(model.parameters()).device
    model.eval()
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(torch.zeros(1, *shape, device=device))
    return int(counter.get_total_flops()) // 2
