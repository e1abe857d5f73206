"""Lets a user's `collate_fn` see samples as those of mmpretrain, and takes its batch back.

Also the functions of mmengine that such code calls.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import data

from mmlight.compat.data_sample import DataSample
from mmlight.data.collate import join_targets
from mmlight.data.workers import seed_rng, worker_seed


class UserCollate:
    """A collate function for batches with `inputs` and `data_samples`.

    Args:
        collate: Makes a batch of samples that hold 'inputs' and, as 'data_samples', a `DataSample`.

    A batch that comes back with 'data_samples' gets 'target' and 'metas' for them; any other is
    used as it is, and so are samples that `PackInputs` has not made.

    From: mmpretrain 1.2 `PackInputs` and mmengine 0.10 `pseudo_collate`, whose samples and batches
    these are.
    """

    def __init__(self, collate: Callable[[Sequence[Any]], Any]) -> None:
        self.collate = collate

    def __call__(self, samples: Sequence[Any]) -> Any:
        """Return the batch of some samples."""
        batch = self.collate([_to_theirs(sample) for sample in samples])
        if isinstance(batch, dict) and "counted" in batch:
            batch["counted"] = torch.as_tensor(batch["counted"])
        if not isinstance(batch, Mapping) or "data_samples" not in batch:
            return batch
        rest = {key: value for key, value in batch.items() if key != "data_samples"}
        return {**rest, **_to_ours(list(batch["data_samples"]))}


def _to_theirs(sample: Any) -> Any:
    if not isinstance(sample, dict) or "metas" not in sample:
        return sample
    known = DataSample(metainfo=sample["metas"])
    target = sample.get("target")
    if isinstance(target, Tensor) and target.is_floating_point():
        known.set_gt_score(target)
    elif target is not None:
        known.set_gt_label(target)
    rest = {key: value for key, value in sample.items() if key not in ("target", "metas")}
    return {**rest, "data_samples": known}


def _to_ours(samples: list[Any]) -> dict[str, Any]:
    batch: dict[str, Any] = {"metas": [sample.metainfo for sample in samples]}
    if all("gt_score" in sample for sample in samples):
        batch["target"] = torch.stack([sample.gt_score for sample in samples]).float()
    elif all("gt_label" in sample for sample in samples):
        labels = [sample.gt_label for sample in samples]
        single = all(len(label) == 1 for label in labels)
        batch["target"] = torch.cat(labels) if single else join_targets(labels)
    return batch


# -------------------------------------------------------------------- what users' code calls


def pseudo_collate(data_batch: Sequence[Any]) -> Any:
    """Turn a list of samples into one sample of lists.

    Examples:
        >>> pseudo_collate([{"a": 1, "b": (2, 3)}, {"a": 4, "b": (5, 6)}])
        {'a': [1, 4], 'b': [[2, 5], [3, 6]]}

    From: mmengine 0.10 `pseudo_collate`.
    """
    return _collate(data_batch, lambda leaves: leaves)


def default_collate(data_batch: Sequence[Any]) -> Any:
    """Turn a list of samples into one sample of batches; samples of type `DataSample` stay a list.

    Examples:
        >>> default_collate([{"a": 1, "b": "x"}, {"a": 4, "b": "y"}])
        {'a': tensor([1, 4]), 'b': ['x', 'y']}

    From: mmengine 0.10 `default_collate`.
    """
    return _collate(data_batch, data.default_collate)


def _collate(batch: Sequence[Any], join: Callable[[Any], Any]) -> Any:
    first = batch[0]
    if isinstance(first, (DataSample, str, bytes)):
        return batch
    if isinstance(first, Mapping):
        kind: Any = type(first)
        return kind({key: _collate([item[key] for item in batch], join) for key in first})
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError(f"samples must have equal lengths, got {[len(i) for i in batch]}")
        parts = [_collate(list(items), join) for items in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    return join(batch)


def worker_init_fn(
    worker_id: int,
    num_workers: int,
    rank: int,
    seed: int,
    disable_subprocess_warning: bool = False,
) -> None:
    """Seed the generators of a worker process.

    From: mmengine 0.10 `worker_init_fn`; `disable_subprocess_warning` has no effect.
    """
    seed_rng(worker_seed(worker_id, seed=seed, rank=rank, num_workers=num_workers))
