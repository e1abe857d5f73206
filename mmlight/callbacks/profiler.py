"""Measures the operations of the first epoch or iterations with torch's profiler."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import profiler

from mmlight.callbacks.announcer import require_announcer
from mmlight.hooks.runner_view import find_view

_logger = logging.getLogger("mmlight")
Trace = Callable[[Any], Any] | Mapping[str, Any] | None


class Profiler(Callback):
    """Profiles training from its beginning; only the first process does.

    Args:
        by_epoch: Whether `profile_times` counts epochs; False counts iterations.
        profile_times: How many; those of '1.x' end with the first epoch in any case.
        activity_with_cpu: Measure the CPU.
        activity_with_cuda: Measure the GPU, where there is one.
        schedule: Arguments of `torch.profiler.schedule`; None records everything.
        on_trace_ready: Called with the profile; or `{"type": "log_trace", ...}`, which logs
            `key_averages().table(...)`, or `{"type": "tb_trace", ...}`, which writes files for
            TensorBoard to 'dir_name' in the folder of the log.
        record_shapes: Record the shapes of inputs.
        profile_memory: Record what is allocated.
        with_stack: Record where in the source operations come from.
        with_flops: Estimate the operations of products and convolutions.
        json_trace_path: A file for the trace, in Chrome's format.
        generation: Whose rules of ending count.

    Raises:
        ValueError: If `profile_times` is smaller than 1 or more than there is, or more than one
            epoch in '1.x', or `on_trace_ready` is none of these.

    From: mmcv 1.7 and mmengine 0.10 `ProfilerHook`. In 1.x all processes profile.
    """

    def __init__(
        self,
        *,
        by_epoch: bool = True,
        profile_times: int = 1,
        activity_with_cpu: bool = True,
        activity_with_cuda: bool = False,
        schedule: Mapping[str, Any] | None = None,
        on_trace_ready: Trace = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        json_trace_path: str | None = None,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        most = 1 if by_epoch and generation == "1.x" else None
        if profile_times < 1 or (most and profile_times > most):
            limit = "1, profiling is slow" if most else "1 or more"
            raise ValueError(f"profile_times must be {limit}, got {profile_times}")
        self.by_epoch = by_epoch
        self.profile_times = profile_times
        self.on_trace_ready = on_trace_ready
        self.json_trace_path = json_trace_path
        self.generation = generation
        make_trace_handler(on_trace_ready, "")  # says at once what is wrong with it
        has_cuda = activity_with_cuda and torch.cuda.is_available()
        kinds = profiler.ProfilerActivity
        chosen = ((activity_with_cpu, kinds.CPU), (has_cuda, kinds.CUDA))
        self._options: dict[str, Any] = {
            "activities": [kind for is_on, kind in chosen if is_on],
            "schedule": profiler.schedule(**schedule) if schedule is not None else None,
            "record_shapes": record_shapes,
            "profile_memory": profile_memory,
            "with_stack": with_stack,
            "with_flops": with_flops,
        }
        self.profile: Any = None

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin to profile."""
        view = find_view(trainer)
        last = (view.max_epochs or 1) if self.by_epoch else view.max_iters
        if last is not None and self.profile_times > last:
            raise ValueError(f"profile_times must be at most {last}, got {self.profile_times}")
        if not trainer.is_global_zero:
            return
        handler = make_trace_handler(self.on_trace_ready, view.log_dir)
        self.profile = profiler.profile(**self._options, on_trace_ready=handler)
        self.profile.start()
        _logger.info("profiling")

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Note that a batch is over."""
        if self.profile is None:
            return
        self.profile.step()
        done = require_announcer(trainer).place.iter + 1
        if not self.by_epoch and done == self.profile_times:
            self.finish()

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End with the epoch, if it is the last to be profiled."""
        done = require_announcer(trainer).place.epoch + 1
        if self.generation == "1.x" or (self.by_epoch and done == self.profile_times):
            self.finish()

    def after_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End with training."""
        self.finish()

    def on_exception(self, *_: Any) -> None:
        """End when training breaks off."""
        self.finish()

    def finish(self) -> None:
        """Write what was recorded, once."""
        profile, self.profile = self.profile, None
        if profile is None:
            return
        profile.stop()
        if self.json_trace_path is not None:
            profile.export_chrome_trace(self.json_trace_path)


def make_trace_handler(trace: Trace, folder: str) -> Callable[[Any], Any] | None:
    """Turn `on_trace_ready` into a function.

    Args:
        trace: See `Profiler`.
        folder: That of the log.

    Raises:
        ValueError: If it is something else.
    """
    if trace is None or callable(trace):
        return trace
    options = dict(trace) if isinstance(trace, Mapping) else {}
    kind = options.pop("type", None)
    if kind == "log_trace":
        return lambda profile: _logger.info("%s", profile.key_averages().table(**options))
    if kind == "tb_trace":
        place = os.path.join(folder, options.pop("dir_name", "tf_tracing_logs"))
        handler: Callable[[Any], Any] = profiler.tensorboard_trace_handler(place, **options)
        return handler
    raise ValueError(
        "on_trace_ready must be a function or have the type 'log_trace' or 'tb_trace', "
        f"got {trace!r}"
    )
