"""Turns the loader states of all ranks into what a checkpoint holds, and back."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed

State = dict[str, Any]


def gather_states(state: State) -> list[State]:
    """Return the states of all ranks as a checkpoint holds them; all ranks must call it."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [_to_tensors(state)]
    states: list[State] = [{}] * distributed.get_world_size()
    distributed.all_gather_object(states, state)
    return [_to_tensors(state) for state in states]


def to_bytes(value: Any) -> Any:
    """Undo what `gather_states` did to the state of one rank."""
    if isinstance(value, dict):
        return {key: to_bytes(item) for key, item in value.items()}
    return value.cpu().numpy().astype(np.uint8).tobytes() if isinstance(value, Tensor) else value


def _to_tensors(value: Any) -> Any:
    """Turn bytes into uint8 tensors, which checkpoints hold without pickled code."""
    if isinstance(value, dict):
        return {key: _to_tensors(item) for key, item in value.items()}
    return torch.from_numpy(np.array(bytearray(value))) if isinstance(value, bytes) else value
