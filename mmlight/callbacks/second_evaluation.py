"""Evaluates a model once more after an evaluation, as a hook of mm does inside a point."""

import logging
from itertools import islice
from typing import Any

import lightning as L
import torch

from mmlight.metrics.evaluator import take_numbers

_logger = logging.getLogger("mmlight")


@torch.no_grad()
def evaluate_again(trainer: L.Trainer, pl_module: Any, mode: str, suffix: str) -> dict[str, float]:
    """Run the batches of the evaluation that is ending through the model again.

    Users' hooks meet the points of its batches once more.

    Args:
        trainer: It is in its validation or test.
        pl_module: Has `val_metrics` and `test_metrics`.
        mode: 'val' or 'test'.
        suffix: What is appended to the names of the values.

    Returns:
        The values that are numbers; they join `callback_metrics`, and the message hub for the log.

    From: mmpretrain 1.2 `EMAHook.after_val_epoch`.
    """
    from mmlight.hooks.runner_view import find_view  # which imports this package

    stage = "validation" if mode == "val" else "test"
    loader: Any = getattr(trainer, f"{mode}_dataloaders")
    (count,) = getattr(trainer, f"num_{mode}_batches")
    step = getattr(trainer.strategy, f"{stage}_step")
    hooks = [callback for callback in trainer.callbacks if hasattr(callback, "hook")]  # type: ignore[attr-defined]
    view = find_view(trainer)
    pl_module.eval()
    for index, batch in enumerate(islice(loader, int(count))):
        batch = trainer.strategy.batch_to_device(batch)
        _call(hooks, f"on_{stage}_batch_start", trainer, pl_module, batch, index)
        view.enter(batch, index)
        outputs = step(batch, index)
        _call(hooks, f"on_{stage}_batch_end", trainer, pl_module, outputs, batch, index)
    values = getattr(pl_module, f"{mode}_metrics").compute()
    numbers = {f"{name}{suffix}": value for name, value in take_numbers(values).items()}
    trainer.callback_metrics.update({name: torch.tensor(value) for name, value in numbers.items()})
    for name, value in numbers.items():
        view.message_hub.update_scalar(f"{mode}/{name}", value)
    text = ", ".join(f"{name}: {value:.4f}" for name, value in numbers.items())
    _logger.info("evaluated again: %s", text)
    return numbers


def _call(hooks: list[Any], point: str, *args: Any) -> None:
    for callback in hooks:
        method = getattr(callback, point)
        if method is not None:
            method(*args)
