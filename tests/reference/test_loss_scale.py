"""Scaled losses make the steps of the originals, on the CPU and without half precision.

What scaling does is the same there: gradients are clipped after they are unscaled, a step with an
overflow is left out, and the scale follows the settings.
"""

import inspect
from contextlib import nullcontext
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from torch import nn

from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.optimization import Optimization
from mmlight.optim.optimizer import OptimizerBuilder
from tests.reference.original import Original

BATCHES, SIZE = 13, 2
SGD = {"lr": 0.3, "momentum": 0.9}
CLIP = {"max_norm": 0.05}
SCALES = {
    "fixed": 512.0,
    "dynamic": "dynamic",
    "dict": {"init_scale": 8.0, "growth_interval": 2, "backoff_factor": 0.25},
}


def make_data(batches):
    """Return a net, batches of inputs, and factors of their losses: one of them overflows."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    inputs = torch.randn(batches, 5, 3, dtype=torch.float64)
    return net.double(), list(zip(inputs, [1, 2, 1, 2, float("inf"), *[1] * 8], strict=True))


def run_mmengine(source, size, scale, clip, options):
    """Train with the wrapper of mmengine; return scale and parameters after each batch."""
    from functools import partial
    from unittest import mock

    import torch
    from mmengine.optim.optimizer import amp_optimizer_wrapper as amp

    scope = {}
    exec(source, scope)
    net, batches = scope["make_data"](13)
    scaler = partial(torch.amp.GradScaler, device="cpu")
    with (
        mock.patch.object(amp, "is_cuda_available", return_value=True),
        mock.patch.object(amp, "GradScaler", scaler),
    ):
        optimizer = torch.optim.SGD(net.parameters(), **options)
        words = {"accumulative_counts": size, "clip_grad": dict(clip), "loss_scale": scale}
        wrapper = amp.AmpOptimWrapper(optimizer=optimizer, **words)
    wrapper.initialize_count_status(net, 0, len(batches))
    found = []
    for batch, factor in batches:
        wrapper.update_params(net(batch).pow(2).mean() * factor)
        state = [value.detach().clone() for value in net.parameters()]
        found.append([torch.tensor(wrapper.loss_scaler.get_scale()), *state])
    return found


def run_mmcv(source, size, scale, clip, options):
    """Train with the hook of mmcv; return scale and parameters after each batch."""
    import logging
    from functools import partial
    from types import SimpleNamespace
    from unittest import mock

    import torch
    from mmcv.runner.hooks import optimizer as hooks

    scope = {}
    exec(source, scope)
    net, batches = scope["make_data"](13)
    runner = SimpleNamespace(model=net, iter=0, max_iters=len(batches), outputs={}, meta={})
    runner._max_iters, runner.logger = runner.max_iters, logging.getLogger("x")
    runner.log_buffer = SimpleNamespace(update=lambda *_: None)
    runner.optimizer = torch.optim.SGD(net.parameters(), **options)
    with mock.patch.object(hooks, "GradScaler", partial(torch.amp.GradScaler, device="cpu")):
        words = {"grad_clip": dict(clip), "loss_scale": scale}
        if size == 1:
            hook = hooks.Fp16OptimizerHook(**words)
        else:
            hook = hooks.GradientCumulativeFp16OptimizerHook(cumulative_iters=size, **words)
    found = []
    for batch, factor in batches:
        runner.outputs = {"loss": net(batch).pow(2).mean() * factor, "num_samples": 1}
        hook.after_train_iter(runner)
        runner.iter += 1
        state = [value.detach().clone() for value in net.parameters()]
        found.append([torch.tensor(hook.loss_scaler.get_scale()), *state])
    return found


class ScaledOnly(MixedPrecision):
    """Scales losses and computes in full precision."""

    def __init__(self) -> None:
        super().__init__("16-mixed", "cpu", torch.amp.GradScaler(device="cpu"))

    def forward_context(self) -> Any:
        return nullcontext()


class Module(L.LightningModule):
    """Trains the net of `make_data` as a config says."""

    def __init__(self, net: nn.Module, optimization: Optimization) -> None:
        super().__init__()
        self.net = net
        self.optimization = optimization
        self.found: list[list[torch.Tensor]] = []

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        inputs, factor = batch
        loss: torch.Tensor = self.net(inputs).pow(2).mean() * factor
        return loss

    def configure_optimizers(self) -> Any:
        return self.optimization.configure(self, {})

    def configure_gradient_clipping(self, optimizer: Any, *flags: Any, **named: Any) -> None:
        self.optimization.clip(self, optimizer, None, None)

    def on_train_batch_end(self, *_: Any) -> None:
        scaler: Any = self.trainer.precision_plugin.scaler  # type: ignore[attr-defined]
        state = [value.detach().clone() for value in self.net.parameters()]
        self.found.append([torch.tensor(scaler.get_scale()), *state])


def run_ours(size: int, scale: Any) -> list[list[torch.Tensor]]:
    net, batches = make_data(BATCHES)
    sgd = OptimizerBuilder("torch.optim.SGD", SGD)
    module = Module(net, Optimization(sgd, GradientClip(**CLIP), size, scale))
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        plugins=[ScaledOnly()],
    )
    trainer.fit(module, torch.utils.data.DataLoader(batches, batch_size=None))
    return module.found


@pytest.mark.parametrize("size", [1, SIZE])
@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_weights_and_scales_equal(generation: str, name: str, size: int, request: Any) -> None:
    original: Original = request.getfixturevalue(generation)
    run = run_mmcv if generation == "mmcls" else run_mmengine
    source = inspect.getsource(make_data)
    theirs = original(run, source, size, SCALES[name], CLIP, SGD)
    ours = run_ours(size, SCALES[name])
    assert len(ours) == len(theirs) == BATCHES
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12)
    changes = {float(row[0]) for row in ours}
    assert (len(changes) == 1) == (name == "fixed")
