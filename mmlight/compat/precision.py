"""Decorators by which users' code says what runs in half and what in full precision.

The precision itself is the Trainer's (`--trainer.precision`, or `fp16` / `AmpOptimWrapper` in the
config). A module takes part when it has an attribute `fp16_enabled`, as in mmcv, and while the
Trainer computes in mixed precision or that attribute is True.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from inspect import getfullargspec
from typing import Any

import torch
from torch import Tensor, nn

_HALF = (torch.float16, torch.bfloat16)
_DEVICES = ("cuda", "cpu")
Method = Callable[..., Any]


def auto_fp16(
    apply_to: Iterable[str] | None = None,
    out_fp32: bool = False,
    supported_types: tuple[type, ...] = (nn.Module,),
) -> Callable[[Method], Method]:
    """Let a method of a module get some arguments in half precision.

    Args:
        apply_to: Names of the arguments; None for all.
        out_fp32: Turn what it returns to full precision.
        supported_types: Classes whose methods may be decorated.

    From: mmcv 1.7 `auto_fp16`. There it also switches mixed precision on; here the Trainer does.
    """

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def run(module: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(module, supported_types):
                raise TypeError(f"auto_fp16 is for methods of {supported_types}, got {module!r}")
            dtype = _mixed_dtype(module)
            if dtype is None:
                return method(module, *args, **kwargs)
            args, kwargs = _cast_arguments(method, args, kwargs, apply_to, (torch.float32,), dtype)
            output = method(module, *args, **kwargs)
            return _cast(output, _HALF, torch.float32) if out_fp32 else output

        return run

    return decorate


def force_fp32(
    apply_to: Iterable[str] | None = None, out_fp16: bool = False
) -> Callable[[Method], Method]:
    """Let a method of a module compute in full precision.

    Args:
        apply_to: Names of the arguments to turn to full precision; None for all.
        out_fp16: Turn what it returns to half precision.

    From: mmcv 1.7 `force_fp32`.
    """

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def run(module: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(module, nn.Module):
                raise TypeError(f"force_fp32 is for methods of modules, got {module!r}")
            dtype = _mixed_dtype(module)
            if dtype is None:
                return method(module, *args, **kwargs)
            args, kwargs = _cast_arguments(method, args, kwargs, apply_to, _HALF, torch.float32)
            with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
                output = method(module, *args, **kwargs)
            return _cast(output, (torch.float32,), dtype) if out_fp16 else output

        return run

    return decorate


def wrap_fp16_model(model: nn.Module) -> None:
    """Set `fp16_enabled` of every module that has it; the Trainer's precision does the rest.

    From: mmcv 1.7 `wrap_fp16_model`.
    """
    for module in model.modules():
        if hasattr(module, "fp16_enabled"):
            module.fp16_enabled = True  # type: ignore[assignment]


def _mixed_dtype(module: object) -> torch.dtype | None:
    """Return the half type that a module computes in now; None for full precision."""
    if not hasattr(module, "fp16_enabled"):
        return None
    for device in _DEVICES:
        if torch.is_autocast_enabled(device):
            return torch.get_autocast_dtype(device)
    return torch.float16 if module.fp16_enabled else None


def _cast_arguments(
    method: Method,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    apply_to: Iterable[str] | None,
    source: tuple[torch.dtype, ...],
    target: torch.dtype,
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    names = getfullargspec(method).args
    chosen = set(names if apply_to is None else apply_to)

    def convert(name: str, value: Any) -> Any:
        return _cast(value, source, target) if name in chosen else value

    own = names[1 : len(args) + 1]
    rest = args[len(own) :]  # those behind a `*`, which have no names
    return (
        (*(convert(name, value) for name, value in zip(own, args, strict=False)), *rest),
        {name: convert(name, value) for name, value in kwargs.items()},
    )


def _cast(value: Any, source: tuple[torch.dtype, ...], target: torch.dtype) -> Any:
    """Convert the tensors of the given types in nested dicts and sequences."""
    if isinstance(value, Tensor):
        return value.to(target) if value.dtype in source else value
    if isinstance(value, Mapping):
        return type(value)({k: _cast(v, source, target) for k, v in value.items()})  # type: ignore[call-arg]
    if isinstance(value, list | tuple):
        return type(value)(_cast(item, source, target) for item in value)
    return value
