"""The base class of users' own hooks, with the points of both generations."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

POINTS: Final = (
    *("before_run", "after_load_checkpoint", "before_train"),
    *("before_train_epoch", "before_train_iter", "after_train_iter", "after_train_epoch"),
    *("before_val", "before_val_epoch", "before_val_iter"),
    *("after_val_iter", "after_val_epoch", "after_val"),
    *("before_save_checkpoint", "after_train"),
    *("before_test", "before_test_epoch", "before_test_iter"),
    *("after_test_iter", "after_test_epoch", "after_test", "after_run"),
)
"""Every point, in the order in which a run meets them."""

SHARED_POINTS: Final = {
    f"{prefix}{when}_{what}": tuple(f"{when}_{mode}_{what}" for mode in ("train", "val", "test"))
    for prefix in ("", "_")
    for when in ("before", "after")
    for what in ("epoch", "iter")
}
"""Methods that several points call: mmcv's `before_epoch`, ..., mmengine's `_before_epoch`, ..."""


class Hook:
    """Base of a user's own hook: override the points at which it has something to do.

    Both ways to write a hook work. In that of mmcv 1.x a point gets the runner alone; in that of
    mmengine the points of an iteration also get `batch_idx`, `data_batch` and, after it, `outputs`,
    and those after an evaluation get `metrics`. By default the points of epochs and iterations call
    what several modes share: mmcv's `before_epoch(runner)`, `after_iter(runner)`, ..., then
    mmengine's `_before_epoch(runner, mode=...)`, `_after_iter(runner, batch_idx, ..., mode=...)`.

    Attributes:
        priority: Its place among the hooks where the config names none, see
            `mmlight.hooks.priority`.
        stages: Every point, in the order in which a run meets them.

    Examples:
        >>> class MyHook(Hook):
        ...     def before_epoch(self, runner): ...
        >>> MyHook().get_triggered_stages()
        ['before_train_epoch', 'before_val_epoch', 'before_test_epoch']

    From: mmcv 1.7 and mmengine 0.10 `Hook`. One class for both: mmcv's has no test points,
    mmengine's no `before_epoch` and its kin.
    """

    priority: int | str = "NORMAL"
    stages: ClassVar[tuple[str, ...]] = POINTS

    # ---------------------------------------------------------------- once in a run

    def before_run(self, runner: Any) -> None:
        """Act before anything runs."""

    def after_run(self, runner: Any) -> None:
        """Act after everything has run."""

    def before_train(self, runner: Any) -> None:
        """Act before the first epoch."""

    def after_train(self, runner: Any) -> None:
        """Act after the last epoch."""

    def before_val(self, runner: Any) -> None:
        """Act before a validation."""

    def after_val(self, runner: Any) -> None:
        """Act after a validation."""

    def before_test(self, runner: Any) -> None:
        """Act before a test."""

    def after_test(self, runner: Any) -> None:
        """Act after a test."""

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Act before a checkpoint is written; it may be changed."""

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Act after a checkpoint was read."""

    # ---------------------------------------------------------------- epochs

    def before_train_epoch(self, runner: Any) -> None:
        """Act before an epoch of training."""
        self._begin_epoch(runner, "train")

    def before_val_epoch(self, runner: Any) -> None:
        """Act before the batches of a validation."""
        self._begin_epoch(runner, "val")

    def before_test_epoch(self, runner: Any) -> None:
        """Act before the batches of a test."""
        self._begin_epoch(runner, "test")

    def after_train_epoch(self, runner: Any) -> None:
        """Act after an epoch of training."""
        self._end_epoch(runner, "train")

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Act after the batches of a validation; `metrics` are its results."""
        self._end_epoch(runner, "val")

    def after_test_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Act after the batches of a test; `metrics` are its results."""
        self._end_epoch(runner, "test")

    def before_epoch(self, runner: Any) -> None:
        """Act before an epoch of any mode, as mmcv 1.x calls it."""

    def after_epoch(self, runner: Any) -> None:
        """Act after an epoch of any mode, as mmcv 1.x calls it."""

    def _before_epoch(self, runner: Any, mode: str = "train") -> None:
        """Act before an epoch of any mode, as mmengine calls it."""

    def _after_epoch(self, runner: Any, mode: str = "train") -> None:
        """Act after an epoch of any mode, as mmengine calls it."""

    def _begin_epoch(self, runner: Any, mode: str) -> None:
        self.before_epoch(runner)
        self._before_epoch(runner, mode=mode)

    def _end_epoch(self, runner: Any, mode: str) -> None:
        self.after_epoch(runner)
        self._after_epoch(runner, mode=mode)

    # ---------------------------------------------------------------- iterations

    def before_train_iter(self, runner: Any, batch_idx: int = 0, data_batch: Any = None) -> None:
        """Act before a batch of training."""
        self._begin_iter(runner, batch_idx, data_batch, "train")

    def before_val_iter(self, runner: Any, batch_idx: int = 0, data_batch: Any = None) -> None:
        """Act before a batch of validation."""
        self._begin_iter(runner, batch_idx, data_batch, "val")

    def before_test_iter(self, runner: Any, batch_idx: int = 0, data_batch: Any = None) -> None:
        """Act before a batch of a test."""
        self._begin_iter(runner, batch_idx, data_batch, "test")

    def after_train_iter(
        self,
        runner: Any,
        batch_idx: int = 0,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Act after a batch of training; `outputs` are its losses."""
        self._end_iter(runner, batch_idx, data_batch, outputs, "train")

    def after_val_iter(
        self,
        runner: Any,
        batch_idx: int = 0,
        data_batch: Any = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Act after a batch of validation; `outputs` are its predictions."""
        self._end_iter(runner, batch_idx, data_batch, outputs, "val")

    def after_test_iter(
        self,
        runner: Any,
        batch_idx: int = 0,
        data_batch: Any = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Act after a batch of a test; `outputs` are its predictions."""
        self._end_iter(runner, batch_idx, data_batch, outputs, "test")

    def before_iter(self, runner: Any) -> None:
        """Act before a batch of any mode, as mmcv 1.x calls it."""

    def after_iter(self, runner: Any) -> None:
        """Act after a batch of any mode, as mmcv 1.x calls it."""

    def _before_iter(
        self, runner: Any, batch_idx: int = 0, data_batch: Any = None, mode: str = "train"
    ) -> None:
        """Act before a batch of any mode, as mmengine calls it."""

    def _after_iter(
        self,
        runner: Any,
        batch_idx: int = 0,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = "train",
    ) -> None:
        """Act after a batch of any mode, as mmengine calls it."""

    def _begin_iter(self, runner: Any, batch_idx: int, data_batch: Any, mode: str) -> None:
        self.before_iter(runner)
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode=mode)

    def _end_iter(
        self, runner: Any, batch_idx: int, data_batch: Any, outputs: Any, mode: str
    ) -> None:
        self.after_iter(runner)
        self._after_iter(
            runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode=mode
        )

    # ---------------------------------------------------------------- questions about the place

    def every_n_epochs(self, runner: Any, n: int, start: int = 0) -> bool:
        """Tell whether this epoch is every n-th, counted from 1 and from `start` on."""
        return _is_every(runner.epoch + 1 - start, n)

    def every_n_iters(self, runner: Any, n: int, start: int = 0) -> bool:
        """Tell whether this batch of training is every n-th of the run, counted from 1."""
        return _is_every(runner.iter + 1 - start, n)

    every_n_train_iters = every_n_iters

    def every_n_inner_iters(self, runner_or_batch_idx: Any, n: int) -> bool:
        """Tell whether this batch is every n-th of its epoch, counted from 1.

        Args:
            runner_or_batch_idx: The runner as in mmcv 1.x, or the batch index as in mmengine.
            n: The interval.
        """
        place = getattr(runner_or_batch_idx, "inner_iter", runner_or_batch_idx)
        return _is_every(place + 1, n)

    def end_of_epoch(self, runner_or_loader: Any, batch_idx: int | None = None) -> bool:
        """Tell whether this batch is the last of its epoch.

        Args:
            runner_or_loader: The runner as in mmcv 1.x, or the loader as in mmengine.
            batch_idx: The batch index, with a loader.
        """
        if batch_idx is None:
            batch_idx, runner_or_loader = runner_or_loader.inner_iter, runner_or_loader.data_loader
        return bool(batch_idx + 1 == len(runner_or_loader))

    def is_last_train_epoch(self, runner: Any) -> bool:
        """Tell whether this is the last epoch of training."""
        return bool(runner.epoch + 1 == runner.max_epochs)

    def is_last_train_iter(self, runner: Any) -> bool:
        """Tell whether this is the last batch of training."""
        return bool(runner.iter + 1 == runner.max_iters)

    is_last_epoch = is_last_train_epoch
    is_last_iter = is_last_train_iter

    def get_triggered_stages(self) -> list[str]:
        """Return the points at which this hook does something, in the order of `stages`."""
        own = {point for point in POINTS if self._overrides(point)}
        for method, points in SHARED_POINTS.items():
            if self._overrides(method):
                own.update(points)
        return [point for point in self.stages if point in own]

    def _overrides(self, method: str) -> bool:
        return getattr(type(self), method) is not getattr(Hook, method)


def _is_every(count: int, n: int) -> bool:
    return count >= 0 and n > 0 and count % n == 0
