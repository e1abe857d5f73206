"""Measures what a training step costs beside its arithmetic, side by side in one run.

    OMP_NUM_THREADS=1 python benchmarks/step.py --steps 3000

Four ways to train the same tiny MLP on the same ready batches, on the CPU: a raw loop, a bare
Lightning Trainer, mmlight with all default callbacks, and mmengine's Runner with its default hooks
where `.reference/` has it. They take turns, and the best turn of each counts, so that other work on
the machine disturbs the comparison as little as possible.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / ".reference" / "mmpretrain"
BATCH_SIZE, FEATURES, CLASSES, WARM_UP = 8, 16, 10, 100


class Clock:
    """Measures seconds per step between the end of the warm-up and the last step."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.done = 0
        self.seconds = 0.0
        self._start = 0.0

    def tick(self) -> None:
        """Count a step that is done."""
        self.done += 1
        if self.done == WARM_UP:
            self._start = time.perf_counter()
        elif self.done == self.steps:
            self.seconds = (time.perf_counter() - self._start) / (self.steps - WARM_UP)


def make_loader(steps: int) -> DataLoader[Any]:
    """Return ready batches as mmlight's data module makes them, metas included."""
    batch = {
        "inputs": torch.rand(BATCH_SIZE, FEATURES, 1, 1),
        "target": torch.arange(BATCH_SIZE),
        "metas": [{"img_path": f"{i}.png", "sample_idx": i} for i in range(BATCH_SIZE)],
    }
    return DataLoader([batch] * steps, batch_size=None, collate_fn=lambda ready: ready)


def make_net() -> nn.Sequential:
    """Return the MLP, with the same weights each time."""
    torch.manual_seed(0)
    layers = (nn.Flatten(), nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, CLASSES))
    return nn.Sequential(*layers)


def make_optimizer(net: nn.Module) -> torch.optim.Optimizer:
    """Return SGD with momentum."""
    return torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)


# ------------------------------------------------------------------ the four ways


def run_raw(steps: int, folder: str) -> float:
    """Train in a loop of four lines."""
    net, clock = make_net(), Clock(steps)
    optimizer = make_optimizer(net)
    for batch in make_loader(steps):
        loss = nn.functional.cross_entropy(net(batch["inputs"]), batch["target"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        clock.tick()
    return clock.seconds


def run_lightning(steps: int, folder: str) -> float:
    """Train in a Trainer without anything."""
    import lightning as L

    class Net(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = make_net()

        def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
            return nn.functional.cross_entropy(self.net(batch["inputs"]), batch["target"])

        def transfer_batch_to_device(self, batch: Any, *_: Any) -> Any:
            return batch  # walking the metas would be most of the time

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return make_optimizer(self)

    clock = Clock(steps)
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[make_callback(clock)],
    )  # fmt: skip
    trainer.fit(Net(), make_loader(steps))
    return clock.seconds


def make_callback(clock: Clock) -> Any:
    """Return a callback that drives the clock."""
    import lightning as L

    class Tick(L.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            clock.tick()

    return Tick()


def make_callbacks(steps: int, folder: str) -> list[Any]:
    """Return the callbacks of a config with the default hooks of mmpretrain."""
    from mmlight.build import instantiate
    from mmlight.read.config import Config
    from mmlight.run import read_spec

    classifier = {"type": "ImageClassifier", "backbone": {"type": "LeNet5", "num_classes": 10}}
    hooks = {
        "timer": {"type": "IterTimerHook"},
        "logger": {"type": "LoggerHook", "interval": 100},
        "param_scheduler": {"type": "ParamSchedulerHook"},
        "checkpoint": {"type": "CheckpointHook", "interval": 1},
        "sampler_seed": {"type": "DistSamplerSeedHook"},
        "visualization": {"type": "VisualizationHook", "enable": False},
    }
    words = {
        "model": classifier, "default_scope": "mmpretrain", "default_hooks": hooks,
        "train_cfg": {"by_epoch": True, "max_epochs": 1, "val_interval": 1},
        "param_scheduler": {
            "type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": steps,
        },
        "work_dir": folder,
    }  # fmt: skip
    return [instantiate(call) for call in read_spec(Config(words)).callbacks]


def run_mmlight(steps: int, folder: str) -> float:
    """Train as a translated config does, with all default callbacks."""
    import lightning as L

    from mmlight.callbacks.idle_hooks import drop_idle_hooks
    from mmlight.datamodule import PipelineDataModule
    from mmlight.module import ImageClassifier
    from mmlight.optim.optimizer import OptimizerBuilder

    class Backbone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = make_net()

        def forward(self, images: Tensor) -> tuple[Tensor]:
            return (self.net(images),)

    class Head(nn.Module):
        def loss(self, features: tuple[Tensor], target: Tensor) -> dict[str, Tensor]:
            return {"loss": nn.functional.cross_entropy(features[-1], target)}

    class Data(PipelineDataModule):
        def train_dataloader(self) -> Any:
            return make_loader(steps)

        def state_dict(self) -> dict[str, Any]:
            return {}

    clock = Clock(steps)
    callbacks = [make_callback(clock), *make_callbacks(steps, folder)]
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=1, logger=False, num_sanity_val_steps=0,
        use_distributed_sampler=False, enable_model_summary=False, default_root_dir=folder,
        callbacks=list(callbacks),
    )  # fmt: skip
    rank = {id(callback): place for place, callback in enumerate(callbacks)}
    trainer.callbacks.sort(key=lambda c: rank.get(id(c), len(rank)))  # as `build_parts` does
    drop_idle_hooks(trainer.callbacks)
    optimizer = OptimizerBuilder("torch.optim.SGD", {"lr": 0.01, "momentum": 0.9})
    trainer.fit(ImageClassifier(Backbone(), Head(), optimizer=optimizer), Data())
    return clock.seconds


def run_mmengine(steps: int, folder: str) -> float:
    """Run this file in a process that has mmengine on its path."""
    env = {**os.environ, "PYTHONPATH": str(REFERENCE)}
    command = [sys.executable, __file__, "--steps", str(steps), "--in-mmengine", folder]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def run_in_mmengine(steps: int, folder: str) -> float:
    """Train in mmengine's Runner, in a process that has it."""
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.runner import Runner

    class Net(BaseModel):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = make_net()

        def forward(self, inputs: Tensor, target: Tensor, metas: Any, mode: str) -> Any:
            return {"loss": nn.functional.cross_entropy(self.net(inputs), target)}

    class Tick(Hook):  # type: ignore[misc]
        def after_train_iter(self, *_: Any, **__: Any) -> None:
            clock.tick()

    clock = Clock(steps)
    runner = Runner(
        Net(), work_dir=folder, train_dataloader=make_loader(steps), log_level="ERROR",
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01, "momentum": 0.9}},
        param_scheduler={"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": steps},
        train_cfg={"by_epoch": True, "max_epochs": 1}, custom_hooks=[Tick()],
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": 100},
            "sampler_seed": None,  # ready batches have no sampler
        },
    )  # fmt: skip
    runner.train()
    return clock.seconds


# ------------------------------------------------------------------ the comparison


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000, help="training steps of each turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each way; the best counts")
    parser.add_argument("--profile", action="store_true", help="profile mmlight's turn instead")
    parser.add_argument("--in-mmengine", metavar="DIR", help=argparse.SUPPRESS)
    return parser.parse_args()


def profile(steps: int) -> None:
    """Print where mmlight's time goes."""
    import cProfile
    import pstats

    run_mmlight(WARM_UP + 1, tempfile.mkdtemp())
    with cProfile.Profile() as profiler:
        run_mmlight(steps, tempfile.mkdtemp())
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


def main() -> None:
    """Compare the four, or do what the command line says instead."""
    options = parse()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    if options.in_mmengine:
        print(json.dumps(run_in_mmengine(options.steps, options.in_mmengine)))
        return
    if options.profile:
        profile(options.steps)
        return
    ways: dict[str, Callable[[int, str], float]] = {
        "raw loop": run_raw, "bare Lightning": run_lightning, "mmlight": run_mmlight,
    }  # fmt: skip
    if REFERENCE.is_dir():
        ways["mmengine Runner"] = run_mmengine
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(options.turns):
        for name, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                best[name] = min(best[name], way(options.steps, folder))
    print(f"{'':16} {'us/step':>8} {'x raw':>6} {'x Lightning':>12}")
    for name, seconds in best.items():
        ratios = seconds / best["raw loop"], seconds / best["bare Lightning"]
        print(f"{name:16} {seconds * 1e6:8.0f} {ratios[0]:6.2f} {ratios[1]:12.2f}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
