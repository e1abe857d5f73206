"""Records what the lines of the log are made of: losses, rates, and results of evaluations."""

from collections.abc import Mapping
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from mmlight.compat.log_buffer import LogBuffer
from mmlight.compat.message_hub import MessageHub
from mmlight.compat.scalars import is_scalar, to_numbers
from mmlight.hooks.batch_view import count_samples, to_log_vars, undo_accumulation
from mmlight.hooks.runner_view import RunnerView, find_view


class RuntimeInfo(Callback):
    """Puts the losses of each batch, and the results of evaluations, where hooks look for them.

    That is `runner.log_buffer` in 0.x and `runner.message_hub` in 1.x. It must run before other
    callbacks do. Tensors stay on the device until somebody looks at them.

    From: mmengine 0.10 `RuntimeInfoHook`, mmcv 1.7 `EpochBasedRunner.run_iter`, `EvalHook`.
    """

    def __init__(self) -> None:
        self._view: RunnerView | None = None
        self._buffer: LogBuffer | None = None
        self._hub = MessageHub.get_current_instance()
        self._norm: Tensor | None = None
        self._base: Mapping[str, Any] | None = None

    def before_run(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Empty the stores."""
        self._view = find_view(trainer)
        self._norm = self._base = None
        self._hub = self._view.message_hub
        self._hub.start(self._view)
        self._buffer = None
        if self._view.announcer.generation == "0.x":
            self._buffer = self._view.log_buffer
            self._buffer.clear()
            if trainer.world_size > 1:
                self._buffer.reduce = lambda means: _reduce(trainer, pl_module, means)

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Fix the order in which a line of 1.x begins."""
        if self._view is None or self._buffer is not None:
            return
        if trainer.optimizers:
            self._base = self._view.optim_wrapper.base_param_settings
        clips = getattr(pl_module, "optimization", None) is not None
        norm = ("train/grad_norm",) if clips else ()
        rates = ("train/lr",) if self._base is None else ("train/base_lr", "train/lr")
        self._hub.reserve(*rates, "train/data_time", *norm)

    # ---------------------------------------------------------------- checkpoints

    def state_dict(self) -> dict[str, Any]:
        """Return what the next lines of the log are made of, and what hooks of 1.x have left."""
        from mmlight.hooks.run_meta import keep_plain

        if self._view is None or self._buffer is not None:
            return {}
        processor = getattr(self._view, "log_processor", None)
        last = processor.longest_window(self._view) if processor is not None else 1
        infos = keep_plain(self._hub.export_infos())
        return {"scalars": self._hub.export_scalars(last), "infos": infos}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it over."""
        self._hub.import_scalars(state_dict.get("scalars", {}))
        self._hub.runtime_info.update(state_dict.get("infos", {}))

    # ---------------------------------------------------------------- training

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Record the losses, the rate and the norm of the gradients."""
        if self._view is None or not isinstance(outputs, Mapping):
            return
        announcer = self._view.announcer
        announcer.place.inner_iter = batch_idx if announcer.by_epoch else 0
        outputs = undo_accumulation(outputs, trainer.accumulate_grad_batches)
        optimization = getattr(pl_module, "optimization", None)
        norm = getattr(optimization, "grad_norm", None)
        is_new, self._norm = norm is not self._norm, norm
        if self._buffer is not None:
            count = count_samples(batch)
            self._buffer.update(to_log_vars(outputs), count, shared=True)
            if is_new:
                self._buffer.update({"grad_norm": norm}, count)
            return
        hub = self._hub
        if self._base is not None:
            hub.record("train/base_lr", self._base["lr"])
        if trainer.optimizers:
            hub.record("train/lr", trainer.optimizers[0].param_groups[0]["lr"])
        if is_new:
            hub.record("train/grad_norm", norm)
        for name, value in outputs.items():
            if is_scalar(value):
                hub.record(f"train/{name}", value)

    def after_loss_iter(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Record the losses of a batch of validation data, of a `workflow` of 0.x."""
        if self._buffer is not None and self._view is not None:
            found = self._view.outputs
            self._buffer.update(found["log_vars"], found["num_samples"], shared=True)

    # ---------------------------------------------------------------- evaluation

    def before_val(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget the batches before a validation between iterations, as mmcv does."""
        if self._buffer is not None and self._view is not None and not self._view.by_epoch:
            self._buffer.clear()

    def after_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Record the results of the validation."""
        results = find_results(trainer, pl_module)
        if self._buffer is None:
            self._record_results("val", results)
        else:
            self._buffer.output["eval_iter_num"] = sum(map(int, trainer.num_val_batches))
            self._buffer.output.update(results)
            self._buffer.ready = True

    def after_test_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Record the results of the test."""
        if self._buffer is None:
            self._record_results("test", find_results(trainer, pl_module))

    def _record_results(self, mode: str, results: Mapping[str, Any]) -> None:
        for name, value in results.items():
            if is_scalar(value):
                self._hub.update_scalar(f"{mode}/{name}", value)
            else:
                self._hub.update_info(f"{mode}/{name}", value)


def find_results(trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
    """Return the results of the last evaluation, numbers and others, by name."""
    results = getattr(pl_module, "evaluation", None) or trainer.callback_metrics
    return {
        name: to_numbers([value])[0] if is_scalar(value) else value
        for name, value in results.items()
    }


def _reduce(trainer: L.Trainer, pl_module: L.LightningModule, means: dict[str, float]) -> Any:
    """Average values over all processes, all of which call this."""
    row = torch.tensor(list(means.values()), device=pl_module.device)
    shared: Any = trainer.strategy.reduce(row, reduce_op="mean")
    return dict(zip(means, shared.tolist(), strict=True))
