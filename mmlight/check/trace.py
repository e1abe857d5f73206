"""Runs a network and tells in which layer it failed, and why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.check.construct import is_about_meta

# layers by the attribute that says how many values they take, and the dimension that holds them
WIDTHS = (
    (nn.Linear, "in_features", -1),
    (nn.modules.conv._ConvNd, "in_channels", 1),
    (nn.modules.batchnorm._BatchNorm, "num_features", 1),
)


@dataclass(frozen=True)
class Failure:
    """Why a network could not be run.

    Args:
        error: What was raised.
        name: Dotted name of the innermost module that was running; empty for the whole.
        layer: That module.
        shapes: Shapes of its tensor arguments.
    """

    error: Exception
    name: str
    layer: nn.Module
    shapes: tuple[tuple[int, ...], ...]

    @property
    def is_about_meta(self) -> bool:
        """Whether the network may be right but needs values, which meta tensors do not have."""
        return is_about_meta(self.error)

    @property
    def widths(self) -> tuple[int, int] | None:
        """The number of channels that the layer takes and the one it got, where they differ."""
        for kind, attribute, dim in WIDTHS:
            if isinstance(self.layer, kind) and self.shapes and len(self.shapes[0]) > 1:
                wanted, got = getattr(self.layer, attribute), self.shapes[0][dim]
                return None if wanted == got else (wanted, got)
        return None

    def __str__(self) -> str:
        kind = type(self.layer).__name__
        what = f"its layer {self.name!r} ({kind})" if self.name else kind
        if self.widths is not None:
            return f"{what} takes {self.widths[0]} channels, it got {self.shapes[0]}"
        text = " ".join(str(self.error).split()).rstrip(".")
        got = f" with {' and '.join(map(str, self.shapes))}" if self.shapes else ""
        return f"{what} fails{got}: {text}"


def run_traced(module: nn.Module, run: Callable[[], Any]) -> tuple[Any, Failure | None]:
    """Run something that uses a module, without gradients.

    Args:
        module: Whose layers are watched.
        run: Uses it.

    Returns:
        What `run` returned and None, or None and why it failed.
    """
    with _watched(module) as running, torch.no_grad():
        try:
            return run(), None
        except Exception as error:
            name, layer, shapes = running[-1] if running else ("", module, ())
            return None, Failure(error, name, layer, shapes)


@contextmanager
def _watched(module: nn.Module) -> Iterator[list[tuple[str, nn.Module, Any]]]:
    """Keep a stack of the modules that are running, outermost first."""
    running: list[tuple[str, nn.Module, Any]] = []
    handles = []
    for name, layer in module.named_modules():

        def enter(layer: nn.Module, inputs: Any, name: str = name) -> None:
            running.append((name, layer, tuple(shapes_of(inputs))))

        def leave(*_: Any) -> None:
            running.pop()

        handles += [layer.register_forward_pre_hook(enter), layer.register_forward_hook(leave)]
    try:
        yield running
    finally:
        for handle in handles:
            handle.remove()


def shapes_of(value: Any) -> list[tuple[int, ...]]:
    """Return the shapes of the tensors in nested lists and tuples.

    Examples:
        >>> shapes_of((torch.zeros(2, 3), [torch.zeros(4)], None))
        [(2, 3), (4,)]
    """
    if isinstance(value, Tensor):
        return [tuple(value.shape)]
    if isinstance(value, (list, tuple)):
        return [shape for item in value for shape in shapes_of(item)]
    return []
