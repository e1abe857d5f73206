"""Sets how a scaler of mixed precision multiplies losses."""

from collections.abc import Mapping
from typing import Any

LossScale = float | str | Mapping[str, Any]
"""A fixed number, 'dynamic', or arguments of torch's `GradScaler`."""
DYNAMIC = {
    "init_scale": 2.0**16,
    "growth_factor": 2.0,
    "backoff_factor": 0.5,
    "growth_interval": 2000,
}
"""The defaults of torch's `GradScaler`."""


def check_loss_scale(scale: LossScale) -> dict[str, Any]:
    """Return the settings of a scaler.

    Args:
        scale: A number that stays, 'dynamic' for torch's settings, or a dict with some of
            `init_scale`, `growth_factor`, `backoff_factor`, `growth_interval`.

    Raises:
        ValueError: If it is something else, or a number is 0 or less.

    Examples:
        >>> check_loss_scale(512.0)["growth_factor"], check_loss_scale("dynamic")["growth_factor"]
        (1.0, 2.0)

    From: mmcv 1.7 `Fp16OptimizerHook`, mmengine 0.10 `AmpOptimWrapper`.
    """
    if isinstance(scale, Mapping):
        settings = {**DYNAMIC, **scale}
    elif scale == "dynamic":
        settings = dict(DYNAMIC)
    elif isinstance(scale, int | float) and not isinstance(scale, bool):
        # a factor of 1 keeps it: after an overflow too, whose step is left out
        settings = {**DYNAMIC, "init_scale": scale, "growth_factor": 1.0, "backoff_factor": 1.0}
    else:
        raise ValueError(f"loss_scale must be a number, 'dynamic' or a dict, got {scale!r}")
    wrong = [key for key in settings if key not in DYNAMIC]
    if wrong:
        raise ValueError(f"loss_scale may have {', '.join(DYNAMIC)}, got {wrong[0]}")
    for key, value in settings.items():
        if not value > 0:
            raise ValueError(f"loss_scale must have {key} above 0, got {value}")
    return settings


def set_loss_scale(scaler: Any, scale: LossScale) -> None:
    """Give a new scaler other settings; its state, so also a checkpoint, carries them.

    Args:
        scaler: A `torch.amp.GradScaler`, or one for shards.
        scale: See `check_loss_scale`.
    """
    settings = check_loss_scale(scale)
    start = settings.pop("init_scale")
    scaler.load_state_dict({"scale": start, **settings, "_growth_tracker": 0})
