"""What checkpoints are called."""

import os
from dataclasses import dataclass
from typing import Literal

from mmlight.weights.newest import strip_suffix


@dataclass(frozen=True)
class CheckpointNames:
    """Paths of the newest and the best checkpoints, under mm's names but for the suffix.

    Args:
        folder: Folder of the newest ones.
        best_folder: Folder of the best ones.
        template: Name of a file with `{}` for the number; '' for the usual one.
        by_epoch: Whether the numbers are those of epochs.
        generation: In '0.x' the template is not for the best ones.

    Examples:
        >>> names = CheckpointNames("run", "run", "", by_epoch=True)
        >>> names.newest(3), names.best("accuracy/top1", 3)
        ('run/epoch_3.ckpt', 'run/best_accuracy_top1_epoch_3.ckpt')
    """

    folder: str
    best_folder: str
    template: str
    by_epoch: bool
    generation: Literal["0.x", "1.x"] = "1.x"

    def newest(self, count: int) -> str:
        """Return the path of the checkpoint of a number."""
        name = self.template or self._usual(self.by_epoch)
        return os.path.join(self.folder, self._fill(name, count))

    def best(self, metric: str, count: int, *, by_epoch: bool | None = None) -> str:
        """Return the path of the best one by a metric; `by_epoch` where its number is another."""
        usual = self._usual(self.by_epoch if by_epoch is None else by_epoch)
        name = usual if self.generation == "0.x" else self.template or usual
        full = f"best_{metric}_{self._fill(name, count)}"
        return os.path.join(self.best_folder, full.replace("/", "_"))

    def holds(self, path: str) -> bool:
        """Tell whether a file is in one of the folders; a run may be resumed in another."""
        return os.path.dirname(path) in (self.folder, self.best_folder)

    def _usual(self, by_epoch: bool) -> str:
        return "epoch_{}" if by_epoch else "iter_{}"

    def _fill(self, template: str, count: int) -> str:
        return f"{strip_suffix(template).format(count)}.ckpt"
