"""A small classifier and a trainer for tests of callbacks."""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmlight.callbacks.announcer import Announcer
from mmlight.data.sampler_builder import SamplerBuilder
from mmlight.data.samplers import InfiniteSampler
from mmlight.datamodule import LoaderConfig, PipelineDataModule

BATCHES = 4


class Points(Dataset[Any]):
    """`4 * 3` fixed samples of 3 classes, three to a batch."""

    def __init__(self, size: int = 3 * BATCHES) -> None:
        generator = torch.Generator().manual_seed(0)
        self.inputs = torch.rand(size, 4, 1, 1, generator=generator)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": self.inputs[index], "target": index % 3, "metas": {"sample_idx": index}}


class Net(L.LightningModule):
    """Has a batch norm; logs the metrics that it is told for each validation."""

    def __init__(self, scores: list[float] | None = None, lr: float = 0.1) -> None:
        super().__init__()
        torch.manual_seed(0)
        layers = (nn.Flatten(), nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
        self.net = nn.Sequential(*layers)
        self.scores = scores
        self.lr = lr
        self.validated: list[tuple[int, int]] = []
        self.seen: list[Tensor] = []

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> dict[str, Tensor]:
        loss = nn.functional.cross_entropy(self.net(batch["inputs"]), batch["target"])
        return {"loss": loss, "accuracy": loss.detach() * 0 + batch_idx}

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        if batch_idx == 0:
            self.seen.append(self.net[1].weight.detach().clone())

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        fit = self.trainer.fit_loop
        self.validated.append((self.trainer.current_epoch + 1, fit.total_batch_idx + 1))
        if self.scores is not None:
            place = len(self.validated) - 1
            self.log("acc/top1", self.scores[place])
            self.log("val_loss", -self.scores[place])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.lr, momentum=0.9)


def build_data(endless: bool = False, **options: Any) -> PipelineDataModule:
    sampler = SamplerBuilder(InfiniteSampler, {"shuffle": True}) if endless else None
    train = LoaderConfig(Points(), 3, shuffle=True, sampler=sampler, **options)
    return PipelineDataModule(train, LoaderConfig(Points(4), 2), LoaderConfig(Points(4), 2), seed=3)


def build_trainer(*callbacks: Callback, **options: Any) -> L.Trainer:
    """Build a quiet Trainer with an announcer.

    `max_iters` makes it count iterations as a translated config does.
    """
    if not any(isinstance(callback, Announcer) for callback in callbacks):
        callbacks = (*callbacks, Announcer())
    if "max_iters" in options:
        options |= {"max_epochs": -1, "max_steps": options.pop("max_iters")}
        options = {"val_check_interval": 1, "check_val_every_n_epoch": None, **options}
    quiet = {
        "accelerator": "cpu", "devices": 1, "logger": False, "num_sanity_val_steps": 0,
        "enable_model_summary": False, "use_distributed_sampler": False,
        "enable_progress_bar": False,
        "enable_checkpointing": any(type(c).__name__ == "Checkpoint" for c in callbacks),
    }  # fmt: skip
    trainer = L.Trainer(**{**quiet, **options}, callbacks=list(callbacks))
    rank = {id(callback): index for index, callback in enumerate(callbacks)}
    trainer.callbacks.sort(key=lambda c: rank.get(id(c), len(rank)))
    return trainer


class Probe(Callback):
    """Counts the batches, and runs a function after each of them or at another point."""

    def __init__(self, action: Any = None, point: str = "on_train_batch_end") -> None:
        self.batches = 0
        if point != "on_train_batch_end":
            setattr(self, point, action)
        self.action = action if point == "on_train_batch_end" else None

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        self.batches += 1
        if self.action is not None:
            self.action(trainer, pl_module)


class CrashError(RuntimeError):
    """What a test raises to interrupt a training."""
