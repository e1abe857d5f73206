"""What users' code asks about the processes of a run.

Everything works alone as well: one process of rank 0. The Trainer starts the processes.
"""

import functools
from collections.abc import Callable
from os import environ
from typing import Any, NoReturn, ParamSpec, TypeVar

import torch
from torch import distributed as dist

from mmlight.errors import UnsupportedValueError

P = ParamSpec("P")
T = TypeVar("T")
Group = Any


def init_dist(*_args: Any, **_kwargs: Any) -> NoReturn:
    """Refuse: the Trainer starts the processes.

    Raises:
        UnsupportedValueError: Always.
    """
    raise UnsupportedValueError(
        "init_dist",
        "processes are not started by hand; the Trainer does it",
        next_step="Remove the call, and pass --trainer.devices and --trainer.strategy ddp.",
    )


def infer_launcher() -> str:
    """Return what has started this process: 'pytorch', 'slurm', 'mpi' or 'none'.

    From: mmengine 0.10 `infer_launcher`.
    """
    for variable, launcher in (
        ("WORLD_SIZE", "pytorch"),
        ("SLURM_NTASKS", "slurm"),
        ("OMPI_COMM_WORLD_LOCAL_RANK", "mpi"),
    ):
        if variable in environ:
            return launcher
    return "none"


# -------------------------------------------------------------------------- questions


def is_distributed() -> bool:
    """Tell whether processes are connected."""
    return dist.is_available() and dist.is_initialized()


def get_world_size(group: Group = None) -> int:
    """Return the number of processes."""
    return dist.get_world_size(group) if is_distributed() else 1


def get_rank(group: Group = None) -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank(group) if is_distributed() else 0


def get_local_rank() -> int:
    """Return the number of this process on its machine, from 0.

    From: mmengine 0.10 `get_local_rank`, by the environment variable LOCAL_RANK, which every
        launcher of the Trainer sets, not by a group that has to be made first.
    """
    return int(environ.get("LOCAL_RANK", "0")) if is_distributed() else 0


def get_dist_info(group: Group = None) -> tuple[int, int]:
    """Return the number of this process and how many there are.

    Examples:
        >>> get_dist_info()
        (0, 1)

    From: mmcv 1.7 and mmengine 0.10 `get_dist_info`.
    """
    return get_rank(group), get_world_size(group)


def get_backend(group: Group = None) -> str | None:
    """Return how processes talk, 'nccl' or 'gloo'; None when this one is alone."""
    return dist.get_backend(group) if is_distributed() else None


def get_comm_device(group: Group = None) -> torch.device:
    """Return the device from which tensors are sent."""
    if get_backend(group) == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def get_default_group() -> Group:
    """Return the group of all processes."""
    return dist.group.WORLD


def is_main_process(group: Group = None) -> bool:
    """Tell whether this process has rank 0."""
    return get_rank(group) == 0


def master_only(func: Callable[P, T]) -> Callable[P, T | None]:
    """Let a function run in the process of rank 0 only; elsewhere it returns None.

    From: mmcv 1.7 and mmengine 0.10 `master_only`.
    """

    @functools.wraps(func)
    def run(*args: P.args, **kwargs: P.kwargs) -> T | None:
        return func(*args, **kwargs) if is_main_process() else None

    return run


def barrier(group: Group = None) -> None:
    """Wait for all processes."""
    if is_distributed():
        dist.barrier(group)
