"""Saves checkpoints under mm's names and at mm's times."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.precision import DoublePrecision
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from mmlight.callbacks.best_scores import BestScores
from mmlight.callbacks.checkpoint_content import (
    Snapshot,
    refresh_snapshot,
    take_snapshot,
    write_snapshot,
)
from mmlight.callbacks.checkpoint_exports import CheckpointExports
from mmlight.callbacks.checkpoint_files import copy_whole, is_local, link, use_whole_files
from mmlight.callbacks.checkpoint_names import CheckpointNames
from mmlight.callbacks.kept_files import KeptFiles
from mmlight.callbacks.loop_state import settle_loops, start_epoch_afresh
from mmlight.callbacks.sync_buffers import average_over_processes
from mmlight.callbacks.validation import count_all_batches, is_by_epoch
from mmlight.hooks.run_meta import add_meta, leave_message
from mmlight.weights.newest import BROKEN_OFF, LAST


class Checkpoint(ModelCheckpoint):
    """Writes `epoch_3.ckpt` or `iter_200.ckpt`, `best_<metric>_epoch_3.ckpt` and `last.ckpt`.

    `last.ckpt` is a link to the newest. Epochs count from 1, iterations are batches, also under
    gradient accumulation. An epoch is saved before its validation. When that has changed
    anything, a best score above all, the newest file is replaced once more.

    Args:
        dirpath: Folder of the files.
        interval: Save every so many epochs or iterations; -1 for none but the last.
        by_epoch: Count epochs; False counts iterations.
        save_begin: Count the interval from here, and save nothing before.
        max_keep_ckpts: Keep the newest so many; -1 keeps all.
        save_last: Save after the last epoch or iteration, whatever its number.
        save_best: Metrics of the validation; the best checkpoint by each is kept. 'auto' is the
            first one that is logged.
        rule: See `BestScores`.
        greater_keys: See `BestScores`.
        less_keys: See `BestScores`.
        filename_tmpl: Name of a file with `{}` for the number; its suffix does not matter.
        best_dirpath: Folder of the best ones; None for the same.
        save_weights_only: Leave out the optimizer; such a file cannot be resumed.
        sync_buffer: Average floating-point buffers over all processes before the newest is saved.
        exports: What is written for other programs; None for what mm's tools want to know.
        generation: In '0.x' no file is added for a new best score; see also `KeptFiles`.

    Attributes:
        best: The best scores and their files.
        kept: The newest files.

    Raises:
        ValueError: If `save_begin` is negative, or a rule unknown or not told by a metric's name.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointHook`, mmcv 1.7 `EvalHook`. mm writes `.pth`;
    mmengine's best files have no optimizer. An EpochBasedRunner of mmcv that saves by iteration
    calls its files `epoch_N.pth`. Where the Trainer is told to end (SIGTERM), `broken_off.ckpt` is
    saved, which mm does not.
    """

    def __init__(
        self,
        dirpath: str,
        interval: int = 1,
        by_epoch: bool = True,
        save_begin: int = 0,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: str | list[str] | None = None,
        rule: str | list[str] | None = None,
        greater_keys: str | Sequence[str] | None = None,
        less_keys: str | Sequence[str] | None = None,
        filename_tmpl: str | None = None,
        best_dirpath: str | None = None,
        save_weights_only: bool = False,
        sync_buffer: bool = False,
        exports: CheckpointExports | None = None,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        super().__init__(dirpath, save_weights_only=save_weights_only)
        if save_begin < 0:
            raise ValueError(f"save_begin must be 0 or more, got {save_begin}")
        self.interval = interval
        self.by_epoch = by_epoch
        self.save_begin = save_begin
        self.ends_with_save = save_last
        self.best = BestScores(save_best, rule, greater_keys, less_keys, generation)
        self.names = CheckpointNames(
            dirpath, best_dirpath or dirpath, filename_tmpl or "", by_epoch, generation
        )
        self.sync_buffer = sync_buffer
        self.exports = exports or CheckpointExports(generation=generation)
        self.generation = generation
        self.idle_hooks = ("on_train_batch_end",) if by_epoch else ()
        self._metrics = tuple(self.best.rules)
        self.kept = KeptFiles(self.names, max_keep_ckpts, interval, generation)
        self._newest: Snapshot | None = None
        self._bests: list[Snapshot] = []
        self._surplus: list[str] = []

    @property
    def state_key(self) -> str:
        """Name of the state in a checkpoint."""
        return self._generate_state_key(by_epoch=self.by_epoch, save_best=self._metrics)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Write whole files only, and read them without rounding."""
        use_whole_files(trainer)
        if isinstance(trainer.precision_plugin, DoublePrecision):
            pl_module.double()  # Lightning would do so after the weights are restored

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Go on where a checkpoint was saved."""
        start_epoch_afresh(trainer)
        self._newest, self._bests, self._surplus = None, [], []

    # ---------------------------------------------------------------- when

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any, **__: Any) -> None:
        """Save after an iteration."""
        if not self.by_epoch:
            count = _count_batches(trainer)
            if self._is_due(count, count_all_batches(trainer)):
                self._save_newest(trainer, count)

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save after an epoch; iteration-based training is one in 1.x."""
        if not self.by_epoch:
            return
        if is_by_epoch(trainer):
            count, last = trainer.current_epoch + 1, trainer.max_epochs
        elif self.generation == "1.x":
            count, last = 1, 1
        else:
            return
        if self._is_due(count, last):
            self._save_newest(trainer, count)

    def after_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save what is better than before, and in 1.x, if something was saved yet, the newest."""
        if not _is_training(trainer) or not trainer.callback_metrics:
            return
        self.best.settle_auto(trainer.callback_metrics)
        improved = [self._save_if_best(trainer, name) for name in self.best.rules]
        if any(improved) and self.generation == "1.x" and self._newest is not None:
            count = self._count(trainer, by_epoch=self.by_epoch)
            self._save_newest(trainer, count, waits=True)

    def after_val(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Replace files of this moment if the validation has changed anything since.

        Not only a best score: schedules and early stopping look at validations as well.
        """
        twin = None
        for saved in (*self._bests, self._newest):
            if saved is None or not saved.content or saved.batches != _count_batches(trainer):
                continue
            now = refresh_snapshot(trainer, saved)
            if trainer.strategy.broadcast(not now.is_same(saved)):
                self._write(trainer, now, twin)
            twin = now
            saved.content = {}
        self._bests = []

    def after_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Publish the last and the best."""
        last = [self._newest.path] if self.ends_with_save and self._newest is not None else []
        self.exports.publish(trainer, [*last, *(path for _, path in self.best.entries.values())])

    def on_train_epoch_end(self, *_: Any) -> None:
        """Do nothing at Lightning's own moment."""

    def on_validation_end(self, *_: Any) -> None:
        """Do nothing at Lightning's own moment."""

    def on_train_end(self, *_: Any) -> None:
        """Do nothing at Lightning's own moment."""

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Save where a run stands that is told to end."""
        if isinstance(exception, SIGTERMException) and _is_training(trainer):
            trainer.save_checkpoint(os.path.join(str(self.dirpath), BROKEN_OFF))

    def _is_due(self, count: int, last: int | None) -> bool:
        since = count - self.save_begin
        on_time = self.interval > 0 and since >= 0 and since % self.interval == 0
        return on_time or (self.ends_with_save and count == last)

    # ---------------------------------------------------------------- what

    def _save_newest(self, trainer: L.Trainer, count: int, *, waits: bool = False) -> None:
        """Save under a number; one that waits is written when its validation is over."""
        if not _is_training(trainer):
            return
        if self.sync_buffer:
            average_over_processes(trainer, trainer.lightning_module.buffers())
        path = self.names.newest(count)
        self.last_model_path = os.path.join(str(self.dirpath), LAST)
        self._surplus += self.kept.add(count)
        leave_message(trainer, "last_ckpt", path)
        self._newest = take_snapshot(trainer, path, weights_only=self.save_weights_only)
        if waits:
            self._newest.digest = b""
        else:
            self._write(trainer, self._newest)

    def _write(self, trainer: L.Trainer, snapshot: Snapshot, twin: Snapshot | None = None) -> None:
        """Write a file, or let it be another name for one that holds the same."""
        can_copy = twin is not None and twin.is_same(snapshot) and os.path.isfile(twin.path)
        if twin is None or not trainer.strategy.broadcast(can_copy):
            write_snapshot(trainer, snapshot)
        elif trainer.is_global_zero:
            copy_whole(twin.path, snapshot.path)
        self.exports.write(trainer, snapshot)
        if self._newest is not None and snapshot.path == self._newest.path:
            self._end_with_newest(trainer, snapshot.path)

    def _end_with_newest(self, trainer: L.Trainer, path: str) -> None:
        """Point to a file that is written, and remove what is too much with it."""
        if trainer.is_global_zero and is_local(path):
            link(path, self.last_model_path)
            self.exports.point_to(trainer, path)
            Path(str(self.dirpath), BROKEN_OFF).unlink(missing_ok=True)
        for old in self._surplus:
            self._remove(trainer, old)
        self._surplus = []

    def _save_if_best(self, trainer: L.Trainer, name: str) -> bool:
        score = trainer.strategy.broadcast(self.best.find_score(name, trainer.callback_metrics))
        if score is None:
            return False
        by_epoch = is_by_epoch(trainer) if self.generation == "0.x" else self.by_epoch
        path = self.names.best(name, self._count(trainer, by_epoch=by_epoch), by_epoch=by_epoch)
        _, old = self.best.entries.get(name, (0.0, ""))
        self.best.entries[name] = (score, path)
        if name == next(iter(self.best.rules)):
            self.best_model_path = path
        suffix = f"_{name}" if len(self.best.rules) > 1 else ""
        leave_message(trainer, f"best_score{suffix}", score)
        leave_message(trainer, f"best_ckpt{suffix}", path)
        snapshot = take_snapshot(trainer, path, weights_only=self.save_weights_only)
        self._write(trainer, snapshot)
        self._bests.append(snapshot)
        if old and old != path:
            self._remove(trainer, old)
        return True

    def _count(self, trainer: L.Trainer, *, by_epoch: bool) -> int:
        """Return which epoch or iteration a validation follows; 0 if it is inside the only one."""
        if not by_epoch:
            return _count_batches(trainer)
        return trainer.current_epoch + 1 if is_by_epoch(trainer) else 0

    def _remove(self, trainer: L.Trainer, path: str) -> None:
        if self.names.holds(path):
            trainer.strategy.remove_checkpoint(path)
            self.exports.remove(trainer, path)

    # ---------------------------------------------------------------- resuming

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Let the run go on with the next batch or epoch."""
        settle_loops(checkpoint["loops"]["fit_loop"])
        add_meta(trainer, checkpoint)
        checkpoint["meta"] |= self.exports.meta

    def state_dict(self) -> dict[str, Any]:
        """Return which files were kept, and the best scores."""
        return {"kept": self.kept.paths, **self.best.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.kept.paths = list(state_dict["kept"])
        self.best.load_state_dict(state_dict)
        first = next(iter(self.best.rules), "")
        self.best_model_path = self.best.entries.get(first, (0.0, ""))[1]


def _count_batches(trainer: L.Trainer) -> int:
    return trainer.fit_loop.total_batch_idx + 1


def _is_training(trainer: L.Trainer) -> bool:
    """Tell whether this is a training, and neither a trial run nor a sanity check."""
    is_trial = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]
    return trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and not is_trial
