"""A training whose samples go through a pipeline with random numbers, for tests of callbacks."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.data.loader_config import LoaderConfig
from mmlight.data.transforms.compose import Compose
from mmlight.datamodule import PipelineDataModule
from tests.callbacks.nets import Net, Points, Probe, build_trainer


class Shift:
    """Adds a number and noise to a sample."""

    def __init__(self, number: float) -> None:
        self.number = number

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        noise = float(np.random.rand())
        return {**results, "inputs": results["inputs"] + self.number + 0.1 * noise}


class Mark(Shift):
    """The same under another name."""


class PipedPoints(Points):
    """`Points` behind a pipeline."""

    def __init__(self) -> None:
        super().__init__()
        self.pipeline: Any = Compose([Shift(0.0), Mark(10.0)])

    def __getitem__(self, index: int) -> Any:
        return self.pipeline(super().__getitem__(index))


class HeadNet(Net):
    """Has a head with a loss module, and perhaps mixes batches; notes the batches that it sees."""

    def __init__(self, augments: Any = None) -> None:
        super().__init__()
        self.head = nn.Module()
        self.head.loss_module = nn.CrossEntropyLoss()
        self.num_classes = 3
        self.batch_augments: Any = augments
        self.batches: list[tuple[int, Tensor, str, bool]] = []

    def forward(self, inputs: Tensor) -> Any:
        return self.net(inputs)

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> dict[str, Tensor]:
        inputs, target = batch["inputs"].float(), batch["target"]
        is_mixed = self.batch_augments is not None
        if is_mixed:
            inputs, target = self.batch_augments(inputs, target)
        loss = self.head.loss_module(self.net(inputs), target)
        if torch.is_grad_enabled():
            name = type(self.head.loss_module).__name__
            seen = batch["inputs"].clone()
            self.batches.append((self.trainer.current_epoch + 1, seen, name, is_mixed))
        return {"loss": loss}

    def numbers(self) -> list[int]:
        """Return for each batch what the pipeline has added, noise left out."""
        return [int(inputs.mean() - 0.3) for _, inputs, _, _ in self.batches]


def build_piped(**options: Any) -> PipelineDataModule:
    train = LoaderConfig(PipedPoints(), 3, shuffle=True, pin_memory=False, **options)
    return PipelineDataModule(train, LoaderConfig(Points(4), 2), seed=3)


def fit_piped(
    folder: Path, *callbacks: Any, path: Any = None, by_epoch: bool = False, **options: Any
) -> HeadNet:
    """Train four epochs of four batches; a checkpoint after every batch, or every epoch."""
    torch.manual_seed(0)
    np.random.seed(0)
    data = build_piped(**{k: v for k, v in options.items() if "workers" in k})
    flags = {k: v for k, v in options.items() if "workers" not in k}
    net, saver = HeadNet(flags.pop("augments", None)), Checkpoint(str(folder), by_epoch=by_epoch)
    trainer = build_trainer(*callbacks, Probe(), saver, **(flags or {"max_epochs": 4}))
    trainer.fit(net, data, ckpt_path=path, weights_only=True)
    return net


def assert_resumed(rest: HeadNet, whole: HeadNet, done: int) -> None:
    """Check that a resumed training saw what the whole one saw, and ended the same."""
    assert len(rest.batches) == len(whole.batches) - done > 0
    for ours, theirs in zip(rest.batches, whole.batches[done:], strict=True):
        assert ours[0] == theirs[0]
        assert torch.equal(ours[1], theirs[1])
        assert ours[2:] == theirs[2:]
    for ours_value, theirs_value in zip(
        rest.state_dict().values(), whole.state_dict().values(), strict=True
    ):
        assert torch.equal(ours_value, theirs_value)
