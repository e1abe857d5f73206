"""Saves checkpoints under mm's names and at mm's times."""

import math
import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.callbacks.validation import count_all_batches

# parts of metric names that tell whether more is better
GREATER = ("acc", "top", "ar@", "auc", "precision", "map", "mdice", "miou", "macc", "aacc")
LESS = ("loss",)


class Checkpoint(ModelCheckpoint):
    """Writes `epoch_3.ckpt` or `iter_200.ckpt`, `best_<metric>_epoch_3.ckpt` and `last.ckpt`.

    `last.ckpt` is a link to the newest. Epochs count from 1, iterations are batches, also under
    gradient accumulation. The best checkpoints are independent of the newest ones.

    Args:
        dirpath: Folder of the files.
        interval: Save every so many epochs or iterations; -1 for none but the last.
        by_epoch: Count epochs; False counts iterations.
        save_begin: Count the interval from here, and save nothing before.
        max_keep_ckpts: Keep the newest so many; -1 keeps all.
        save_last: Save after the last epoch or iteration, whatever its number.
        save_best: Metrics of the validation; the best checkpoint by each is kept. 'auto' is the
            first one that is logged.
        rule: 'greater' or 'less', whatever is better, one for all metrics or one for each; None to
            tell by the name of the metric.
        save_weights_only: Leave out the optimizer; such a file cannot be resumed.

    Attributes:
        best: Score and file of the best checkpoint by metric.

    Raises:
        ValueError: If `rule` is unknown, or cannot be told by the name of a metric.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointHook`, mmcv 1.7 `EvalHook`. mm writes `.pth`, saves
    an epoch before its validation instead of after it, and mmengine's best files have no optimizer.
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
        save_weights_only: bool = False,
    ) -> None:
        super().__init__(dirpath, save_weights_only=save_weights_only)
        self.interval = interval
        self.by_epoch = by_epoch
        self.save_begin = save_begin
        self.max_keep_ckpts = max_keep_ckpts
        self.ends_with_save = save_last
        self.rules = choose_rules(save_best, rule)
        self.idle_hooks = ("on_train_batch_end",) if by_epoch else ()
        self._metrics = tuple(self.rules)
        self.best: dict[str, tuple[float, str]] = {}
        self._kept: list[str] = []

    @property
    def state_key(self) -> str:
        """Name of the state in a checkpoint."""
        return self._generate_state_key(by_epoch=self.by_epoch, save_best=self._metrics)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Do nothing: the folder is known, and holds a log already."""

    # ---------------------------------------------------------------- when

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any, **__: Any) -> None:
        """Save after an iteration, before its validation."""
        if not self.by_epoch:
            count = trainer.fit_loop.total_batch_idx + 1
            if self._is_due(count, count_all_batches(trainer)):
                self._save_newest(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save after an epoch and its validation."""
        count = trainer.current_epoch + 1
        if self.by_epoch and self._is_due(count, trainer.max_epochs):
            self._save_newest(trainer)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save what is better than before.

        A newest one of the same iteration is written again, for it must know the new best.
        """
        if not _is_training(trainer):
            return
        saved = [name for name in list(self.rules) if self._save_if_best(trainer, name)]
        newest = self._path(trainer)
        if saved and not self.by_epoch and self._kept[-1:] == [newest]:
            self._save(trainer, newest)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Do nothing: the last one is saved when its epoch or iteration ends."""

    def on_exception(self, *_: Any) -> None:
        """Do nothing."""

    def _is_due(self, count: int, last: int | None) -> bool:
        since = count - self.save_begin
        on_time = self.interval > 0 and since >= 0 and since % self.interval == 0
        return on_time or (self.ends_with_save and count == last)

    # ---------------------------------------------------------------- what

    def _save_newest(self, trainer: L.Trainer) -> None:
        if not _is_training(trainer):
            return
        path = self._path(trainer)
        kept = [*(old for old in self._kept if old != path), path]
        surplus = len(kept) - self.max_keep_ckpts if self.max_keep_ckpts > 0 else 0
        self._kept = kept[max(surplus, 0) :]
        self.last_model_path = os.path.join(str(self.dirpath), "last.ckpt")
        self._save(trainer, path)
        for old in kept[: max(surplus, 0)]:
            self._remove(trainer, old)
        if trainer.is_global_zero:
            link(path, self.last_model_path)

    def _save_if_best(self, trainer: L.Trainer, name: str) -> bool:
        if name == "auto":
            name = self._settle_auto(trainer)
        if name not in trainer.callback_metrics:
            known = ", ".join(trainer.callback_metrics) or "none"
            raise ValueError(f"save_best must be a metric of the validation ({known}), got {name}")
        score = float(trainer.callback_metrics[name])
        greater = self.rules[name] == "greater"
        before, old = self.best.get(name, (-math.inf if greater else math.inf, ""))
        better = score > before if greater else score < before  # never so for NaN
        if not trainer.strategy.broadcast(better):
            return False
        path = self._path(trainer, prefix=f"best_{name.replace('/', '_')}_")
        self.best[name] = (score, path)
        if name == next(iter(self.rules)):
            self.best_model_path = path
        self._save(trainer, path)
        if old and old != path:
            self._remove(trainer, old)
        return True

    def _settle_auto(self, trainer: L.Trainer) -> str:
        """Replace 'auto' by the first metric that is logged."""
        name = next(iter(trainer.callback_metrics), "none")
        rule = self.rules.pop("auto")
        self.rules = {**choose_rules(name, rule or None), **self.rules}
        return name

    def _path(self, trainer: L.Trainer, prefix: str = "") -> str:
        if self.by_epoch:
            count = f"epoch_{trainer.current_epoch + 1}"
        else:
            count = f"iter_{trainer.fit_loop.total_batch_idx + 1}"
        return os.path.join(str(self.dirpath), f"{prefix}{count}.ckpt")

    def _save(self, trainer: L.Trainer, path: str) -> None:
        trainer.save_checkpoint(path, self.save_weights_only)

    def _remove(self, trainer: L.Trainer, path: str) -> None:
        if os.path.dirname(path) == str(self.dirpath):  # a run may be resumed in another folder
            trainer.strategy.remove_checkpoint(path)

    # ---------------------------------------------------------------- resuming

    def state_dict(self) -> dict[str, Any]:
        """Return which files were kept, and the best scores."""
        best = {name: list(entry) for name, entry in self.best.items()}
        return {"kept": self._kept, "best": best, "rules": self.rules}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self._kept = list(state_dict["kept"])
        self.best = {name: (score, path) for name, (score, path) in state_dict["best"].items()}
        self.rules = dict(state_dict["rules"]) if "auto" in self.rules else self.rules
        self.best_model_path = self.best.get(next(iter(self.rules), ""), (0.0, ""))[1]


def _is_training(trainer: L.Trainer) -> bool:
    """Tell whether this is a training, and neither a trial run nor a sanity check."""
    is_trial = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]
    return trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking and not is_trial


def choose_rules(
    metrics: str | Sequence[str] | None, rule: str | Sequence[str] | None
) -> dict[str, str]:
    """Tell for each metric whether more is better.

    Args:
        metrics: Names of metrics; 'auto' stands for one that is not known yet.
        rule: 'greater' or 'less' for all metrics, or one for each; None to guess by the names.

    Returns:
        'greater' or 'less' by metric; '' for 'auto' without a rule.

    Raises:
        ValueError: If a rule is unknown, missing, or cannot be guessed.

    Examples:
        >>> choose_rules(["accuracy/top1", "loss"], None)
        {'accuracy/top1': 'greater', 'loss': 'less'}
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics or ())
    given = [rule] if rule is None or isinstance(rule, str) else list(rule)
    given = given * len(names) if len(given) == 1 else given
    if len(given) != len(names):
        raise ValueError(f"rule must be one or {len(names)}, one for each metric, got {rule}")
    return {name: _choose_rule(name, item) for name, item in zip(names, given, strict=True)}


def _choose_rule(name: str, rule: str | None) -> str:
    if rule is not None:
        if rule not in ("greater", "less"):
            raise ValueError(f"rule must be 'greater' or 'less', got {rule!r}")
        return rule
    if name == "auto":
        return ""
    # a name that says both, such as 'top_loss', is a greater one in mm as well
    for word, parts in (("greater", GREATER), ("less", LESS)):
        if name.lower() in parts or any(part in name.lower() for part in parts):
            return word
    raise ValueError(f"rule must be given, for the name {name!r} does not tell what is better")


def link(path: str, name: str) -> None:
    """Let the file `name` point to `path` in the same folder; a copy where links are forbidden."""
    new = f"{name}.new"
    try:
        os.symlink(os.path.basename(path), new)
    except OSError:
        shutil.copy(path, new)
    os.replace(new, name)


def find_newest(folder: str) -> str | None:
    """Return the newest whole checkpoint of a folder, best ones aside; None when there is none.

    Args:
        folder: A work directory.
    """
    if not os.path.isdir(folder):
        return None
    found = []
    for name in os.listdir(folder):
        match = re.fullmatch(r"(?:epoch|iter)_(\d+)\.ckpt", name)
        if match:
            path = os.path.join(folder, name)
            found.append((os.path.getmtime(path), int(match[1]), path))
    return next((path for *_, path in sorted(found, reverse=True) if _is_whole(path)), None)


def _is_whole(path: str) -> bool:
    """Tell whether a file is complete: a checkpoint is a zip archive with its index at the end."""
    return zipfile.is_zipfile(path)
