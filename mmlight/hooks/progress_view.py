"""Where a run is and how far it goes, in the words of mm."""

import lightning as L

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.validation import count_all_batches


class ProgressView:
    """The numbers of a run that its runner and its loops both tell, under both names of mm.

    Args:
        trainer: The Trainer that runs.
        announcer: Knows where the run is.

    From: mmcv 1.7 `BaseRunner`, mmengine 0.10 `Runner`, `EpochBasedTrainLoop`,
    `IterBasedTrainLoop`.
    """

    def __init__(self, trainer: L.Trainer, announcer: Announcer) -> None:
        self.trainer = trainer
        self.announcer = announcer

    @property
    def by_epoch(self) -> bool:
        """Whether training counts epochs, not iterations."""
        return self.announcer.by_epoch

    @property
    def epoch(self) -> int:
        """Epochs that are done; in an iteration-based run see `Place`."""
        return self.announcer.place.epoch

    @property
    def iter(self) -> int:
        """Batches of training that are done; during a batch, its index in the run."""
        return self.announcer.place.iter

    @property
    def max_epochs(self) -> int | None:
        """Epochs of the run; in an iteration-based run 1 in 1.x and None in 0.x."""
        if self.by_epoch:
            return self.trainer.max_epochs
        return 1 if self.announcer.generation == "1.x" else None

    @property
    def max_iters(self) -> int | None:
        """Batches of the run; None when it has no end."""
        return count_all_batches(self.trainer)

    _epoch = epoch
    _iter = iter
    _max_epochs = max_epochs
    _max_iters = max_iters
