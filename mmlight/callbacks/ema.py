"""Keeps an average of the weights, validates with it and saves it."""

import inspect
from collections.abc import Iterator, Mapping
from itertools import chain
from pkgutil import resolve_name
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn

from mmlight.callbacks.announcer import Place, require_announcer
from mmlight.callbacks.second_evaluation import evaluate_again
from mmlight.callbacks.validation import count_all_batches
from mmlight.compat.averaged_model import BaseAveragedModel, ExponentialMovingAverage, WarmUpEMA
from mmlight.weights.load import match_state
from mmlight.weights.mm_content import RAW_KEY, find_raw


class EMA(Callback):
    """Averages the weights after every batch; evaluation runs on the average.

    Training goes on with the raw weights. A checkpoint's `state_dict` holds the average, so that
    inference uses it, and `raw_state` the raw weights, so that resuming does.

    Args:
        averaging: How it averages: a class derived from `BaseAveragedModel`, or its import path.
        options: The arguments of that class, without the model.
        begin_iter: The average is a copy of the weights before this many batches.
        begin_epoch: The same before this epoch, counted from 1; not together with `begin_iter`.
        evaluate_on_ema: Validate and test with the average.
        evaluate_on_origin: Validate and test with the raw weights; together with `evaluate_on_ema`
            afterwards, and the names of these values end in `_origin`. So it is in any case without
            `evaluate_on_ema`. Of a checkpoint those that it holds beside the average are meant.
        generation: In '0.x' the model holds the average from the end of an epoch to the beginning
            of the next one, in '1.x' during evaluations alone.

    Attributes:
        average: The averaged values by name, while training and after it; the raw ones while the
            model holds the average.

    Raises:
        ValueError: If a start is negative, both are given or training ends before it, or `options`
            do not fit.

    From: mmengine 0.10 and mmpretrain 1.2 `EMAHook`, mmcv 1.7 `EMAHook` with `WarmUpEMA`. Where mm
    differs: mmcv does not use the average in iteration-based runs at all; its checkpoints hold the
    raw weights unless the hook's priority is above the checkpoint's. mmengine's `update_buffers`
    stops counting `num_batches_tracked`; without it, its checkpoints hold the buffers as they were
    after the last batch, whatever became of them since (`PreciseBNHook`).
    """

    def __init__(
        self,
        averaging: str | type[BaseAveragedModel] = ExponentialMovingAverage,
        options: Mapping[str, Any] | None = None,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        evaluate_on_ema: bool = True,
        evaluate_on_origin: bool = False,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        starts = (begin_iter, begin_epoch)
        if min(starts) < 0 or all(starts):
            raise ValueError(f"begin_iter or begin_epoch may be 1 or more, not both, got {starts}")
        found = resolve_name(averaging) if isinstance(averaging, str) else averaging
        if not (isinstance(found, type) and issubclass(found, BaseAveragedModel)):
            raise ValueError(f"averaging must derive from BaseAveragedModel, got {averaging!r}")
        self.averaging = found
        self.options = dict(options or {})
        check_options(found, self.options)
        if found.__module__ == BaseAveragedModel.__module__:
            found(nn.Identity(), **self.options)  # says at once what is wrong with them
        self.begin_iter = begin_iter
        self.begin_epoch = begin_epoch
        self.evaluate_on_ema = evaluate_on_ema
        self.evaluate_on_origin = evaluate_on_origin
        self.generation = generation
        self.averaged: BaseAveragedModel | None = None
        self.average: dict[str, Tensor] = {}
        self._averages: list[Tensor] = []
        self._weights: list[Tensor] = []
        self._model: nn.Module = nn.Identity()
        self._place = Place()
        self._is_in = False  # the model holds the average
        self._raw: Mapping[str, Tensor] | None = None  # of the file that is resumed
        self._evaluated: Mapping[str, Tensor] | None = None  # of the file that is evaluated
        self._state: Mapping[str, Any] = {}

    # ---------------------------------------------------------------- averaging

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start from a copy of the weights, or from the average that is resumed."""
        if self._is_in and self._raw is None:
            self._swap()
        self._is_in = False
        self._model = share_values(pl_module)
        self.averaged = self.averaging(model=self._model, **self.options)
        with_buffers = self.averaged.update_buffers
        self._weights = [value for _, value in list_values(self._model, with_buffers)]
        self._averages = [value for _, value in list_values(self.averaged.module, with_buffers)]
        # a tied weight is in a state_dict under each of its names
        self.average = dict(list_values(self.averaged.module, with_buffers, ties=True))
        if self._raw is not None:
            self.averaged.load_state_dict(self._state, strict=False)
            for name, value in list_values(self._model, with_buffers, ties=True):
                value.data.copy_(self._raw[name])
        self._raw = self._evaluated = None

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse a start that training does not reach."""
        announcer = require_announcer(trainer)
        self._place = announcer.place
        last = trainer.max_epochs if announcer.by_epoch else 1
        if last is not None and self.begin_epoch > last:
            raise ValueError(f"begin_epoch must be at most {last}, got {self.begin_epoch}")
        batches = count_all_batches(trainer)
        if batches is not None and self.begin_iter > batches:
            raise ValueError(f"begin_iter must be at most {batches}, got {self.begin_iter}")
        if isinstance(self.averaged, WarmUpEMA):  # also where a run is resumed without an average
            self.averaged.steps.fill_(announcer.place.iter)

    @torch.no_grad()
    def on_train_batch_end(self, *_: Any) -> None:
        """Move the average towards the weights, or copy them before the averaging begins."""
        assert self.averaged is not None
        place = self._place
        if place.iter + 1 < self.begin_iter or place.epoch + 1 < self.begin_epoch:
            torch._foreach_copy_(self._averages, self._weights)
        elif type(self.averaged).update_parameters is BaseAveragedModel.update_parameters:
            self.averaged.update_values(self._averages, self._weights)
        else:
            self.averaged.update_parameters(self._model)

    # ---------------------------------------------------------------- which weights the model has

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the average into the model, as mmcv does."""
        if self.generation == "0.x" and require_announcer(trainer).by_epoch:
            self._hold(average=self.evaluate_on_ema)

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back."""
        self._hold(average=False)

    def before_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Let the model hold what is evaluated."""
        if self.generation == "1.x" or not self._swaps_after_epochs(trainer):
            self._begin_evaluation(pl_module)

    def after_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back, and validate with them if asked to."""
        if self.generation == "1.x" or not self._swaps_after_epochs(trainer):
            self._hold(average=False)
        self._evaluate_on_origin(trainer, pl_module, "val")

    def before_test_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Let the model hold what is evaluated."""
        self._begin_evaluation(pl_module)

    def after_test_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Put the raw weights back, and test with them if asked to."""
        self._hold(average=False)
        self._evaluate_on_origin(trainer, pl_module, "test")

    def _swaps_after_epochs(self, trainer: L.Trainer) -> bool:
        return trainer.state.fn == TrainerFn.FITTING and require_announcer(trainer).by_epoch

    def _begin_evaluation(self, pl_module: L.LightningModule) -> None:
        if self._evaluated is not None:
            self._place_raw(pl_module, self._evaluated)
            self._evaluated = None
        self._hold(average=self.evaluate_on_ema)

    def _place_raw(self, pl_module: L.LightningModule, raw: Mapping[str, Tensor]) -> None:
        """Keep the raw weights of a file beside the model, which holds their average."""
        raw, _ = match_state(pl_module, raw, RAW_KEY)
        self._weights, self._averages, self._is_in = [], [], True
        for name, value in list_values(pl_module, with_buffers=True):
            if name not in raw:
                continue
            if isinstance(value, nn.Parameter) or self.options.get("update_buffers"):
                self._weights.append(value)
                self._averages.append(raw[name].to(value, copy=True))
            else:
                value.copy_(raw[name])  # there is no average of it

    def _hold(self, *, average: bool) -> None:
        """Let the model hold the average or the raw weights, if there are both."""
        if self._averages and self._is_in != average:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        raw = [value.clone() for value in self._weights]
        for weight, average in zip(self._weights, self._averages, strict=True):
            weight.copy_(average)
        for average, weight in zip(self._averages, raw, strict=True):
            average.copy_(weight)
        self._is_in = not self._is_in

    def _evaluate_on_origin(self, trainer: L.Trainer, pl_module: Any, mode: str) -> None:
        if self.evaluate_on_ema and self.evaluate_on_origin and self._averages:
            evaluate_again(trainer, pl_module, mode, "_origin")

    # ---------------------------------------------------------------- checkpoints

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Write the average as `state_dict`, the raw weights beside it."""
        state = checkpoint["state_dict"]
        checkpoint[RAW_KEY] = {
            name: value if self._is_in else state[name] for name, value in self.average.items()
        }
        if not self._is_in:
            state.update(self.average)

    def on_load_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Remember the raw weights until the model holds the average."""
        raw = find_raw(checkpoint)
        if trainer.state.fn == TrainerFn.FITTING:
            self._raw = raw
        else:
            self._evaluated = raw
            self._averages, self._is_in = [], False  # those of before are not of this file

    def state_dict(self) -> dict[str, Any]:
        """Return what the average has besides its values: the number of updates."""
        state = {} if self.averaged is None else self.averaged.state_dict()
        return {key: value for key, value in state.items() if not key.startswith("module.")}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Keep that until training starts."""
        self._state = state_dict


def check_options(averaging: type[BaseAveragedModel], options: Mapping[str, Any]) -> None:
    """Check that a class takes arguments of these names.

    Raises:
        ValueError: If it does not.
    """
    parameters = inspect.signature(averaging).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = [name for name in parameters if name != "model"]
    for name in options:
        if name not in known:
            kind = averaging.__name__
            raise ValueError(f"options of {kind} are {', '.join(known)}, got {name!r}")


def share_values(model: nn.Module) -> nn.Module:
    """Return a bare module with the values of a model, by the same names; nothing is copied.

    It leaves behind what a copy should not have: metrics, the optimizer, the Trainer.
    """
    bare = nn.Module()
    for name, child in model.named_children():
        if any(True for _ in chain(child.parameters(), child.buffers())):
            bare.add_module(name, child)
    for name, weight in model.named_parameters(recurse=False):
        bare.register_parameter(name, weight)
    for name, buffer in model.named_buffers(recurse=False):
        bare.register_buffer(name, buffer, name not in model._non_persistent_buffers_set)
    return bare


def list_values(
    module: nn.Module, with_buffers: bool, ties: bool = False
) -> Iterator[tuple[str, Tensor]]:
    """Yield the parameters with their names, and perhaps the floating-point buffers it saves.

    Args:
        module: What has them.
        with_buffers: Whether to yield buffers.
        ties: Whether to yield what has several names under each of them.
    """
    yield from module.named_parameters(remove_duplicate=not ties)
    saved = module.state_dict().keys() if with_buffers else ()
    for name, value in module.named_buffers(remove_duplicate=not ties):
        if name in saved and value.is_floating_point():
            yield name, value
