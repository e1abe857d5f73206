"""Writes checkpoints to disk: each file whole or not at all, whenever the process dies."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import lightning as L
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO

from mmlight.weights.read import read_checkpoint

PART: Final = ".part"
"""Ending of a file that is being written."""


class WholeFiles(TorchCheckpointIO):
    """Writes next to the file, and renames what is complete.

    Lightning writes to the system's folder for temporary files and moves the result, which is a
    copy, and may be half of one, where that is another disk; before, it keeps all in memory.
    Addresses of other storages (`s3://...`) are left to Lightning.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint; what an interrupted run has left unfinished beside it goes."""
        if not is_local(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"*.ckpt{PART}"):
            left.unlink(missing_ok=True)
        write_whole(path, lambda part: torch.save(checkpoint, part))

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint, as safely as any other, with what users' hooks may have put in it."""
        if not is_local(path):
            return super().load_checkpoint(path, map_location, weights_only)
        return read_checkpoint(path)


def use_whole_files(trainer: L.Trainer) -> None:
    """Let a Trainer write whole files, unless it was given another way to write."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = WholeFiles()


def is_local(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is one of this machine's.

    Examples:
        >>> is_local("work_dirs/run"), is_local("s3://bucket/run")
        (True, False)
    """
    return "://" not in os.fspath(path)


def write_whole(path: str | os.PathLike[str], write: Callable[[str], Any]) -> None:
    """Let a function write a file, and give it its name when it is on the disk.

    Args:
        path: The file; an old one stays until the new one is complete.
        write: Gets the path to write to.
    """
    part = f"{os.fspath(path)}{PART}"
    try:
        write(part)
        if not os.path.islink(part):  # what that points to may be a folder, or not yet written
            with open(part, "rb") as file:
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def copy_whole(source: str, target: str) -> None:
    """Let another name stand for a complete file, which is never changed in place.

    A second name of the same file costs nothing; a copy is made where that is not possible.
    """

    def write(part: str) -> None:
        Path(part).unlink(missing_ok=True)
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)

    write_whole(target, write)


def link(path: str, name: str) -> None:
    """Let the file `name` point to `path` in the same folder; a copy where links are forbidden."""

    def write(part: str) -> None:
        Path(part).unlink(missing_ok=True)
        try:
            os.symlink(os.path.basename(path), part)
        except OSError:
            shutil.copy(path, part)

    write_whole(name, write)
