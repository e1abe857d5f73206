import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmlight.callbacks.sync_random_size import SyncRandomSize, set_size
from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.resize import Resize
from tests.callbacks.piped import assert_resumed, fit_piped


class FakeResize:
    """Stands for a transform of that name; scales a sample by its size."""

    scale = (1, 1)

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        return {**results, "inputs": torch.full((4, 1, 1), float(self.scale[0]))}


FakeResize.__name__ = "Resize"


class Sized(SyncRandomSize):
    """Puts such a transform into the pipeline."""

    def before_train(self, trainer: Any, pl_module: Any) -> None:
        trainer.train_dataloader.dataset.pipeline = Compose([FakeResize()])
        super().before_train(trainer, pl_module)


@pytest.mark.parametrize("workers", [0, 2])
def test_size_changes_after_epochs(tmp_path: Path, workers: int) -> None:
    options = {"num_workers": workers, "persistent_workers": True} if workers else {}
    random.seed(3)
    net = fit_piped(tmp_path, Sized((2, 9), interval=2), **options)
    random.seed(3)
    size = 32 * random.randint(2, 9)
    sizes = [int(inputs.flatten()[0]) for _, inputs, _, _ in net.batches]
    assert sizes == [1] * 8 + [size] * 8


def test_size_stays_when_resumed(tmp_path: Path) -> None:
    random.seed(3)
    whole = fit_piped(tmp_path / "whole", Sized((2, 9)))
    path = tmp_path / "whole" / "iter_10.ckpt"
    assert_resumed(fit_piped(tmp_path / "rest", Sized((2, 9)), path=path), whole, 10)


def test_sides_keep_their_ratio_when_drawn() -> None:
    hook = SyncRandomSize((10, 10), (640, 480))
    assert hook._draw() == (320, 32 * 7)
    sizes = []
    dataset = SimpleNamespace(update_dynamic_scale=sizes.append)
    set_size(SimpleNamespace(dataset=dataset), (320, 224))
    assert sizes == [(320, 224)]
    piped = SimpleNamespace(pipeline=Compose([Resize(8)]))
    set_size(SimpleNamespace(dataset=piped), (4, 2))
    assert next(iter(piped.pipeline)).scale == (4, 2)


def test_nothing_is_drawn_without_a_range(tmp_path: Path) -> None:
    hook = Sized(None)
    fit_piped(tmp_path, hook)
    assert hook.size is None


def test_raises_when_the_interval_is_wrong() -> None:
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        SyncRandomSize(interval=0)
