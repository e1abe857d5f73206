"""Reads from a checkpoint of the originals how far its run had come."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mmlight.errors import WeightsError

Generation = Literal["0.x", "1.x"]
_logger = logging.getLogger("mmlight")


@dataclass(frozen=True)
class Progress:
    """How far a run had come.

    Args:
        epochs: Passes over the data that are done.
        inside: Batches of the next pass that are done.
        batches: Batches that are done in all.
    """

    epochs: int
    inside: int
    batches: int


def find_generation(content: Mapping[str, Any]) -> Generation | None:
    """Return which generation of the originals has written a checkpoint; None for none.

    Examples:
        >>> find_generation({"meta": {"mmcv_version": "1.7.2", "epoch": 3}})
        '0.x'
    """
    meta = content.get("meta")
    if not isinstance(meta, Mapping) or "epoch" not in meta or "mmlight" in content:
        return None
    if "mmengine_version" in meta:
        return "1.x"
    return "0.x" if "mmcv_version" in meta else None


def read_progress(
    meta: Mapping[str, Any],
    generation: Generation,
    *,
    by_epoch: bool,
    epoch_length: int | None,
    location: str,
) -> Progress:
    """Return how far a run had come.

    Args:
        meta: What the checkpoint says of it.
        generation: Who has written it.
        by_epoch: Whether the run that resumes it counts epochs.
        epoch_length: Batches of a pass over the data; None when it has no end.
        location: The file, for texts.

    Raises:
        WeightsError: If there are no numbers.

    From: mmcv 1.7 `save_checkpoint` of its runners, mmengine 0.10 `CheckpointHook`. Those that mmcv
    writes after an iteration tell one iteration too few, and an epoch that is not done. Where
    batches have another size than in that run, epochs count.
    """
    epochs, batches = meta.get("epoch"), meta.get("iter")
    if not isinstance(epochs, int) or not isinstance(batches, int):
        raise WeightsError(
            location, f"it does not say how far its run had come: {epochs!r}, {batches!r}"
        )
    if generation == "0.x" and not (epoch_length and batches == epochs * epoch_length):
        saved_after_iteration = (
            not by_epoch
            or not epoch_length
            or ((epochs - 1) * epoch_length <= batches < epochs * epoch_length)
        )
        if saved_after_iteration:
            epochs, batches = epochs - 1, batches + 1
    if epoch_length is None:
        return Progress(0, batches, batches)
    if not by_epoch or 0 <= batches - epochs * epoch_length <= epoch_length:
        return Progress(batches // epoch_length, batches % epoch_length, batches)
    _logger.warning(
        "%s: %d epochs were %d iterations, here an epoch has %d; the next epoch begins anew",
        *(location, epochs, batches, epoch_length),
    )
    return Progress(epochs, 0, batches)
