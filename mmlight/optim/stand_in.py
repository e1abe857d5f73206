"""The runner that schedules of users get: the counters of a driver, with or without a training."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmlight.optim.driver import ScheduleDriver


class StandInRunner:
    """What a schedule of a user gets as the runner.

    Args:
        driver: Knows where the run is.
        runner: Knows everything else; None outside a training.

    Attributes:
        optimizer: Whose groups change.
        epoch: Epochs that are done; in a run by iteration the passes over the data.
        iter: Batches that are done.
        inner_iter: Batches of this epoch that are done; 0 in a run by iteration.
        max_epochs: Epochs of the run; None when unknown.
        max_iters: Batches of the run; None when unknown.
        data_loader: As long as an epoch, without batches; also called `train_dataloader`.

    From: mmcv 1.7 `BaseRunner`.
    """

    def __init__(self, driver: "ScheduleDriver", runner: Any = None) -> None:
        self._driver = driver
        self._runner = runner

    @property
    def optimizer(self) -> Any:
        """Whose groups change."""
        return self._driver.optimizer

    @property
    def epoch(self) -> int:
        """Epochs that are done, or passes over the data; those are counted one batch late there."""
        length = self._driver.run.epoch_length
        if self._driver.run.by_epoch or not length:
            return self._driver.epoch
        return max(self.iter - 1, 0) // length

    @property
    def iter(self) -> int:
        """Batches that are done."""
        return self._driver.iteration

    @property
    def inner_iter(self) -> int:
        """Batches of this epoch that are done."""
        run = self._driver.run
        return self.iter - self.epoch * run.epoch_length if run.by_epoch and run.epoch_length else 0

    @property
    def max_epochs(self) -> int | None:
        """Epochs of the run."""
        return self._driver.run.max_epochs if self._driver.run.by_epoch else None

    @property
    def max_iters(self) -> int | None:
        """Batches of the run."""
        return self._driver.run.max_iters

    @property
    def data_loader(self) -> range:
        """Something as long as an epoch."""
        length = self._driver.run.epoch_length
        if length is None:
            raise ValueError("the length of an epoch must be known to a schedule, got None")
        return range(length)

    train_dataloader = data_loader

    def __getattr__(self, name: str) -> Any:
        if vars(self).get("_runner") is not None:
            return getattr(self._runner, name)
        known = ", ".join(key for key in vars(type(self)) if not key.startswith("_"))
        raise AttributeError(f"a schedule is shown no runner.{name}; it has {known}")
