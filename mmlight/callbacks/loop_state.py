"""Brings the counters of Lightning's loops inside a checkpoint to a point from which a run goes on.

mm saves while an epoch ends: after its last batch, before its validation or after it. Lightning's
counters then say that the epoch is under way, and a run that is resumed would end it a second time,
begin no epoch, and validate at the wrong batch. Here the counters are moved on to where nothing is
left of the epoch, or of the batch.

So it is also with a file that a user's hook writes after the last batch, before the epoch is over:
hooks do not meet the end of that epoch, nor its validation. mmengine trains such an epoch again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import lightning as L

Counts = dict[str, int]
State = dict[str, Any]

_BATCHES = "epoch_loop.batch_progress"
_VALIDATION = "epoch_loop.val_loop.batch_progress"
_STEPS = "epoch_loop.automatic_optimization.optim_progress"
_SCHEDULERS = "epoch_loop.scheduler_progress"


def settle_loops(fit_loop: State) -> None:
    """Change the state of a fit loop, in place, to one between two batches or two epochs.

    Args:
        fit_loop: What `trainer.fit_loop.state_dict()` returned at any moment; that of a moment
            before the first batch, or inside of one, stays as it is.
    """
    batches = fit_loop[_BATCHES]
    current = batches["current"]
    if not current["ready"] or current["processed"] < current["ready"]:
        return
    if batches["is_last_batch"]:
        _end_epoch(fit_loop)
    else:
        for counts in _counts_of(batches):
            counts["completed"] = counts["processed"] - 1  # as in `on_train_batch_end`
    _clear(fit_loop[_VALIDATION])


def _end_epoch(fit_loop: State) -> None:
    """Count the epoch, and leave nothing of it."""
    epochs = fit_loop["epoch_progress"]
    if epochs["current"]["processed"] < epochs["current"]["started"]:
        fit_loop["epoch_loop.state_dict"]["_batches_that_stepped"] += 1  # those of the last batch
    for counts in _counts_of(epochs):
        counts |= dict.fromkeys(counts, counts["started"])
    batches = fit_loop[_BATCHES]
    batches["total"] |= dict.fromkeys(batches["total"], batches["total"]["ready"])
    batches["is_last_batch"] = False
    steps = fit_loop[_STEPS]["optimizer"].values()
    for progress in (batches, fit_loop[_SCHEDULERS], *steps):
        progress["current"] = dict.fromkeys(progress["current"], 0)


def _clear(progress: State) -> None:
    for counts in _counts_of(progress):
        counts |= dict.fromkeys(counts, 0)
    progress["is_last_batch"] = False


def _counts_of(progress: Mapping[str, Any]) -> Iterator[Counts]:
    yield progress["total"]
    yield progress["current"]


def start_epoch_afresh(trainer: L.Trainer) -> None:
    """Let a run that was resumed between two epochs begin the next one as any other.

    Without it Lightning looks for a validation to make up for, and counts a batch for its loggers.
    """
    loop = trainer.fit_loop.epoch_loop
    if loop.batch_progress.current.ready == 0:
        loop.restarting = False


def count_epochs(trainer: L.Trainer) -> int:
    """Return how many epochs are done, counting one whose last batch is."""
    loop: Any = trainer.fit_loop
    batches, epochs = loop.epoch_loop.batch_progress, loop.epoch_progress.current
    is_over = batches.is_last_batch and batches.current.processed == batches.current.ready
    return int(epochs.started if is_over else epochs.processed)
