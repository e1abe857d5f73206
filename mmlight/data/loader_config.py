"""Says what is loaded and how: the settings of one stage's loader."""

import multiprocessing
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch.utils.data import Dataset

from mmlight.data.collate import collate
from mmlight.data.datasets.sliced import SlicedView
from mmlight.data.datasets.wrapper import load
from mmlight.data.sampler_builder import SamplerBuilder
from mmlight.data.samplers import DefaultSampler, RankedSampler

Collate = Callable[[Sequence[Any]], Any]
# a forked worker has the import names of mm packages that a user's class may need, see compat/
FORK = "fork" if "fork" in multiprocessing.get_all_start_methods() else None


class LoaderConfig:
    """One dataset and how to load it.

    Args:
        dataset: Map-style dataset.
        batch_size: Samples per batch and device.
        num_workers: Worker processes per device; 0 loads in the training process.
        shuffle: Whether the default sampler shuffles; unused when `sampler` is given.
        sampler: Makes a sampler of the dataset, as `SamplerBuilder(DefaultSampler, {"shuffle":
            True})`. It is told the rank and the seed if it takes them.
        drop_last: Leave out a last batch that is not full.
        persistent_workers: Keep workers over epochs; without effect when `num_workers` is 0.
        pin_memory: Put batches into page-locked memory, where there is an accelerator.
        prefetch_factor: Batches that each worker prepares in advance; None for torch's default.
        collate_fn: Makes a batch of a list of samples; None for `mmlight.data.collate.collate`.
        worker_init_fn: Called with its number in each worker process, once that is seeded.
        batch_sampler: Makes batches of the sampler's indices, in place of `drop_last`.
        num_batch_per_epoch: Use only the first samples, as many as this number of batches of all
            ranks needs.
        timeout: How long to wait for a batch of a worker [s]; 0 for ever.
        multiprocessing_context: How workers start: 'fork', 'spawn' or 'forkserver'; None for the
            first that there is.

    Raises:
        ValueError: If `batch_size` is below 1, or `num_workers` or `timeout` is negative.

    From: mmengine 0.10 `*_dataloader` / mmcls 0.25 `data` with `samples_per_gpu` and
    `workers_per_gpu`.
    """

    # jsonargparse cannot fill the arguments of a class named for `Dataset[Any]`.
    def __init__(
        self,
        dataset: Dataset,  # type: ignore[type-arg]
        batch_size: int = 1,
        num_workers: int = 0,
        shuffle: bool = False,
        sampler: SamplerBuilder | None = None,
        drop_last: bool = False,
        persistent_workers: bool = False,
        pin_memory: bool = True,
        prefetch_factor: int | None = None,
        collate_fn: Collate | None = None,
        worker_init_fn: Callable[[int], Any] | None = None,
        batch_sampler: SamplerBuilder | None = None,
        num_batch_per_epoch: int | None = None,
        timeout: float = 0,
        multiprocessing_context: str | None = None,
    ) -> None:
        if timeout < 0:
            raise ValueError(f"timeout must not be negative, got {timeout}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        if num_workers < 0:
            raise ValueError(f"num_workers must not be negative, got {num_workers}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.shuffle = shuffle
        self.sampler = sampler
        self.drop_last = drop_last
        self.persistent_workers = persistent_workers
        self.pin_memory = pin_memory
        self.prefetch_factor = prefetch_factor
        self.collate_fn = collate_fn
        self.worker_init_fn = worker_init_fn
        self.batch_sampler = batch_sampler
        self.num_batch_per_epoch = num_batch_per_epoch
        self.timeout = timeout
        self.multiprocessing_context = multiprocessing_context or FORK

    @property
    def options(self) -> dict[str, Any]:
        """Further arguments of a loader, those for workers only where there are any."""
        working = self.num_workers > 0
        return {
            "num_workers": self.num_workers,
            "persistent_workers": self.persistent_workers and working,
            "prefetch_factor": self.prefetch_factor if working else None,
            "multiprocessing_context": self.multiprocessing_context if working else None,
            "timeout": self.timeout if working else 0,
            "pin_memory": self.pin_memory and torch.accelerator.is_available(),
            "collate_fn": self.collate_fn or collate,
        }

    def build_sampler(self, dataset: Any, *, rank: int, world_size: int, seed: int | None) -> Any:
        """Return the sampler of the dataset, or of a view of it, for one rank."""
        factory = self.sampler or partial(DefaultSampler, shuffle=self.shuffle)
        build = factory if isinstance(factory, SamplerBuilder) else SamplerBuilder(factory)
        sampler = build(dataset, rank=rank, world_size=world_size, seed=seed)
        if isinstance(sampler, RankedSampler):  # whose class may hide what it takes
            sampler.place(rank=rank, world_size=world_size, seed=seed)
        return sampler

    def build_batches(self, sampler: Any) -> Any:
        """Return the user's own batches of a sampler's indices; None where there are none."""
        if self.batch_sampler is None:
            return None
        return self.batch_sampler.build_batches(sampler, batch_size=self.batch_size)

    def choose_data(self, world_size: int) -> Any:
        """Load the dataset, for workers to share, and return as much as each epoch needs of it."""
        load(self.dataset)
        if self.num_batch_per_epoch is None:
            return self.dataset
        needed = self.num_batch_per_epoch * self.batch_size * world_size
        return SlicedView(self.dataset, needed)
