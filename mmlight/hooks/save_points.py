"""Lets hooks and averages into checkpoints for which Lightning does not ask callbacks."""

import lightning as L

from mmlight.callbacks.ema import EMA
from mmlight.hooks.hook_callback import HookCallback
from mmlight.hooks.run_meta import add_meta


def complete_checkpoint(trainer: L.Trainer, checkpoint: dict[str, object]) -> None:
    """Add mm's `meta`; to one of weights alone also what averages and users' hooks do to it.

    Args:
        trainer: The Trainer that saves.
        checkpoint: As Lightning collects it.
    """
    add_meta(trainer, checkpoint)
    if "callbacks" in checkpoint:
        return
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, (EMA, HookCallback)):
            callback.on_save_checkpoint(trainer, trainer.lightning_module, checkpoint)
