"""What users' code sends between the processes of a run; alone, everything stays as it is."""

import itertools
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributed as dist

from mmlight.compat.dist import Group, get_comm_device, get_rank, get_world_size

_OPERATIONS: Final = {
    "sum": dist.ReduceOp.SUM,
    "product": dist.ReduceOp.PRODUCT,
    "min": dist.ReduceOp.MIN,
    "max": dist.ReduceOp.MAX,
    "band": dist.ReduceOp.BAND,
    "bor": dist.ReduceOp.BOR,
    "bxor": dist.ReduceOp.BXOR,
}


# -------------------------------------------------------------------------- tensors


def all_reduce(data: Tensor, op: str = "sum", group: Group = None) -> None:
    """Combine a tensor over all processes, in place.

    Args:
        data: Any device.
        op: 'sum', 'mean', 'product', 'min', 'max', 'band', 'bor' or 'bxor'.
        group: The processes; None for all.

    From: mmengine 0.10 `all_reduce`.
    """
    operation = op.lower()
    if operation != "mean" and operation not in _OPERATIONS:
        names = ", ".join(map(repr, ["mean", *_OPERATIONS]))
        raise ValueError(f"op must be one of {names}, got {op!r}")
    size = get_world_size(group)
    if size == 1:
        return
    sent = data.to(get_comm_device(group))
    dist.all_reduce(sent, _OPERATIONS["sum" if operation == "mean" else operation], group)
    data.copy_(sent / size if operation == "mean" else sent)


def all_reduce_dict(data: dict[str, Tensor], op: str = "sum", group: Group = None) -> None:
    """Combine every tensor of a dict over all processes; the dict gets the results.

    From: mmengine 0.10 `all_reduce_dict`.
    """
    if get_world_size(group) == 1:
        return
    names = sorted(data)
    flat = torch.cat([data[name].flatten() for name in names])
    all_reduce(flat, op, group)
    parts = torch.split(flat, [data[name].numel() for name in names])
    data.update({n: part.reshape(data[n].shape) for n, part in zip(names, parts, strict=True)})


def all_reduce_params(
    params: Iterable[Tensor],
    coalesce: bool = True,
    bucket_size_mb: int = -1,
    op: str = "sum",
    group: Group = None,
) -> None:
    """Combine parameters over all processes, in place.

    Args:
        params: The parameters.
        coalesce: Send the tensors of one type together.
        bucket_size_mb: Accepted; torch divides what it sends by itself.
        op: See `all_reduce`.
        group: The processes; None for all.

    From: mmengine 0.10 `all_reduce_params`.
    """
    if get_world_size(group) == 1:
        return
    tensors = [param.data for param in params]
    if not coalesce:
        for tensor in tensors:
            all_reduce(tensor, op, group)
        return
    by_type: dict[Any, list[Tensor]] = {}
    for tensor in tensors:
        by_type.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    for bucket in by_type.values():
        flat = torch.cat([tensor.flatten() for tensor in bucket])
        all_reduce(flat, op, group)
        parts = torch.split(flat, [tensor.numel() for tensor in bucket])
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def allreduce_params(
    params: Iterable[Tensor], coalesce: bool = True, bucket_size_mb: int = -1
) -> None:
    """Average parameters over all processes, in place.

    From: mmcv 1.7 `allreduce_params`.
    """
    all_reduce_params(params, coalesce, bucket_size_mb, op="mean")


def allreduce_grads(
    params: Iterable[nn.Parameter], coalesce: bool = True, bucket_size_mb: int = -1
) -> None:
    """Average gradients over all processes, in place. Under the Trainer they are averaged already.

    From: mmcv 1.7 `allreduce_grads`.
    """
    grads = [p.grad for p in params if p.requires_grad and p.grad is not None]
    all_reduce_params(grads, coalesce, bucket_size_mb, op="mean")


def all_gather(data: Tensor, group: Group = None) -> list[Tensor]:
    """Return the tensors of all processes, by rank.

    From: mmengine 0.10 `all_gather`.
    """
    size = get_world_size(group)
    if size == 1:
        return [data]
    sent = data.to(get_comm_device(group)).contiguous()
    received = [torch.empty_like(sent) for _ in range(size)]
    dist.all_gather(received, sent, group)
    return [tensor.to(data.device) for tensor in received]


def gather(data: Tensor, dst: int = 0, group: Group = None) -> list[Tensor]:
    """Return the tensors of all processes to the one of rank `dst`, an empty list elsewhere.

    From: mmengine 0.10 `gather`.
    """
    received = all_gather(data, group)
    return received if get_rank(group) == dst or len(received) == 1 else []


def broadcast(data: Tensor, src: int = 0, group: Group = None) -> None:
    """Send a tensor from the process of rank `src` to all, in place.

    From: mmengine 0.10 `broadcast`.
    """
    if get_world_size(group) == 1:
        return
    sent = data.to(get_comm_device(group)).contiguous()
    dist.broadcast(sent, src, group)
    if get_rank(group) != src:
        data.copy_(sent)


# -------------------------------------------------------------------------- objects


def all_gather_object(data: Any, group: Group = None) -> list[Any]:
    """Return the objects of all processes, by rank.

    From: mmengine 0.10 `all_gather_object`.
    """
    size = get_world_size(group)
    if size == 1:
        return [data]
    received: list[Any] = [None] * size
    dist.all_gather_object(received, data, group)
    return received


def gather_object(data: Any, dst: int = 0, group: Group = None) -> list[Any] | None:
    """Return the objects of all processes to the one of rank `dst`, None elsewhere.

    From: mmengine 0.10 `gather_object`.
    """
    received = all_gather_object(data, group)
    return received if get_rank(group) == dst or len(received) == 1 else None


def broadcast_object_list(data: list[Any], src: int = 0, group: Group = None) -> None:
    """Send a list of objects from the process of rank `src` to all, in place.

    From: mmengine 0.10 `broadcast_object_list`.
    """
    if get_world_size(group) > 1:
        dist.broadcast_object_list(data, src, group)


def collect_results(
    results: list[Any], size: int, device: str = "cpu", tmpdir: str | None = None
) -> list[Any] | None:
    """Put together the results of all processes, each of which took every n-th sample.

    Args:
        results: Those of this process.
        size: Number of samples; what was added to fill the last round is cut off.
        device: 'cpu', 'gpu' or 'npu'; the results are the same.
        tmpdir: Accepted; nothing is written.

    Returns:
        All results in the order of the samples in the process of rank 0, None elsewhere.

    From: mmengine 0.10 `collect_results`.
    """
    if device not in ("cpu", "gpu", "npu"):
        raise ValueError(f"device must be 'cpu', 'gpu' or 'npu', got {device!r}")
    parts = gather_object(results)
    if parts is None:
        return None
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*parts))
    return [result for result in rounds if result is not None or len(parts) == 1][:size]


def collect_results_cpu(
    result_part: list[Any], size: int, tmpdir: str | None = None
) -> list[Any] | None:
    """Put together the results of all processes; see `collect_results`."""
    return collect_results(result_part, size, "cpu", tmpdir)


def collect_results_gpu(result_part: list[Any], size: int) -> list[Any] | None:
    """Put together the results of all processes; see `collect_results`."""
    return collect_results(result_part, size, "gpu")


def sync_random_seed(group: Group = None) -> int:
    """Return a random seed that is the same in all processes.

    From: mmengine 0.10 `sync_random_seed`.
    """
    return _share(np.random.randint(2**31), group)


def share_seed(seed: int | None = None, device: str | None = None) -> int:
    """Return the seed of the first process, drawn where none is given, in all processes.

    Args:
        seed: The seed; None to draw one.
        device: Kept for users' code; the process group tells the device.

    From: mmcls 0.25 `sync_random_seed`.
    """
    return _share(np.random.randint(2**31) if seed is None else seed, None)


def _share(seed: int, group: Group) -> int:
    shared = torch.tensor(seed, dtype=torch.int64)
    broadcast(shared, 0, group)
    return int(shared)
