"""Turns a list of samples into a batch."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import default_collate


def collate(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Stack samples to a batch.

    Args:
        samples: `B` dicts with 'inputs', a tensor `(C, H, W)` or a list of `V` views (where
            `TestTimeAug` made them, all entries are lists, and the first counts), and any of
            'target' (an int, or a tensor: labels int64 `(n,)`, scores `(K,)` of another dtype),
            'metas' (a dict) and 'counted' (a bool, True where it is missing). All have the other
            keys of the first.

    Returns:
        'inputs' of `(B, C, H, W)` in the samples' dtype, or a list of tensors where shapes differ;
        a list of `V` such for views. 'target', int64 `(B,)` for ints, a list of `B` tensors for
        labels, `(B, K)` for scores; 'counted', bool `(B,)`. Any other key becomes a list,
        'metas' a list of dicts. A worker process stacks straight into shared memory.

    Raises:
        ValueError: If a sample lacks a key of the first.

    Examples:
        >>> batch = collate([{"inputs": torch.zeros(1, 2, 2), "target": label} for label in (3, 5)])
        >>> tuple(batch["inputs"].shape), batch["target"].tolist()
        ((2, 1, 2, 2), [3, 5])

    From: mmengine 0.10 `pseudo_collate` followed by stacking in the data preprocessor / mmcv 1.7
    `collate`.
    """
    samples = [_describe_once(sample) for sample in samples]
    if any("counted" in sample for sample in samples):  # only some of joined datasets may mark it
        samples = [{"counted": True, **sample} for sample in samples]
    keys = samples[0].keys()
    for place, sample in enumerate(samples):
        if sample.keys() != keys:
            raise ValueError(
                f"samples must have the keys {list(keys)}, got {list(sample)} at {place}"
            )
    return {key: _JOIN.get(key, list)([sample[key] for sample in samples]) for key in keys}


def _describe_once(sample: dict[str, Any]) -> dict[str, Any]:
    """Let only the inputs of a sample be several views: the rest is the same for all of them."""
    if not isinstance(sample.get("metas"), list):
        return sample
    return {key: value if key == "inputs" else value[0] for key, value in sample.items()}


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
    if isinstance(value, list) and value and isinstance(value[0], (Tensor, list)):
        return [_move(item, device) for item in value]
    return value


def join_targets(targets: Sequence[Any]) -> Any:
    """Join what the samples of a batch have as 'target'; see `collate`.

    Examples:
        >>> join_targets([torch.tensor([0, 2]), torch.tensor([1, 0])])  # labels, and no scores
        [tensor([0, 2]), tensor([1, 0])]
    """
    first = targets[0]
    if isinstance(first, Tensor) and first.ndim and first.dtype == torch.int64:
        return list(targets)
    return default_collate(list(targets))


class CountedCollate:
    """Makes a batch of samples that come with whether they count, see `PaddedView`.

    Args:
        collate: Makes a batch of the samples alone.
    """

    def __init__(self, collate: Callable[[Sequence[Any]], Any]) -> None:
        self.collate = collate

    def __call__(self, pairs: Sequence[tuple[Any, bool]]) -> Any:
        """Return the batch, a dict, with 'counted', bool `(B,)`."""
        samples, counted = zip(*pairs, strict=True)
        batch = self.collate(list(samples))
        if not isinstance(batch, dict):
            raise TypeError(f"a batch must be a dict to be shared among ranks, got {type(batch)}")
        return {
            **batch,
            "counted": torch.tensor(counted) & torch.as_tensor(batch.get("counted", True)),
        }


def _join_inputs(inputs: list[Any]) -> Tensor | list[Any]:
    first = inputs[0]
    if isinstance(first, list):
        return [_join_inputs(list(views)) for views in zip(*inputs, strict=True)]
    alike = all(isinstance(item, Tensor) and item.shape == first.shape for item in inputs)
    return default_collate(inputs) if alike else inputs


_JOIN: dict[str, Callable[[list[Any]], Any]] = {
    "inputs": _join_inputs,
    "target": join_targets,
    "counted": torch.tensor,
}
