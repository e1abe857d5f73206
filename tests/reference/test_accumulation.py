"""Accumulated gradients make the steps of the originals: the same weights after every batch."""

from typing import Any

import lightning as L
import pytest
import torch
from torch import nn

from mmlight.optim.accumulation import Accumulation
from mmlight.optim.gradient_clip import GradientClip
from tests.reference.original import Original

CLIP = {"max_norm": 0.5}


def make_data(batches):
    """Return a net with batch norm, and batches of inputs, in float64."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    return net.double(), [torch.randn(5, 3, dtype=torch.float64) for _ in range(batches)]


def run_mmengine(source, batches, epochs, size, clip):
    """Train with the wrapper of mmengine; return the parameters and the loss of each batch."""
    import torch
    from mmengine.optim import OptimWrapper

    scope = {}
    exec(source, scope)
    net, inputs = scope["make_data"](batches)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
    wrapper = OptimWrapper(optimizer, accumulative_counts=size, clip_grad=clip and dict(clip))
    wrapper.initialize_count_status(net, 0, epochs * batches)
    found = []
    for _ in range(epochs):
        for batch in inputs:
            with wrapper.optim_context(net):
                loss = net(batch).pow(2).mean()
            wrapper.update_params(loss)
            found.append([*(p.detach().clone() for p in net.state_dict().values()), loss.detach()])
    return found


def run_mmcv(source, batches, epochs, size, clip):
    """Train with the hook of mmcv; return the parameters and the loss of each batch."""
    import logging
    from types import SimpleNamespace

    import torch
    from mmcv.runner.hooks.optimizer import GradientCumulativeOptimizerHook

    scope = {}
    exec(source, scope)
    net, inputs = scope["make_data"](batches)
    runner = SimpleNamespace(model=net, iter=0, max_iters=epochs * batches, outputs={})
    runner._max_iters, runner.logger = runner.max_iters, logging.getLogger("x")
    runner.log_buffer = SimpleNamespace(update=lambda *_: None)
    runner.optimizer = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
    hook = GradientCumulativeOptimizerHook(cumulative_iters=size, grad_clip=clip)
    found = []
    for _ in range(epochs):
        for batch in inputs:
            loss = net(batch).pow(2).mean()
            runner.outputs = {"loss": loss, "num_samples": 1}
            hook.after_train_iter(runner)
            runner.iter += 1
            found.append([*(p.detach().clone() for p in net.state_dict().values()), loss.detach()])
    return found


class Module(L.LightningModule):
    """Trains the net of `make_data`, clipped as the config says."""

    def __init__(self, net: nn.Module, size: int, clip: dict[str, Any] | None) -> None:
        super().__init__()
        self.net = net
        self.clip = clip
        self.accumulation = Accumulation(self, size)
        self.found: list[list[torch.Tensor]] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.net(batch).pow(2).mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        self.accumulation.attach()
        return torch.optim.SGD(self.net.parameters(), lr=0.3, momentum=0.9)

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        if self.clip:
            GradientClip(**self.clip)(self.parameters())

    def on_train_batch_end(self, outputs: Any, *_: Any) -> None:
        state = [value.detach().clone() for value in self.net.state_dict().values()]
        self.found.append([*state, outputs["loss"].detach()])


def run_ours(batches: int, epochs: int, size: int, clip: Any) -> list[list[torch.Tensor]]:
    net, inputs = make_data(batches)
    module = Module(net, size, clip)
    trainer = L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(inputs, batch_size=None))
    assert trainer.global_step == batches * epochs
    return module.found


# batches, epochs, size: windows that cross epochs, and end with 2, 0, 1 and all batches left over
CASES = [(5, 4, 3), (4, 3, 4), (7, 1, 3), (3, 1, 5), (4, 3, 1)]


@pytest.mark.parametrize("clip", [None, CLIP], ids=["plain", "clipped"])
@pytest.mark.parametrize(("batches", "epochs", "size"), CASES)
@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_weights_equal_when_gradients_are_accumulated(
    generation: str, batches: int, epochs: int, size: int, clip: Any, request: Any
) -> None:
    import inspect

    original: Original = request.getfixturevalue(generation)
    run = run_mmcv if generation == "mmcls" else run_mmengine
    theirs = original(run, inspect.getsource(make_data), batches, epochs, size, clip)
    ours = run_ours(batches, epochs, size, clip)
    assert len(ours) == batches * epochs
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12)
