"""Saves checkpoints under mm's names and at mm's times, through Lightning's ModelCheckpoint."""

import os
import zipfile

import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor


class Checkpoint(ModelCheckpoint):
    """ModelCheckpoint that counts epochs from 1.

    It writes `epoch_3.ckpt`, `iter_200.ckpt` or `best_...ckpt`.

    Args:
        dirpath: Folder of the files.
        interval: Save every so many epochs or iterations.
        by_epoch: Count epochs; False counts iterations.
        max_keep: Keep the newest so many; -1 keeps all. Ignored with `monitor`.
        monitor: Name of a validation metric; the best checkpoint by it is kept instead of the
            newest ones.
        mode: 'max' when a larger metric is better, 'min' otherwise.
        save_last: Keep `last.ckpt` as a link to the newest.
        save_weights_only: Leave out the optimizer; such a file cannot be resumed.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointHook`. mm writes `.pth` before validation; this
    writes `.ckpt` after it, with the same weights.
    """

    CHECKPOINT_JOIN_CHAR = "_"

    def __init__(
        self,
        dirpath: str,
        interval: int = 1,
        by_epoch: bool = True,
        max_keep: int = -1,
        monitor: str | None = None,
        mode: str = "max",
        save_last: bool = False,
        save_weights_only: bool = False,
    ) -> None:
        count = "epoch_{epoch}" if by_epoch else "iter_{step}"
        name = f"best_{monitor.replace('/', '_')}_{count}" if monitor else count
        keeps_newest = monitor is None and max_keep != -1
        super().__init__(
            dirpath=dirpath,
            filename=name,
            monitor="step" if keeps_newest else monitor,
            mode="max" if keeps_newest else mode,
            save_top_k=max_keep if keeps_newest else (1 if monitor else -1),
            save_last="link" if save_last else None,
            save_weights_only=save_weights_only,
            auto_insert_metric_name=False,
            every_n_epochs=interval if by_epoch else None,
            every_n_train_steps=None if by_epoch else interval,
            save_on_train_epoch_end=by_epoch,
            enable_version_counter=False,
        )

    def format_checkpoint_name(
        self,
        metrics: dict[str, Tensor],
        filename: str | None = None,
        ver: int | None = None,
        prefix: str | None = None,
    ) -> str:
        """Write the name with the epoch counted from 1, as mm does."""
        counted = dict(metrics)
        if "epoch" in counted:
            counted["epoch"] = torch.as_tensor(counted["epoch"]) + 1
        return super().format_checkpoint_name(counted, filename, ver, prefix)


def find_newest(folder: str) -> str | None:
    """Return the newest whole checkpoint of a folder, best ones aside; None when there is none.

    Args:
        folder: A work directory.
    """
    if not os.path.isdir(folder):
        return None
    names = [
        n for n in os.listdir(folder) if n.endswith(".ckpt") and n.startswith(("epoch_", "iter_"))
    ]
    paths = sorted((os.path.join(folder, name) for name in names), key=os.path.getmtime)
    return next((path for path in reversed(paths) if _is_whole(path)), None)


def _is_whole(path: str) -> bool:
    """Tell whether a file is complete: a checkpoint is a zip archive with its index at the end."""
    return zipfile.is_zipfile(path)
