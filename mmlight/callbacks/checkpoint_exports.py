"""Writes what other programs read beside checkpoints: files of mm, and which one is the newest."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import lightning as L

from mmlight.callbacks.announcer import find_announcer
from mmlight.callbacks.checkpoint_content import Snapshot
from mmlight.callbacks.checkpoint_files import is_local, link, write_whole
from mmlight.weights.mm_content import to_mm_content
from mmlight.weights.read import read_checkpoint
from mmlight.weights.write import write_file


class CheckpointExports:
    """Writes `epoch_3.pth` for the original, published files, and pointers to the newest one.

    Args:
        save_pth: Write a `.pth` that the original reads beside each checkpoint.
        published_keys: After training write the last and the best ones once more, with these
            entries of the original's layout alone, and a part of their hash in the name; none to
            publish nothing.
        create_symlink: In 0.x link `latest.pth` to the newest `.pth`.
        meta: Entries to add to `meta` of every checkpoint.
        generation: Whose layout these files have. In '1.x' the file `last_checkpoint` names the
            newest one, as mm's tools expect.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointHook`.
    """

    def __init__(
        self,
        save_pth: bool = False,
        published_keys: str | Sequence[str] | None = None,
        create_symlink: bool = True,
        meta: dict[str, Any] | None = None,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        keys = [published_keys] if isinstance(published_keys, str) else published_keys or ()
        if len(set(keys)) < len(keys):
            raise ValueError(f"published_keys must differ from each other, got {published_keys}")
        self.save_pth = save_pth
        self.published_keys = tuple(keys)
        self.create_symlink = create_symlink
        self.meta = dict(meta or {})
        self.generation = generation
        self._written: dict[str, int] = {}

    def write(self, trainer: L.Trainer, snapshot: Snapshot) -> None:
        """Write the `.pth` of a checkpoint, once."""
        path, batches = snapshot.path, snapshot.batches
        is_due = self.save_pth and trainer.is_global_zero and is_local(path)
        if is_due and self._written.get(path) != batches:
            content = to_mm_content(snapshot.content, trainer.lightning_module, self.generation)
            write_file(to_pth(path), content)
            self._written[path] = batches

    def remove(self, trainer: L.Trainer, path: str) -> None:
        """Remove the `.pth` of a checkpoint."""
        if self.save_pth and trainer.is_global_zero and is_local(path):
            Path(to_pth(path)).unlink(missing_ok=True)

    def point_to(self, trainer: L.Trainer, path: str) -> None:
        """Say which checkpoint is the newest, where mm says it."""
        newest = to_pth(path) if self.save_pth else path
        folder = os.path.dirname(path)
        if self.generation == "0.x":
            if self.save_pth and self.create_symlink:
                link(newest, os.path.join(folder, "latest.pth"))
            return
        announcer = find_announcer(trainer)
        work_dir = announcer.run.get("work_dir", folder) if announcer is not None else folder
        name = os.path.join(work_dir, "last_checkpoint")
        write_whole(name, lambda part: Path(part).write_text(newest, encoding="utf-8"))

    def publish(self, trainer: L.Trainer, paths: Iterable[str]) -> None:
        """Write checkpoints without what others have no use for."""
        if not self.published_keys or not trainer.is_global_zero:
            return
        for path in filter(os.path.exists, paths):
            content = read_checkpoint(path)
            made = to_mm_content(content, trainer.lightning_module, self.generation)
            chosen = {key: value for key, value in made.items() if key in self.published_keys}
            plain = f"{os.path.splitext(path)[0]}-published.pth"
            write_file(plain, chosen)
            digest = hashlib.sha256(Path(plain).read_bytes()).hexdigest()[:8]
            os.replace(plain, plain.replace("-published", f"-{digest}"))


def to_pth(path: str) -> str:
    """Return the name of the original's file.

    Examples:
        >>> to_pth("run/epoch_3.ckpt")
        'run/epoch_3.pth'
    """
    return f"{os.path.splitext(path)[0]}.pth"
