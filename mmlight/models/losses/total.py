"""Turns what a head returns into single values, and into the loss that is minimized."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def total_loss(values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Reduce each value of a head, and add up those that are losses.

    Args:
        values: Tensors of any shape, lists of them, or dicts of values by name (as accuracies of
            0.x), by name.

    Returns:
        Scalars by name: means, sums of means for lists, and `loss`, the sum of all whose name has
        'loss' in it. The dict of a name is spread out.

    Raises:
        TypeError: If a value is of another kind.
        ValueError: If no value is a loss.

    Examples:
        >>> values = {"loss_a": torch.tensor([1.0, 3.0]), "accuracy": {"top-1": torch.tensor(50.0)}}
        >>> {name: value.item() for name, value in total_loss(values).items()}
        {'loss_a': 2.0, 'top-1': 50.0, 'loss': 2.0}

    From: mmcls 0.25 `BaseClassifier._parse_losses`, mmengine 0.10 `BaseModel.parse_losses`.
    """
    found: dict[str, Tensor] = {}
    for name, value in values.items():
        if isinstance(value, Tensor):
            found[name] = value if value.ndim == 0 else value.mean()
        elif isinstance(value, Mapping):
            found.update(value)
        elif isinstance(value, (list, tuple)) and value:
            found[name] = torch.stack([part.mean() for part in value]).sum()
        else:
            raise TypeError(f"{name} must be a tensor or a list of tensors, got {value!r}")
    losses = [value for name, value in found.items() if "loss" in name]
    if not losses:
        raise ValueError(f"loss must be among the values of the head, got {list(found)}")
    return {**found, "loss": losses[0] if len(losses) == 1 else torch.stack(losses).sum()}
