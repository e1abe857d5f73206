"""Lets a Trainer go on with a run of the originals: their checkpoint becomes one of ours.

The weights go through the name map, the state of the optimizer by the order of the original's
parameters; epoch, iteration, schedules, average and best scores go on where they stood.
"""

import logging
import os
from collections.abc import Mapping
from typing import Any

import lightning as L
from torch import Tensor

from mmlight.callbacks.announcer import find_announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.checkpoint_files import WholeFiles
from mmlight.callbacks.ema import EMA
from mmlight.callbacks.schedule import ParamSchedule
from mmlight.callbacks.validation import is_by_epoch
from mmlight.errors import WeightsError
from mmlight.module import ImageClassifier
from mmlight.optim.constructor import unwrap
from mmlight.weights.load import match_state
from mmlight.weights.mm_content import RAW_KEY, find_raw
from mmlight.weights.mm_optimizer import to_our_optimizer
from mmlight.weights.mm_progress import Generation, Progress, find_generation, read_progress
from mmlight.weights.read import find_state_dict, read_checkpoint

Content = dict[str, Any]
_logger = logging.getLogger("mmlight")


class MMRunFiles(WholeFiles):
    """Reads a checkpoint of the originals as one of ours; others as they are.

    Args:
        trainer: The Trainer that resumes it.
        model: Its module.

    From: mmcv 1.7 `BaseRunner.resume`, mmengine 0.10 `Runner.resume`. Random states are not in
    their files. Within an epoch the run goes on with the next batch, where mmengine repeats the
    epoch.
    """

    def __init__(self, trainer: L.Trainer, model: ImageClassifier) -> None:
        super().__init__()
        self.trainer = trainer
        self.model = model

    def load_checkpoint(self, path: Any, *_: Any, **__: Any) -> Content:
        """Read a checkpoint, for `trainer.fit(ckpt_path=...)`."""
        content = read_checkpoint(path)
        generation = find_generation(content)
        if generation is None:
            return content
        return MMRun(self.trainer, self.model, content, generation, os.fspath(path)).to_ours()


class MMRun:
    """A checkpoint of the originals, and the Trainer that goes on with it.

    Args:
        trainer: The Trainer.
        model: Its module.
        content: What the file holds.
        generation: Who has written it.
        location: The file.
    """

    def __init__(
        self,
        trainer: L.Trainer,
        model: ImageClassifier,
        content: Content,
        generation: Generation,
        location: str,
    ) -> None:
        self.trainer = trainer
        self.model = model
        self.content = content
        self.generation = generation
        self.location = location
        self.meta: Mapping[str, Any] = content["meta"]
        self.by_epoch = is_by_epoch(trainer)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        self.progress = read_progress(
            self.meta,
            generation,
            by_epoch=self.by_epoch,
            epoch_length=_count_batches(data, trainer.limit_train_batches),
            location=location,
        )

    def to_ours(self) -> Content:
        """Return the checkpoint that Lightning shall resume.

        Raises:
            WeightsError: If weights or optimizer do not fit.
        """
        state = find_state_dict(self.content)
        weights = self._move_weights(state)
        made: Content = {
            **weights,
            **move_loss_scale(self.content, self.trainer.precision_plugin),
            "epoch": self.progress.epochs,
            "global_step": self.progress.batches,
            "pytorch-lightning_version": L.__version__,
            "meta": dict(self.meta),
            "lr_schedulers": [],
            "loops": {"fit_loop": place_loops(self.trainer, self.progress)},
            "optimizer_states": [self._move_optimizer(state)],
            "callbacks": self._move_callbacks(),
            type(self.trainer.datamodule).__qualname__: self._place_data(),  # type: ignore[attr-defined]
        }
        done = f"{self.progress.epochs} epochs, " if self.by_epoch else ""
        _logger.info("%s: a run of mm, %s%d iterations", self.location, done, self.progress.batches)
        return made

    # ---------------------------------------------------------------- weights

    def _move_weights(self, state: Mapping[str, Tensor]) -> Content:
        """Return `state_dict`, and beside an average the raw weights."""
        average, raw = self._split_average(state)
        made: Content = {"state_dict": self._rename(average)}
        if raw is not None and any(isinstance(c, EMA) for c in self._callbacks):
            made[RAW_KEY] = {**made["state_dict"], **self._rename(raw)}
        return made

    def _split_average(
        self, state: Mapping[str, Tensor]
    ) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor] | None]:
        """Return the average, or the only weights, and the raw ones beside it."""
        if self.generation == "1.x":
            return state, find_raw(self.content)
        buffers = {n: v for n, v in state.items() if n.startswith("ema_") and "." not in n}
        plain = {name: value for name, value in state.items() if name not in buffers}
        if not buffers:
            return plain, None
        other = {
            name: buffers.get(f"ema_{name.replace('.', '_')}", value)
            for name, value in plain.items()
        }
        return (plain, other) if self._holds_average() else (other, plain)

    def _holds_average(self) -> bool:
        """Tell whether `state_dict` of mmcv holds the average, and its buffers the raw weights.

        Its EMAHook exchanges them after an epoch, before or after they are saved.
        """
        announcer = find_announcer(self.trainer)
        if not self.by_epoch or announcer is None or self.progress.inside:
            return False
        order = [name for name, _ in announcer.order]
        is_best = os.path.basename(self.location).startswith("best_")
        saver = "EvalHook" if is_best and "EvalHook" in order else "CheckpointHook"
        both = {"EMAHook", saver} <= set(order)
        return both and order.index("EMAHook") < order.index(saver)

    def _rename(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        values, report = match_state(self.model, state, self.location)
        left = [name for name in (*report.missing, *report.dropped) if name in self._parameters]
        if left:
            raise WeightsError(
                self.location,
                f"{len(left)} parameters of the model are not in the checkpoint, such as {left[0]}",
                next_step="Resume with the config of that run, or set load_from for its weights.",
            )
        return {**self.model.state_dict(), **values}

    @property
    def _parameters(self) -> dict[str, Any]:
        return dict(self.model.named_parameters())

    def _move_optimizer(self, state: Mapping[str, Tensor]) -> Content:
        names, builder = self.model.name_map(), self.model.optimization.builder
        assert builder is not None  # or nothing could be trained
        optimizer = unwrap(builder.build(self.model, names.to_mm), None, 1)[0]
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        theirs = self.content["optimizer"]
        return to_our_optimizer(theirs, optimizer, self.model, names, shapes, self.location)

    # ---------------------------------------------------------------- callbacks

    @property
    def _callbacks(self) -> list[Any]:
        found: list[Any] = self.trainer.callbacks  # type: ignore[attr-defined]
        return found

    def _move_callbacks(self) -> Content:
        """Return the states of the callbacks that go on with something."""
        states: Content = {}
        for callback in self._callbacks:
            if isinstance(callback, ParamSchedule):
                states[callback.state_key] = self._move_schedules(callback)
            elif isinstance(callback, EMA):
                found = self.content.get("ema_state_dict") or {}
                counted = {n: v for n, v in found.items() if not n.startswith("module.")}
                states[callback.state_key] = counted
            elif isinstance(callback, Checkpoint):
                states[callback.state_key] = self._move_best(callback)
        return states

    def _move_schedules(self, callback: ParamSchedule) -> Content:
        theirs = self.content.get("param_schedulers")
        theirs = theirs if isinstance(theirs, list) else []
        states = [
            _choose(state, schedule.state_dict())
            for schedule, state in zip(callback.schedules, theirs, strict=False)
        ]
        epoch = self.progress.epochs if self.by_epoch else 0
        base = self.content["optimizer"].get("base_param_settings") or {}
        settings = {key: value for key, value in base.items() if key != "params"}
        count = {"iteration": self.progress.batches, "epoch": epoch}
        return {**count, "schedules": states, "base": settings}

    def _move_best(self, callback: Checkpoint) -> Content:
        """Return the best scores, and which files were kept."""
        if self.generation == "1.x":
            notes = (self.content.get("message_hub") or {}).get("runtime_info") or {}
        else:
            notes = self.meta.get("hook_msgs") or {}
        best = {}
        for name in callback.best.rules:
            suffix = f"_{name}" if len(callback.best.rules) > 1 else ""
            if f"best_score{suffix}" in notes:
                score = float(notes[f"best_score{suffix}"])
                best[name] = [score, str(notes.get(f"best_ckpt{suffix}", ""))]
        kept = [callback.names.newest(step) for step in notes.get("keep_ckpt_ids") or ()]
        kept = [f"{os.path.splitext(path)[0]}.pth" for path in kept]
        return {"kept": kept, "best": best, "rules": callback.best.rules}

    # ---------------------------------------------------------------- data

    def _place_data(self) -> Content:
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]
        workers = data.train.num_workers
        rank = {"batches": self.progress.inside, "ahead": 0, "num_workers": workers}
        return {"seed": data.seed, "ranks": [rank] * self.trainer.world_size}


def move_loss_scale(content: Mapping[str, Any], plugin: Any) -> Content:
    """Return the loss scale of a run in float16 as the precision plugin of a Trainer keeps it.

    Args:
        content: A checkpoint of the originals.
        plugin: The plugin; one that scales has a `scaler`.
    """
    of_old = (content["meta"].get("fp16") or {}).get("loss_scaler")
    scale = content["optimizer"].get("loss_scaler") or of_old
    if getattr(plugin, "scaler", None) is None:
        return {}
    if not isinstance(scale, Mapping) or "_growth_tracker" not in scale:
        return {}
    return {type(plugin).__qualname__: dict(scale)}


def place_loops(trainer: L.Trainer, progress: Progress) -> Content:
    """Return the state of a fit loop that is so far.

    Args:
        trainer: Before it has trained.
        progress: How far.
    """
    state = trainer.fit_loop.state_dict()
    steps = progress.batches // trainer.accumulate_grad_batches
    begun = progress.epochs + bool(progress.inside)
    for counts in state["epoch_progress"].values():
        counts |= {"ready": begun, "started": begun}
        counts |= {"processed": progress.epochs, "completed": progress.epochs}
    batches = state["epoch_loop.batch_progress"]
    batches["total"] |= dict.fromkeys(batches["total"], progress.batches)
    if progress.inside:  # as in `on_train_batch_end`
        batches["current"] |= dict.fromkeys(batches["current"], progress.inside)
        for counts in (batches["total"], batches["current"]):
            counts["completed"] -= 1
    optimizer = state["epoch_loop.automatic_optimization.optim_progress"]["optimizer"]
    for counts in (optimizer["step"]["total"], optimizer["zero_grad"]["total"]):
        counts |= dict.fromkeys(counts, steps)
    stepped = steps - bool(progress.inside)
    state["epoch_loop.state_dict"]["_batches_that_stepped"] = stepped
    return state


def _count_batches(data: Any, limit: float) -> int | None:
    """Return how many batches an epoch has; None when it has no end."""
    try:
        length = len(data.build_train_loader())
    except TypeError:
        return None if isinstance(limit, float) else limit
    return min(length, limit) if isinstance(limit, int) else int(length * limit)


def _choose(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Content:
    """Return the entries of a schedule's state that ours has too; all for a user's own."""
    return {key: value for key, value in theirs.items() if not ours or key in ours}
