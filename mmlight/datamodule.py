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

from mmlight.callbacks.validation import is_validation_next
from mmlight.data.collate import CountedCollate, move_batch
from mmlight.data.datasets.padded import PaddedView
from mmlight.data.datasets.wrapper import find_classes
from mmlight.data.evaluation_loader import EvaluationLoader
from mmlight.data.loader import ResumableLoader
from mmlight.data.loader_config import LoaderConfig as LoaderConfig
from mmlight.data.rank_states import gather_states, to_bytes
from mmlight.data.samplers import DefaultSampler
from mmlight.data.workers import WorkerStart, seed_rng
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
        val_loss: Data to compute training losses of between epochs, as a `workflow` of 0.x does.
        seed: Seed of samplers and workers; None takes one from torch's seed, equal on all ranks.
        diff_rank_seed: Give each rank, and its workers, random numbers of their own; the order of
            samples stays common.
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
        val_loss: LoaderConfig | None = None,
        seed: int | None = None,
        exact_resume: bool = True,
        diff_rank_seed: bool = False,
    ) -> None:
        super().__init__()
        self.train = train
        self.val = val
        self.test = test
        self.predict = predict
        self.val_loss = val_loss
        self.seed = seed
        self.exact_resume = exact_resume
        self.diff_rank_seed = diff_rank_seed
        self._train_loader: ResumableLoader | None = None
        self._resumed: dict[str, Any] = {}
        self._has_validated = False
        for stage, config in (("val", val), ("test", test), ("predict", predict)):
            # Lightning takes a method that exists as a promise of data, so only given ones exist.
            if config is not None:
                build = partial(self._build_evaluation, config, stage)
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
        rank, _ = self._place()
        if self.diff_rank_seed and rank > 0:
            seed_rng(self.seed + rank)

    def train_dataloader(self) -> ResumableLoader:
        """Return the loader of the training data, set to where a loaded checkpoint stood.

        Raises:
            ValueError: If there is no training data.
        """
        loader = self.build_train_loader()
        if self._resumed:
            loader.resume(self._resumed)
            self._resumed = {}
        self._train_loader = loader
        return loader

    def build_train_loader(self) -> ResumableLoader:
        """Return a loader of the training data that begins at the first batch of an epoch."""
        if self.train is None:
            raise ValueError("train must be given to train, got None")
        dataset = self.train.choose_data(self._place()[1])
        sampler = self._build_sampler(self.train, dataset)
        return ResumableLoader(
            dataset,
            sampler,
            batch_sampler=self.train.build_batches(sampler),
            drop_last=self.train.drop_last,
            exact=self.exact_resume,
            batch_size=self.train.batch_size,
            worker_start=self._worker_start(self.train),
            **self.train.options,
        )

    def val_loss_dataloader(self) -> DataLoader[Any]:
        """Return the loader of the data whose training losses are computed between epochs.

        Raises:
            ValueError: If there is none.
        """
        if self.val_loss is None:
            raise ValueError("val_loss must be given to compute its losses, got None")
        return self._build_evaluation(self.val_loss, "val_loss")

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
        mine["draws"] = self._count_draws(ended=ended)
        has_validated = self._has_validated or mine["draws"] > 0
        return {
            "seed": self.seed,
            "ranks": gather_states(mine),
            "has_validated": has_validated,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep what `state_dict` returned for the next training loader."""
        if self.train is None or not state_dict:
            return
        self.seed = state_dict["seed"]
        self._has_validated = state_dict.get("has_validated", False)
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

    def _build_evaluation(self, config: LoaderConfig, stage: str) -> DataLoader[Any]:
        in_order = stage == "predict"
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
        options |= {
            "dataset": dataset,
            "batch_sampler": batches,
            "worker_init_fn": self._worker_start(config),
            "generator": torch.Generator().manual_seed(self.seed or 0),
        }
        if stage == "val":
            return EvaluationLoader(
                has_begun=self._has_validated, begin=self._note_validation, **options
            )
        return EvaluationLoader(**options) if stage == "val_loss" else DataLoader(**options)

    def _note_validation(self) -> None:
        self._has_validated = True

    def _count_draws(self, *, ended: bool) -> int:
        """Count the numbers that a validation which follows this moment draws."""
        assert self.trainer is not None
        if self.val is None or not is_validation_next(self.trainer, ended=ended):
            return 0
        keeps_workers = self.val.options["persistent_workers"]
        return int(not (self._has_validated and keeps_workers))

    def _worker_start(self, config: LoaderConfig) -> WorkerStart:
        rank, _ = self._place()
        own, seed = config.worker_init_fn, self.seed or 0
        seed += rank if self.diff_rank_seed else 0
        return WorkerStart(seed=seed, rank=rank, num_workers=config.num_workers, own=own)
