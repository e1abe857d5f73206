"""Turns values that may still be on a device into numbers, with as little waiting as possible."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def to_numbers(values: Sequence[Any]) -> list[Any]:
    """Return values with every tensor or array of one element as a number.

    The tensors are moved in one transfer for each device and dtype, so that a whole interval of
    losses waits for the device once.

    Examples:
        >>> to_numbers([torch.tensor(0.5), 2, torch.tensor([True])])
        [0.5, 2, True]
    """
    found = list(values)
    alike: dict[tuple[torch.device, torch.dtype], list[int]] = {}
    for place, value in enumerate(found):
        if isinstance(value, Tensor):
            alike.setdefault((value.device, value.dtype), []).append(place)
        elif hasattr(value, "item"):
            found[place] = value.item()
    for places in alike.values():
        row = torch.stack([_flat(found[place]) for place in places])
        for place, number in zip(places, row.tolist(), strict=True):
            found[place] = number
    return found


def _flat(value: Tensor) -> Tensor:
    value = value.detach() if value.requires_grad else value
    return value if value.ndim == 0 else value.reshape(())


def is_scalar(value: Any) -> bool:
    """Tell whether a value is a number, or a tensor or array of one element.

    Examples:
        >>> is_scalar(0.5), is_scalar(torch.zeros(1)), is_scalar(torch.zeros(2)), is_scalar("a")
        (True, True, False, False)

    From: mmengine 0.10 `is_scalar`.
    """
    if isinstance(value, (int, float)):
        return True
    size = value.numel() if isinstance(value, Tensor) else getattr(value, "size", None)
    return isinstance(size, int) and size == 1
