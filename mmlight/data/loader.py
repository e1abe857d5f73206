"""Turns a dataset and a sampler into batches that can be resumed, augmentations and all.

Each batch brings the random state of the worker that made it. The loader keeps the newest ones, so
that at any time it can say in which state each worker was after the last batch that training has
used, however far workers ran ahead.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from mmlight.data.evaluation_loader import draw_base_seed
from mmlight.data.samplers.batch import ResumableBatches, ResumableBatchSampler
from mmlight.data.workers import (
    StampedCollate,
    WorkerStart,
    pack_device_rng,
    pack_rng,
    restore_device_rng,
    restore_rng,
)

State = dict[str, Any]
ENDLESS: Final = 2**40
"""The length of a loader whose sampler never ends."""


class ResumableLoader(DataLoader[Any]):
    """A loader for training whose position and random states can be saved and loaded.

    Workers and their prefetching start with the first batch that is asked for, not with `iter()`:
    Lightning calls `iter()` before it sets the sampler's epoch, and a resumed run would prefetch
    the wrong epoch.

    Args:
        dataset: Map-style dataset.
        sampler: Yields this rank's indices.
        batch_size: Samples per batch.
        collate_fn: Makes a batch of a list of samples.
        worker_start: Seeds the workers.
        num_workers: Worker processes; 0 loads in this process.
        drop_last: Leave out a last batch that is not full.
        persistent_workers: Keep workers, and their random states, over epochs; else each epoch
            seeds them anew.
        prefetch_factor: Batches that each worker prepares in advance.
        pin_memory: Put batches into page-locked memory.
        multiprocessing_context: How workers start; None for Python's default.
        timeout: How long to wait for a batch of a worker [s]; 0 for ever.
        batch_sampler: Yields this rank's batches of indices, in place of those of `batch_size` and
            `drop_last`.
        exact: Track random states; without it only the position is resumed.

    From: torch `DataLoader` as mmengine 0.10 and mmcls 0.25 set it up; resuming is ours.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        sampler: Sampler[int],
        *,
        batch_size: int,
        collate_fn: Callable[[Sequence[Any]], Any],
        worker_start: WorkerStart,
        num_workers: int = 0,
        drop_last: bool = False,
        persistent_workers: bool = False,
        prefetch_factor: int | None = None,
        pin_memory: bool = False,
        multiprocessing_context: str | None = None,
        timeout: float = 0,
        batch_sampler: Any = None,
        exact: bool = True,
    ) -> None:
        self.worker_start = worker_start
        self.exact = exact
        self._stamped = exact and num_workers > 0
        self._batches = (
            ResumableBatchSampler(sampler, batch_size, drop_last)
            if batch_sampler is None
            else ResumableBatches(batch_sampler, sampler)
        )
        self._length = len(self._batches) if hasattr(batch_sampler or sampler, "__len__") else None
        self._pending: State | None = None
        self._has_begun = False
        self._is_renewed = False
        self._fetched = 0
        self._states: dict[int, bytes] = {}
        self._stamps: deque[tuple[int, bytes]] = deque(maxlen=2 * max(num_workers, 1) + 2)
        super().__init__(
            dataset,
            batch_sampler=self._batches,
            num_workers=num_workers,
            collate_fn=StampedCollate(collate_fn) if self._stamped else collate_fn,
            worker_init_fn=worker_start,
            persistent_workers=persistent_workers,
            prefetch_factor=prefetch_factor,
            pin_memory=pin_memory,
            multiprocessing_context=multiprocessing_context,
            timeout=timeout,
            # A generator of our own, or each new iterator would draw from the global one.
            generator=torch.Generator().manual_seed(worker_start.seed),
        )

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return self._iterate()

    def __len__(self) -> int:
        """Return the batches of an epoch, `ENDLESS` where it has no end.

        A trainer that finds no length fetches one batch ahead, and without workers the random
        numbers of that batch would come before those of the step before.
        """
        return ENDLESS if self._length is None else self._length

    def position(self, consumed: int | None = None, *, ended: bool = False) -> State:
        """Return where training stands.

        Args:
            consumed: Batches of this epoch that training has used; by default all that were
                fetched.
            ended: The epoch is over, so resuming starts the next one.

        Returns:
            'batches' to leave out, 'num_workers', and, when exact, 'workers' (state per worker
            after `batches`), 'main' and 'device' (this process's states now).
        """
        if self._pending is not None:
            return self._pending
        consumed = self._fetched if consumed is None else consumed
        state: State = {
            "batches": 0 if ended else consumed,
            "num_workers": self.num_workers,
        }
        if self.exact:
            forget = ended and not self._keeps_workers
            state["workers"] = {} if forget else self._states_after(consumed)
            state["main"] = pack_rng()
            state["device"] = pack_device_rng()
        return state

    def resume(self, state: State) -> None:
        """Start the next iteration where `position` said; takes the same number of workers."""
        self._pending = state

    def renew_workers(self) -> None:
        """Begin the next epoch with new workers, which see what has changed in the dataset.

        They are seeded as the first ones were. In an epoch that is resumed inside, they begin in
        their saved states nevertheless.
        """
        self._iterator = None
        self._is_renewed = True
        self._states = {}
        self._stamps.clear()
        if self._pending is not None and not self._pending["batches"]:
            self._pending = {**self._pending, "workers": {}}

    def state_dict(self) -> State:
        """Return nothing; Lightning must see that this loader resumes, the datamodule saves it."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Do nothing; see `state_dict`."""

    @property
    def _keeps_workers(self) -> bool:
        return self.persistent_workers and self.num_workers > 0

    def _states_after(self, consumed: int) -> dict[int, bytes]:
        states = dict(self._states)
        for number, stamp in self._stamps:
            if number < consumed:
                states[number % max(self.num_workers, 1)] = stamp
        return states

    def _iterate(self) -> Iterator[Any]:
        pending, self._pending = self._pending, None
        self._batches.start = self._prepare(pending)
        self._begin(pending)
        batches = super().__iter__()
        if pending is not None and pending["batches"] and self.exact:
            _restore_process(pending)
        yield from self._fetch(batches)

    def _begin(self, pending: State | None) -> None:
        """Restore this process's states where an epoch begins, and draw what the originals draw."""
        is_renewed, self._is_renewed = self._is_renewed, False
        if pending is not None and pending["batches"]:  # what holds within comes back later
            self._has_begun = True
            return
        if pending is not None and self.exact:
            _restore_process(pending)
        goes_on = self._keeps_workers and (self._has_begun or pending is not None)
        if is_renewed or not goes_on:
            draw_base_seed()
        self._has_begun = True

    def _fetch(self, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                return
            if self._stamped:
                batch, stamp = batch
                self._stamps.append((self._fetched, stamp))
            self._fetched += 1
            yield batch

    def _prepare(self, pending: State | None) -> int:
        """Set the workers' first states, and return how many batches to leave out."""
        whole = self._fetched == self._length
        if pending is not None:
            start, self._states = int(pending["batches"]), dict(pending.get("workers", {}))
        else:
            start = 0
            self._states = self._states_after(self._fetched) if self._keeps_workers else {}
        # Worker 0 makes the first batch of an iterator, so states turn with the place. Workers that
        # stopped inside an epoch, or began inside one, are out of turn: the next epoch gets new
        # ones in the states they should be in.
        self.worker_start.states, self.worker_start.turn = self._states, start
        if self._keeps_workers and (pending is not None or not whole or self._batches.start):
            self._iterator = None
        self._stamps.clear()
        self._fetched = start
        return start


def _restore_process(pending: State) -> None:
    """Restore the states of this process, as they are after what it draws for a validation."""
    if "main" in pending:
        restore_rng(pending["main"])
        restore_device_rng(pending.get("device", b""))
    for _ in range(int(pending.get("draws", 0))):
        draw_base_seed()
