from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.idle_hooks import BATCH_HOOKS, drop_idle_hooks


class _Busy(Callback):
    idle_hooks = ("on_train_batch_start",)

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self.calls.append("start")

    def on_train_batch_end(self, *_: Any) -> None:
        self.calls.append("end")


class _Net(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_drops_empty_hooks_and_those_named_idle() -> None:
    callback = _Busy()
    drop_idle_hooks([callback])
    dropped = [name for name in BATCH_HOOKS if getattr(callback, name) is None]
    assert dropped == [name for name in BATCH_HOOKS if name != "on_train_batch_end"]
    assert Callback.on_train_batch_start is not None
    assert callback.on_train_start is not None


def test_trainer_skips_dropped_hooks_and_calls_the_others() -> None:
    callback = _Busy()
    drop_idle_hooks([callback])
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
    )
    trainer.fit(_Net(), torch.utils.data.DataLoader(torch.ones(3, 2)))
    assert callback.calls == ["end"] * 3
