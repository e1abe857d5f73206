"""Turns datasets and loader settings into the loaders of each stage and rank."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import cv2
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import rank_zero_warn
from torch.utils.data import DataLoader, Dataset, Sampler

from mmlight.data.collate import CountedCollate, move_batch
from mmlight.data.datasets.padded import PaddedView
from mmlight.data.datasets.wrapper import find_classes
from mmlight.data.loader import ResumableLoader
from mmlight.data.loader_config import LoaderConfig as LoaderConfig
from mmlight.data.rank_states import gather_states, to_bytes
from mmlight.data.samplers import DefaultSampler
from mmlight.data.workers import WorkerStart
from mmlight.errors import ConfigError


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
                build = partial(self._build_evaluation, config, in_order=stage == "predict")
                setattr(self, f"{stage}_dataloader", build)

    @property
    def classes(self) -> Sequence[str] | None:
        """Class names of the first dataset that knows any."""
        configs = (self.train, self.val, self.test, self.predict)
        found = (find_classes(config.dataset) for config in configs if config is not None)
        return next((names for names in found if names), None)

    @property
    def train_epoch_batches(self) -> int:
        """Batches in one pass of this rank over the training data; if endless, over all of it."""
        if self.train is None:
            raise ValueError("train must be given to count its batches, got None")
        dataset = self.train.choose_data(self._place()[1])
        sampler = self._build_sampler(self.train, dataset)
        batch_sampler = self.train.build_batches(sampler)
        if batch_sampler is not None:
            return len(batch_sampler)
        sized = sampler if hasattr(sampler, "__len__") else dataset
        batches = len(cast(Any, sized)) / self.train.batch_size
        return math.floor(batches) if self.train.drop_last else math.ceil(batches)

    def setup(self, stage: str) -> None:
        """Agree on a seed with all ranks, and keep cv2 from starting threads, as mm does."""
        cv2.setNumThreads(0)
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
        dataset = self.train.choose_data(self._place()[1])
        sampler = self._build_sampler(self.train, dataset)
        loader = ResumableLoader(
            dataset,
            sampler,
            batch_sampler=self.train.build_batches(sampler),
            drop_last=self.train.drop_last,
            exact=self.exact_resume,
            batch_size=self.train.batch_size,
            worker_start=self._worker_start(self.train),
            **self.train.options,
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
        return {"seed": self.seed, "ranks": gather_states(mine)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep what `state_dict` returned for the next training loader."""
        if self.train is None or not state_dict:
            return
        self.seed = state_dict["seed"]
        ranks = state_dict["ranks"]
        rank, world_size = self._place()
        fits = len(ranks) == world_size and ranks[0]["num_workers"] == self.train.num_workers
        state = to_bytes(ranks[rank if fits else 0])
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
        rank, world_size = self._place()
        overfit: float = getattr(self.trainer, "overfit_batches", 0.0)
        if overfit > 0 and config is self.train:  # Lightning's rule: the same batches in each epoch
            whole = cast(Any, dataset)
            return DefaultSampler(whole, False, self.seed, rank=rank, world_size=world_size)
        try:
            sampler: Sampler[int] = config.build_sampler(
                dataset, rank=rank, world_size=world_size, seed=self.seed
            )
        except ValueError as error:  # known only now, with the data
            stages = ("train", "val", "test", "predict")
            stage = next((name for name in stages if getattr(self, name) is config), "data")
            raise ConfigError(f"{stage}_dataloader.sampler", str(error)) from error
        return sampler

    def _build_evaluation(self, config: LoaderConfig, *, in_order: bool) -> DataLoader[Any]:
        rank, world_size = self._place()
        dataset, options = config.choose_data(world_size), config.options
        if world_size > 1:
            dataset = PaddedView(dataset, world_size=world_size)
            options["collate_fn"] = CountedCollate(options["collate_fn"])
        if in_order:  # a row for each image, whatever the config says of evaluation
            sampler: Any = DefaultSampler(dataset, False, rank=rank, world_size=world_size)
            batches = None
        else:
            sampler = self._build_sampler(config, dataset)
            batches = config.build_batches(sampler)
        if batches is None:
            options |= {"sampler": sampler, "batch_size": config.batch_size}
            options["drop_last"] = config.drop_last and not in_order
        return DataLoader(
            dataset,
            batch_sampler=batches,
            worker_init_fn=self._worker_start(config),
            generator=torch.Generator().manual_seed(self.seed or 0),
            **options,
        )

    def _worker_start(self, config: LoaderConfig) -> WorkerStart:
        rank, _ = self._place()
        own, seed = config.worker_init_fn, self.seed or 0
        return WorkerStart(seed=seed, rank=rank, num_workers=config.num_workers, own=own)
