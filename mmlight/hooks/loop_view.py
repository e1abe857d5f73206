"""The loops that a hook finds at its runner."""

from typing import TYPE_CHECKING, Any

from mmlight.callbacks.validation import find_validation
from mmlight.hooks.progress_view import ProgressView

if TYPE_CHECKING:
    from mmlight.hooks.runner_view import RunnerView


class LoopView(ProgressView):
    """One loop of a run in the words of mmengine.

    Args:
        runner: The runner that the hook has.
        mode: 'train', 'val' or 'test'.

    From: mmengine 0.10 `EpochBasedTrainLoop`, `IterBasedTrainLoop`, `ValLoop`, `TestLoop`.
    """

    def __init__(self, runner: "RunnerView", mode: str) -> None:
        super().__init__(runner.trainer, runner.announcer)
        self.runner = runner
        self.mode = mode

    @property
    def dataloader(self) -> Any:
        """The loader of this loop; made now where the Trainer has not come to it yet."""
        if self.mode == "train":
            return self.trainer.train_dataloader
        loader = getattr(self.trainer, f"{self.mode}_dataloaders")
        make = getattr(self.trainer.datamodule, f"{self.mode}_dataloader", None)  # type: ignore[attr-defined]
        return make() if loader is None and make is not None else loader

    @property
    def stop_training(self) -> bool:
        """Whether training ends with this epoch, or with this iteration where they are counted."""
        return self.announcer.stops

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.announcer.stops = value

    @property
    def val_interval(self) -> int:
        """Epochs or iterations from one validation to the next."""
        found = find_validation(self.trainer)
        return found.interval if found else 1

    @property
    def val_begin(self) -> int:
        """The first epoch or iteration that may be validated."""
        found = find_validation(self.trainer)
        return found.begin if found else 1

    @property
    def evaluator(self) -> Any:
        """The metrics of this loop."""
        return getattr(self.runner.model, f"{self.mode}_metrics", None)
