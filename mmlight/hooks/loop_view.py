"""The loops that a hook finds at its runner."""

from typing import TYPE_CHECKING, Any

from mmlight.callbacks.validation import find_validation

if TYPE_CHECKING:
    from mmlight.hooks.runner_view import RunnerView


class LoopView:
    """One loop of a run in the words of mmengine.

    Args:
        runner: The runner that the hook has.
        mode: 'train', 'val' or 'test'.

    From: mmengine 0.10 `EpochBasedTrainLoop`, `IterBasedTrainLoop`, `ValLoop`, `TestLoop`.
    """

    def __init__(self, runner: "RunnerView", mode: str) -> None:
        self.runner = runner
        self.mode = mode

    @property
    def dataloader(self) -> Any:
        """The loader of this loop."""
        return getattr(self.runner, f"{self.mode}_dataloader")

    @property
    def epoch(self) -> int:
        """See `RunnerView.epoch`."""
        return self.runner.epoch

    @property
    def iter(self) -> int:
        """See `RunnerView.iter`."""
        return self.runner.iter

    @property
    def max_epochs(self) -> int | None:
        """See `RunnerView.max_epochs`."""
        return self.runner.max_epochs

    @property
    def max_iters(self) -> int | None:
        """See `RunnerView.max_iters`."""
        return self.runner.max_iters

    _epoch = epoch
    _iter = iter
    _max_epochs = max_epochs
    _max_iters = max_iters

    @property
    def stop_training(self) -> bool:
        """Whether training ends with this epoch, or with this iteration where they are counted."""
        return self.runner.announcer.stops

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.runner.announcer.stops = value

    @property
    def val_interval(self) -> int:
        """Epochs or iterations from one validation to the next."""
        found = find_validation(self.runner.trainer)
        return found.interval if found else 1

    @property
    def val_begin(self) -> int:
        """The first epoch or iteration that may be validated."""
        found = find_validation(self.runner.trainer)
        return found.begin if found else 1

    @property
    def evaluator(self) -> Any:
        """The metrics of this loop."""
        return getattr(self.runner.model, f"{self.mode}_metrics", None)
