"""Turns datasets and loader settings into the loaders of each stage and rank."""

import math
import multiprocessing
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Dataset, Sampler

from mmlight.data.collate import collate, move_batch
from mmlight.data.datasets.padded import PaddedView
from mmlight.data.loader import ResumableLoader
from mmlight.data.sampler_builder import SamplerBuilder
from mmlight.data.samplers import DefaultSampler, RankedSampler
from mmlight.data.workers import WorkerStart

SamplerFactory = Callable[[Any], Sampler[int]]
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
            True})`. A `RankedSampler` is told its rank, and the seed if it has none.
        drop_last: Leave out a last batch that is not full.
        persistent_workers: Keep workers over epochs; without effect when `num_workers` is 0.
        pin_memory: Put batches into page-locked memory, where there is an accelerator.
        prefetch_factor: Batches that each worker prepares in advance; None for torch's default.
        collate_fn: Makes a batch of a list of samples; None for `mmlight.data.collate.collate`.

    Raises:
        ValueError: If `batch_size` is below 1 or `num_workers` is negative.

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
        pin_memory: bool = False,
        prefetch_factor: int | None = None,
        collate_fn: Collate | None = None,
    ) -> None:
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


class PipelineDataModule(LightningDataModule):
    """The loaders of all stages.

    Wants `Trainer(use_distributed_sampler=False)`, for samplers here know their rank.

    With several ranks, evaluation batches bring 'counted', bool `(B,)`: False for samples that only
    fill up.

    Args:
        train: Training data.
        val: Validation data.
        test: Test data.
        predict: Data to predict.
        seed: Seed of samplers and workers; None takes one from torch's seed, equal on all ranks.
        exact_resume: Save the random states with each checkpoint, so that a resumed run sees the
            same augmentations.

    From: mmengine 0.10 `Runner.build_dataloader` / mmcls 0.25 `build_dataloader`. Resuming inside
    an epoch goes on at the next batch, where the originals start the epoch again or load all its
    batches a second time.
    """

    def __init__(
        self,
        train: LoaderConfig | None = None,
        val: LoaderConfig | None = None,
        test: LoaderConfig | None = None,
        predict: LoaderConfig | None = None,
        seed: int | None = None,
        exact_resume: bool = True,
    ) -> None:
        super().__init__()
        self.train = train
        self.val = val
        self.test = test
        self.predict = predict
        self.seed = seed
        self.exact_resume = exact_resume
        self._train_loader: ResumableLoader | None = None
        self._resumed: dict[str, Any] = {}
        for stage, config in (("val", val), ("test", test), ("predict", predict)):
            # Lightning takes a method that exists as a promise of data, so only given ones exist.
            if config is not None:
                build = partial(self._build_evaluation, config)
                setattr(self, f"{stage}_dataloader", build)

    @property
    def classes(self) -> Sequence[str] | None:
        """Class names of the first dataset that knows any."""
        for config in (self.train, self.val, self.test, self.predict):
            names = getattr(config.dataset, "metainfo", {}).get("classes") if config else None
            if names is not None:
                return cast(Sequence[str], names)
        return None

    @property
    def train_epoch_batches(self) -> int:
        """Batches in one pass of this rank over the training data; if endless, over all of it."""
        if self.train is None:
            raise ValueError("train must be given to count its batches, got None")
        sampler = self._build_sampler(self.train, self.train.dataset)
        sized = sampler if hasattr(sampler, "__len__") else self.train.dataset
        batches = len(cast(Any, sized)) / self.train.batch_size
        return math.floor(batches) if self.train.drop_last else math.ceil(batches)

    def setup(self, stage: str) -> None:
        """Agree on a seed with all ranks."""
        if self.seed is None:
            seed = torch.initial_seed() % 2**31
            self.seed = self.trainer.strategy.broadcast(seed) if self.trainer else seed

    def train_dataloader(self) -> ResumableLoader:
        """Return the loader of the training data, set to where a loaded checkpoint stood.

        Raises:
            ValueError: If there is no training data.
        """
        if self.train is None:
            raise ValueError("train must be given to train, got None")
        loader = ResumableLoader(
            self.train.dataset,
            self._build_sampler(self.train, self.train.dataset),
            drop_last=self.train.drop_last,
            exact=self.exact_resume,
            batch_size=self.train.batch_size,
            worker_start=self._worker_start(self.train),
            **_loader_options(self.train),
        )
        if self._resumed:
            loader.resume(self._resumed)
            self._resumed = {}
        self._train_loader = loader
        return loader

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        """Move the tensors of a batch; batches of a user's `collate_fn` as Lightning does."""
        if isinstance(batch, dict) and "inputs" in batch:
            return move_batch(batch, device)
        return super().transfer_batch_to_device(batch, device, dataloader_idx)

    def state_dict(self) -> dict[str, Any]:
        """Return seed, position and random states of all ranks; all ranks must call it."""
        if self._train_loader is None or self.trainer is None:
            return {}
        fit_loop = self.trainer.fit_loop
        # The loop's count, not the loader's: Lightning may have fetched a batch that it has not
        # used.
        used = fit_loop.epoch_loop.batch_progress.current.ready
        ended = used >= self.trainer.num_training_batches
        mine = self._train_loader.position(used, ended=ended)
        return {"seed": self.seed, "ranks": [_to_tensors(state) for state in _gather(mine)]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep what `state_dict` returned for the next training loader."""
        if self.train is None or not state_dict:
            return
        self.seed = state_dict["seed"]
        ranks = state_dict["ranks"]
        rank, world_size = self._place()
        fits = len(ranks) == world_size and ranks[0]["num_workers"] == self.train.num_workers
        state = _to_bytes(ranks[rank if fits else 0])
        if not fits:
            rank_zero_warn(
                f"The checkpoint was saved with {len(ranks)} ranks of {ranks[0]['num_workers']}"
                f" workers, this run has {world_size} of {self.train.num_workers}:"
                " augmentations will differ from an unbroken run."
            )
            state = {
                "batches": state["batches"],
                "ahead": 0,
                "num_workers": self.train.num_workers,
            }
        self._resumed = state

    def _place(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def _build_sampler(self, config: LoaderConfig, dataset: Dataset[Any]) -> Sampler[int]:
        factory: SamplerFactory = config.sampler or partial(DefaultSampler, shuffle=config.shuffle)
        overfit: float = getattr(self.trainer, "overfit_batches", 0.0)
        if overfit > 0 and config is self.train:  # Lightning's rule: the same batches in each epoch
            factory = partial(DefaultSampler, shuffle=False)
        sampler = factory(dataset)
        if isinstance(sampler, RankedSampler):
            rank, world_size = self._place()
            sampler.place(rank=rank, world_size=world_size, seed=self.seed)
        return sampler

    def _build_evaluation(self, config: LoaderConfig) -> DataLoader[Any]:
        _, world_size = self._place()
        dataset = config.dataset
        if world_size > 1:
            dataset = PaddedView(dataset, world_size=world_size)
        return DataLoader(
            dataset,
            batch_size=config.batch_size,
            sampler=self._build_sampler(config, dataset),
            drop_last=config.drop_last,
            worker_init_fn=self._worker_start(config),
            generator=torch.Generator().manual_seed(self.seed or 0),
            **_loader_options(config),
        )

    def _worker_start(self, config: LoaderConfig) -> WorkerStart:
        rank, _ = self._place()
        return WorkerStart(seed=self.seed or 0, rank=rank, num_workers=config.num_workers)


def _loader_options(config: LoaderConfig) -> dict[str, Any]:
    working = config.num_workers > 0
    return {
        "num_workers": config.num_workers,
        "persistent_workers": config.persistent_workers and working,
        "prefetch_factor": config.prefetch_factor if working else None,
        "multiprocessing_context": FORK if working else None,
        "pin_memory": config.pin_memory and torch.accelerator.is_available(),
        "collate_fn": config.collate_fn or collate,
    }


def _gather(state: dict[str, Any]) -> list[dict[str, Any]]:
    if not (distributed.is_available() and distributed.is_initialized()):
        return [state]
    states: list[dict[str, Any]] = [{}] * distributed.get_world_size()
    distributed.all_gather_object(states, state)
    return states


def _to_tensors(value: Any) -> Any:
    """Turn bytes into uint8 tensors, which checkpoints hold without pickled code."""
    if isinstance(value, dict):
        return {key: _to_tensors(item) for key, item in value.items()}
    return torch.from_numpy(np.array(bytearray(value))) if isinstance(value, bytes) else value


def _to_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_bytes(item) for key, item in value.items()}
    return value.cpu().numpy().astype(np.uint8).tobytes() if isinstance(value, Tensor) else value
