"""Turns a list of samples into a batch."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import default_collate


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Stack samples to a batch.

    Args:
        samples: `B` dicts with 'inputs', a tensor `(C, H, W)`, and any of 'target' (an int, or
            equal tensors), 'metas' (a dict) and 'counted' (a bool). All have the keys of the first.

    Returns:
        'inputs' of `(B, C, H, W)` in the samples' dtype, or a list of tensors where shapes differ;
        'target', int64 `(B,)` for ints; 'metas', a list of dicts; 'counted', bool `(B,)`. Any other
        key becomes a list. A worker process stacks straight into shared memory.

    Raises:
        ValueError: If a sample lacks a key of the first.

    Examples:
        >>> batch = collate([{"inputs": torch.zeros(1, 2, 2), "target": label} for label in (3, 5)])
        >>> tuple(batch["inputs"].shape), batch["target"].tolist()
        ((2, 1, 2, 2), [3, 5])

    From: mmengine 0.10 `pseudo_collate` followed by stacking in the data preprocessor / mmcv 1.7
    `collate`.
    """
    keys = samples[0].keys()
    for place, sample in enumerate(samples):
        if sample.keys() != keys:
            raise ValueError(
                f"samples must have the keys {list(keys)}, got {list(sample)} at {place}"
            )
    return {key: _JOIN.get(key, list)([sample[key] for sample in samples]) for key in keys}


def move_batch(batch: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Put the tensors of a batch onto a device.

    Only top-level tensors and lists of tensors are moved: walking 'metas' as well would cost
    milliseconds in every step.

    Args:
        batch: What `collate` returned.
        device: Where it is needed.
    """
    return {key: _move(value, device) for key, value in batch.items()}


def _move(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, list) and value and isinstance(value[0], Tensor):
        return [item.to(device, non_blocking=True) for item in value]
    return value


def _join_inputs(inputs: list[Any]) -> Tensor | list[Any]:
    first = inputs[0]
    alike = all(isinstance(item, Tensor) and item.shape == first.shape for item in inputs)
    return default_collate(inputs) if alike else inputs


def _join_counted(counted: list[bool]) -> Tensor:
    return torch.tensor(counted, dtype=torch.bool)


_JOIN: dict[str, Callable[[list[Any]], Any]] = {
    "inputs": _join_inputs,
    "target": default_collate,
    "counted": _join_counted,
}
