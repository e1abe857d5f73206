"""Turns weights, or the labels of a dataset, into random orders that favour some samples."""

import json
import math
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from mmlight.data.samplers.default import DefaultSampler
from mmlight.data.samplers.labels import read_labels, to_repeats, to_weights
from mmlight.errors import DataError

INVERSE_FREQUENCY: Final = "inverse_frequency"


class WeightedRandomSampler(DefaultSampler):
    """Samples drawn by their weights, dealt out to the ranks in turn.

    Args:
        dataset: Anything with a length `N`.
        weights: One number per sample, none negative; or a file of them, `.npy`, `.json` or text
            with one per line; or 'inverse_frequency', so that every class is equally likely.
        num_samples: How many to draw for an epoch of all ranks; None for `N`.
        replacement: Whether a sample may come several times.
        seed: Start of the random orders; see `RankedSampler`.
        round_up: Repeat the order's beginning until all ranks get equally many.
        rank: Which share to yield; see `RankedSampler`.
        world_size: How many ranks there are.

    Raises:
        DataError: If the file cannot be read.
        ValueError: If there are not `N` weights, if one is negative, or too few are above 0.

    Examples:
        >>> sampler = WeightedRandomSampler("ab", [0, 1])
        >>> list(sampler)
        [1, 1]

    From: torch `WeightedRandomSampler`, whose order it is for a generator of the seed and the
    epoch; the originals have no such sampler. Several labels of an image add up.
    """

    def __init__(
        self,
        dataset: Sized,
        weights: Sequence[float] | str = INVERSE_FREQUENCY,
        num_samples: int | None = None,
        replacement: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        super().__init__(dataset, True, seed, round_up, rank, world_size)
        self.weights = _read_weights(dataset, weights)
        self.replacement = replacement
        self._drawn = len(dataset) if num_samples is None else num_samples
        _check(self.weights, len(dataset), self._drawn, replacement)

    def _count(self) -> int:
        return self._drawn

    def _order(self) -> Tensor:
        return torch.multinomial(
            self.weights, self._drawn, self.replacement, generator=self._generator()
        )


class ClassBalancedSampler(DefaultSampler):
    """Samples of rare classes more often, dealt out to the ranks in turn.

    Args:
        dataset: A dataset of `N` samples with `get_gt_labels` or `get_cat_ids`.
        oversample_thr: Share of all samples, in [0, 1], that a class should have: the samples of a
            rarer one are repeated by the square root of what it lacks, rounded up. None draws with
            replacement, every class equally likely.
        num_samples: How many to draw for an epoch of all ranks; None for `N`. Not together with
            `oversample_thr`.
        seed: Start of the random orders; see `RankedSampler`.
        round_up: Repeat the order's beginning until all ranks get equally many.
        rank: Which share to yield; see `RankedSampler`.
        world_size: How many ranks there are.

    Raises:
        ValueError: If the dataset does not tell its labels, or arguments do not go together.

    From: mmpretrain 1.2 `DefaultSampler` over `ClassBalancedDataset` for `oversample_thr`; the
    originals have no such sampler.
    """

    def __init__(
        self,
        dataset: Sized,
        oversample_thr: float | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        round_up: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        super().__init__(dataset, True, seed, round_up, rank, world_size)
        labels = read_labels(dataset)
        if oversample_thr is None:
            self._pool = None
            self._weights = to_weights(labels)
            self._drawn = len(dataset) if num_samples is None else num_samples
            _check(self._weights, len(dataset), self._drawn, replacement=True)
            return
        if num_samples is not None:
            raise ValueError(f"num_samples must be None with oversample_thr, got {num_samples}")
        if not 0 <= oversample_thr <= 1:
            raise ValueError(f"oversample_thr must be in [0, 1], got {oversample_thr}")
        repeats = torch.tensor(to_repeats(labels, oversample_thr))
        self._pool = torch.arange(len(dataset)).repeat_interleave(repeats)  # (N,) -> (N + more,)
        self._drawn = len(self._pool)

    def _count(self) -> int:
        return self._drawn

    def _order(self) -> Tensor:
        generator = self._generator()
        if self._pool is None:
            return torch.multinomial(self._weights, self._drawn, True, generator=generator)
        return self._pool[torch.randperm(self._drawn, generator=generator)]


def _read_weights(dataset: Sized, weights: Sequence[float] | str) -> Tensor:
    if isinstance(weights, str):
        if weights == INVERSE_FREQUENCY:
            return to_weights(read_labels(dataset))
        weights = _read_file(weights)
    return torch.as_tensor(np.asarray(weights, dtype=np.float64))


def _read_file(path: str) -> Any:
    file = Path(path).expanduser()
    try:
        if file.suffix == ".npy":
            return np.load(file, allow_pickle=False)
        text = file.read_text(encoding="utf-8")
        return json.loads(text) if file.suffix == ".json" else [float(n) for n in text.split()]
    except (OSError, ValueError) as error:
        raise DataError(
            path,
            f"the weights cannot be read: {error}",
            expected="one number per sample in a .npy, .json or text file",
            next_step="Correct sampler.weights or the file.",
        ) from error


def _check(weights: Tensor, size: int, drawn: int, replacement: bool) -> None:
    if weights.shape != (size,):
        raise ValueError(f"weights must be {size} numbers, got the shape {tuple(weights.shape)}")
    if drawn < 1:
        raise ValueError(f"num_samples must be at least 1, got {drawn}")
    lowest = float(weights.min())
    if not (lowest >= 0 and math.isfinite(float(weights.sum()))):
        raise ValueError(f"weights must be finite and not negative, got {lowest}")
    usable = int((weights > 0).sum())
    if usable < (1 if replacement else drawn):
        raise ValueError(f"num_samples is {drawn}, but only {usable} weights are above 0")
