"""Turns a seed into the random state of each worker process, and that state into bytes and back."""

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

# Python: gauss flag, gauss value, 625 words. NumPy: gauss flag, gauss value, position, 624 words.
# Rest: torch's bytes.
_LAYOUT: Final = struct.Struct("=?d625I?dI2496s")
_PYTHON_STATE_VERSION: Final = 3
_NumpyState = tuple[str, NDArray[np.uint32], int, int, float]


def pack_rng() -> bytes:
    """Return the states of Python's, NumPy's and torch's global CPU generators, some 10 kB."""
    _, words, gauss = random.getstate()
    _, keys, position, has_gauss, cached = cast(_NumpyState, np.random.get_state())
    numbers = _LAYOUT.pack(
        gauss is not None, gauss or 0.0, *words, bool(has_gauss), cached, position, keys.tobytes()
    )
    return numbers + torch.get_rng_state().numpy().tobytes()


def restore_rng(packed: bytes) -> None:
    """Set Python's, NumPy's and torch's global CPU generators to what `pack_rng` returned.

    Raises:
        ValueError: If `packed` is too short to come from `pack_rng`.
    """
    if len(packed) <= _LAYOUT.size:
        raise ValueError(f"packed must have more than {_LAYOUT.size} bytes, got {len(packed)}")
    gauss_set, gauss, *words, has_gauss, cached, position, keys = _LAYOUT.unpack_from(packed)
    random.setstate((_PYTHON_STATE_VERSION, tuple(words), gauss if gauss_set else None))
    numpy_keys = np.frombuffer(keys, dtype=np.uint32)
    np.random.set_state(("MT19937", numpy_keys, position, int(has_gauss), cached))
    torch.set_rng_state(torch.frombuffer(bytearray(packed[_LAYOUT.size :]), dtype=torch.uint8))


def seed_rng(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators; NumPy's takes the lowest 32 bits."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def pack_device_rng() -> bytes:
    """Return the state of the current CUDA device's generator; empty when CUDA is not in use."""
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return b""
    return torch.cuda.get_rng_state().numpy().tobytes()


def restore_device_rng(packed: bytes) -> None:
    """Set the current CUDA device's generator to what `pack_device_rng` returned, if it did."""
    if packed and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.set_rng_state(torch.frombuffer(bytearray(packed), dtype=torch.uint8))


def worker_seed(worker_id: int, *, seed: int, rank: int, num_workers: int) -> int:
    """Return the seed of one worker process.

    Examples:
        >>> worker_seed(1, seed=42, rank=2, num_workers=4)
        51

    From: mmengine 0.10 `worker_init_fn` / mmcls 0.25 `worker_init_fn`.
    """
    return num_workers * rank + worker_id + seed


@dataclass
class WorkerStart:
    """What each worker process runs first: seeds generators, keeps libraries from starting threads.

    Args:
        seed: The run's seed.
        rank: Rank of the process that the workers belong to.
        num_workers: Workers of that process.
        states: State per worker from `pack_rng`, instead of the seed; for resuming.
        turn: How many batches of the epoch are left out. A loader's first batch is always made by
            process 0, which then takes the part of worker `turn % num_workers`.
        own: A user's function, called with the worker's number once it is seeded.

    From: mmengine 0.10 `worker_init_fn` / mmcls 0.25 `worker_init_fn`, which leave the threads
    alone.
    """

    seed: int
    rank: int
    num_workers: int
    states: dict[int, bytes] = field(default_factory=dict)
    turn: int = 0
    own: Callable[[int], Any] | None = None

    def __call__(self, worker_id: int) -> None:
        """Prepare the worker process `worker_id`."""
        cv2.setNumThreads(0)
        torch.set_num_threads(1)
        worker = (worker_id + self.turn) % self.num_workers
        seed_rng(worker_seed(worker, seed=self.seed, rank=self.rank, num_workers=self.num_workers))
        if self.own is not None:
            self.own(worker)
        if worker in self.states:
            restore_rng(self.states[worker])


@dataclass
class StampedCollate:
    """A collate function that returns its batch together with the random state after it.

    Args:
        collate: The function that makes the batch.
    """

    collate: Callable[[Sequence[Any]], Any]

    def __call__(self, samples: Sequence[Any]) -> tuple[Any, bytes]:
        """Return the batch, and the state from `pack_rng`."""
        return self.collate(samples), pack_rng()
