"""Hooks that write down where they are called; the same file runs beside each original and here.

The file is named by the environment variable `PROBE_FILE`.
"""

import json
import os

import torch

try:
    from mmengine.hooks import Hook
    from mmengine.registry import HOOKS
except ImportError:
    from mmcv.runner import HOOKS, Hook

_PARTS = [f"{mode}{what}" for mode in ("train", "val", "test") for what in ("", "_epoch", "_iter")]
POINTS = [
    *[f"{when}_{part}" for when in ("before", "after") for part in ("run", *_PARTS)],
    *("before_save_checkpoint", "after_load_checkpoint"),
]


def note(hook, point, runner, **more):
    """Append what happens, in the numbers of the runner."""
    row = [hook.name, point, runner.epoch, runner.iter]
    if "batch_idx" in more:
        row.append(more["batch_idx"])
    elif hasattr(runner, "inner_iter") and point.endswith("_iter"):
        row.append(runner.inner_iter)
    with open(os.environ["PROBE_FILE"], "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def make_point(point):
    def call(self, runner, **more):
        note(self, point, runner, **more)

    return call


class Probe(Hook):
    """Overrides every point that the base class has."""

    def __init__(self, name=""):
        self.name = name


for _point in POINTS:
    if hasattr(Hook, _point):
        setattr(Probe, _point, make_point(_point))


@HOOKS.register_module()
class ProbeAll(Probe):
    """Notes all."""


@HOOKS.register_module()
class ProbeOldEpochs(Hook):
    """Overrides what the epochs of all modes share in 0.x."""

    def __init__(self, name=""):
        self.name = name

    def before_epoch(self, runner):
        note(self, "before_epoch", runner)

    def after_epoch(self, runner):
        note(self, "after_epoch", runner)


@HOOKS.register_module()
class ProbeNewEpochs(Hook):
    """Overrides what the epochs of all modes share in 1.x."""

    def __init__(self, name=""):
        self.name = name

    def _before_epoch(self, runner, mode="train"):
        note(self, f"_before_epoch {mode}", runner)

    def _after_epoch(self, runner, mode="train"):
        note(self, f"_after_epoch {mode}", runner)


@HOOKS.register_module()
class StopAt(Hook):
    """Ends training during an epoch, as hooks of 1.x do."""

    def __init__(self, name="", iteration=0):
        self.name = name
        self.iteration = iteration

    def after_train_iter(self, runner, batch_idx=0, data_batch=None, outputs=None):
        if runner.iter == self.iteration:
            note(self, "stops", runner)
            runner.train_loop.stop_training = True


@HOOKS.register_module()
class ProbeRandom(Hook):
    """Notes the next number of torch's generator after each batch, from a known state on."""

    def __init__(self, name=""):
        self.name = name

    def before_train_epoch(self, runner):
        if runner.epoch == 0:
            torch.manual_seed(3)

    def after_train_iter(self, runner, batch_idx=0, data_batch=None, outputs=None):
        state = torch.get_rng_state()
        with open(os.environ["PROBE_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps([runner.iter, torch.rand(()).item()]) + "\n")
        torch.set_rng_state(state)
