"""Runs a user's hook of mm as a Lightning callback."""

from collections.abc import Callable
from typing import Any, Final, Literal

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.hooks.hook import POINTS
from mmlight.hooks.order import OLD_STAGES
from mmlight.hooks.run_meta import add_meta, take_meta
from mmlight.hooks.runner_view import RunnerView, find_view

ITER_EVENTS: Final = {
    "before_train_iter": "on_train_batch_start",
    "after_train_iter": "on_train_batch_end",
    "before_val_iter": "on_validation_batch_start",
    "after_val_iter": "on_validation_batch_end",
    "before_test_iter": "on_test_batch_start",
    "after_test_iter": "on_test_batch_end",
}
"""The events of Lightning behind the points of single batches."""
CHECKPOINT_POINTS: Final = ("before_save_checkpoint", "after_load_checkpoint")
PASSES: Final = {"before_train_epoch": "before_epoch", "after_train_epoch": "after_epoch"}


def as_callback(hook: Any, generation: Literal["0.x", "1.x"] = "1.x") -> Callback:
    """Return a callback that runs a hook; one of Lightning is what it is.

    Args:
        hook: A hook of either generation, or a callback of Lightning.
        generation: See `HookCallback`.
    """
    return hook if isinstance(hook, Callback) else HookCallback(hook, generation)


class HookCallback(Callback):
    """Calls a user's hook at the points that it overrides, and costs nothing at the others.

    Args:
        hook: The hook, of either generation; see `mmlight.hooks.hook.Hook`.
        generation: Which points it is called at, and with what: '0.x' passes the runner alone.

    Attributes:
        points: Where the hook does something, in the order of a run.

    Raises:
        ValueError: If `hook` is no hook.

    From: mmcv 1.7 `BaseRunner.call_hook`, mmengine 0.10 `Runner.call_hook`.
    """

    def __init__(self, hook: Any, generation: Literal["0.x", "1.x"] = "1.x") -> None:
        if not hasattr(hook, "get_triggered_stages"):
            raise ValueError(f"hook must derive from Hook, got {hook!r}")
        self.hook = hook
        self.generation = generation
        met = set(hook.get_triggered_stages())
        known = OLD_STAGES if generation == "0.x" else POINTS
        self.points = tuple(point for point in known if point in met)
        self._view: RunnerView | None = None
        listens = set()
        for point in self.points:
            if point in CHECKPOINT_POINTS:
                continue
            if generation == "0.x" and "_val_" in point:  # of a workflow, not of an evaluation
                setattr(self, point.replace("_val_", "_loss_"), self._make_listener(point))
            elif point in ITER_EVENTS:
                listens.add(ITER_EVENTS[point])
            else:
                setattr(self, point, self._make_listener(point))
        self.idle_hooks = tuple(set(ITER_EVENTS.values()) - listens)

    def view(self, trainer: L.Trainer) -> RunnerView:
        """Return the runner of the hook."""
        if self._view is None or self._view.trainer is not trainer:
            self._view = find_view(trainer)
        return self._view

    def _make_listener(self, point: str) -> Callable[..., None]:
        """Make the method that `Announcer` calls at a point."""
        wants_metrics = self.generation == "1.x" and point in (
            "after_val_epoch",
            "after_test_epoch",
        )

        def listen(trainer: L.Trainer, pl_module: L.LightningModule) -> None:
            view = self.view(trainer)
            name = point
            if self.generation == "0.x" and point in PASSES and not view.by_epoch:
                name = PASSES[point]  # what mmcv's iteration-based runner calls instead
            metrics = {"metrics": view.metrics} if wants_metrics else {}
            getattr(self.hook, name)(view, **metrics)

        return listen

    # ---------------------------------------------------------------- points of batches

    def _call(
        self, point: str, trainer: L.Trainer, batch: Any, batch_idx: int, **more: Any
    ) -> None:
        view = self.view(trainer)
        view.enter(batch, batch_idx, **more)
        method = getattr(self.hook, point)
        if self.generation == "0.x":
            method(view)
            return
        is_training = point.endswith("_train_iter")
        place = view.iter if is_training and not view.by_epoch else batch_idx
        words = {"outputs": view.outputs} if more else {}
        method(view, batch_idx=place, data_batch=view.data_batch, **words)

    def on_train_batch_start(self, trainer: L.Trainer, _: Any, batch: Any, batch_idx: int) -> None:
        """Call `before_train_iter`."""
        self._call("before_train_iter", trainer, batch, batch_idx)

    def on_train_batch_end(
        self, trainer: L.Trainer, _: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Call `after_train_iter`."""
        self._call("after_train_iter", trainer, batch, batch_idx, outputs=outputs)

    def on_validation_batch_start(
        self, trainer: L.Trainer, _: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Call `before_val_iter`."""
        self._call("before_val_iter", trainer, batch, batch_idx)

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        _: Any,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Call `after_val_iter`."""
        self._call("after_val_iter", trainer, batch, batch_idx, outputs=outputs)

    def on_test_batch_start(
        self, trainer: L.Trainer, _: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Call `before_test_iter`."""
        self._call("before_test_iter", trainer, batch, batch_idx)

    def on_test_batch_end(
        self,
        trainer: L.Trainer,
        _: Any,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Call `after_test_iter`."""
        self._call("after_test_iter", trainer, batch, batch_idx, outputs=outputs)

    # ---------------------------------------------------------------- checkpoints

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Call `before_save_checkpoint`."""
        if "before_save_checkpoint" in self.points:
            add_meta(trainer, checkpoint)
            self.hook.before_save_checkpoint(self.view(trainer), checkpoint=checkpoint)

    def on_load_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Call `after_load_checkpoint`."""
        take_meta(trainer, checkpoint)
        if "after_load_checkpoint" in self.points:
            self.hook.after_load_checkpoint(self.view(trainer), checkpoint=checkpoint)
