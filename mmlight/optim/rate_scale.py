"""Scales learning rates by the batch size."""

import logging
from typing import Any

from torch.optim import Optimizer

_logger = logging.getLogger("mmlight")


def scale_rates(optimizer: Optimizer, *, base_batch_size: int, batch_size: int, how: str) -> float:
    """Multiply the rate of each group by the ratio of the batch sizes, and say so.

    Args:
        optimizer: A new optimizer, whose schedules have not begun.
        base_batch_size: The batch size that its rates are meant for.
        batch_size: The one that there is, of all processes together.
        how: Where that comes from, for the log.

    Returns:
        The ratio.

    Raises:
        ValueError: If a size is smaller than 1.

    From: mmengine 0.10 `Runner.scale_lr`; gradient accumulation plays no part in it, as there.
    """
    for name, size in (("base_batch_size", base_batch_size), ("batch_size", batch_size)):
        if size < 1:
            raise ValueError(f"{name} must be 1 or more, got {size}")
    ratio = batch_size / base_batch_size
    old = _show(optimizer.param_groups)
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * ratio
    _logger.info(
        "the learning rate is %s instead of %s: a batch has %d images (%s), the rate is meant for"
        " %d (auto_scale_lr)",
        *(_show(optimizer.param_groups), old, batch_size, how, base_batch_size),
    )
    return ratio


def _show(groups: list[dict[str, Any]]) -> str:
    """Return the rate of groups, or the range of their rates.

    Examples:
        >>> _show([{"lr": 0.1}, {"lr": 0.01}])
        '0.01 to 0.1'
    """
    rates = sorted({float(group["lr"]) for group in groups})
    return f"{rates[0]:g}" if len(rates) == 1 else f"{rates[0]:g} to {rates[-1]:g}"
