"""Puts the weights of a checkpoint into a live module, whichever names the file uses."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmlight.errors import WeightsError
from mmlight.weights.name_map import find_entries, name_map
from mmlight.weights.namings import find_naming
from mmlight.weights.read import (
    REVISE_KEYS,
    ReviseKeys,
    find_weights,
    read_checkpoint,
    read_state,
    select_part,
)
from mmlight.weights.timm_names import explain_difference

if TYPE_CHECKING:
    from mmlight.models.initialize import Pretrained

HEAD = "head."
_SHOWN = 5
_logger = logging.getLogger("mmlight")


@dataclass(frozen=True)
class LoadReport:
    """What became of the entries of a checkpoint.

    Args:
        loaded: Names of ours that got a value.
        missing: Names of ours that the checkpoint does not have; they keep their values.
        unexpected: Names of the checkpoint that the module does not have.
        dropped: Names of layers of the head whose shapes differ; they keep their values.
        words: Whose names the checkpoint speaks: 'mmlight', 'mm', 'timm', ...
        caution: Why the module computes something else with these weights; mostly nothing.

    Examples:
        >>> print(LoadReport(loaded=("a", "b"), missing=("c",), unexpected=(), dropped=()))
        2 tensors loaded; 1 missing: c
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    dropped: tuple[str, ...]
    words: str = field(default="", compare=False)
    caution: str = field(default="", compare=False)

    @property
    def is_exact(self) -> bool:
        """Whether every tensor has found its place, and every place its tensor."""
        return not (self.missing or self.unexpected or self.dropped)

    def __str__(self) -> str:
        text = f"{len(self.loaded)} tensors loaded"
        for label, names in (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("dropped, for their shapes differ", self.dropped),
        ):
            if names:
                shown = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
                text += f"; {len(names)} {label}: {shown}"
        return text + (f"; other logits: {self.caution}" if self.caution else "")


def load_pretrained(module: nn.Module, pretrained: "Pretrained") -> None:
    """Load what an `init_cfg=dict(type='Pretrained', ...)` asks for into the module that has it.

    Raises:
        WeightsError: If the file cannot be read, has nothing under the prefix, or does not fit.
    """
    load_state(module, read_pretrained(pretrained), pretrained.checkpoint)


def read_pretrained(pretrained: "Pretrained", *, lazily: bool = False) -> dict[str, Tensor]:
    """Return the part of a checkpoint that an `init_cfg` asks for; see `read_checkpoint`.

    Raises:
        WeightsError: If the file cannot be read or has nothing under the prefix.
    """
    location = pretrained.checkpoint
    state = read_state(location, map_location=pretrained.map_location, lazily=lazily)
    return select_part(state, pretrained.prefix, location) if pretrained.prefix else state


def load_weights(
    module: nn.Module,
    location: str,
    *,
    prefix: str | None = None,
    revise_keys: ReviseKeys = REVISE_KEYS,
    map_location: str | torch.device = "cpu",
) -> LoadReport:
    """Load a checkpoint file or address into a module, as `load_from` does.

    Args:
        module: Gets the values in place.
        location: See `read_checkpoint`.
        prefix: Load only the entries under this name, such as `backbone`.
        revise_keys: Pairs of a regular expression and what replaces it in every name.
        map_location: The device that the tensors are read to.

    Raises:
        WeightsError: If it cannot be read or does not fit.
    """
    state = read_state(location, revise_keys=revise_keys, map_location=map_location)
    return load_state(module, select_part(state, prefix, location) if prefix else state, location)


def load_whole_state(module: nn.Module, state: Mapping[str, Tensor], location: str) -> None:
    """Load a state dict that must fill every parameter, as that of a trained model does.

    Args:
        module: Gets the values in place.
        state: Tensors by name.
        location: Where they come from, for error texts.

    Raises:
        WeightsError: If it does not fit, or leaves a parameter as it was.

    From: mmcv 1.7 and mmengine 0.10 `load_checkpoint`, which evaluate random layers then.
    """
    report = load_state(module, state, location)
    parameters = dict(module.named_parameters())
    left = [name for name in (*report.dropped, *report.missing) if name in parameters]
    if left:
        kind = "has another shape in" if left[0] in report.dropped else "is not in"
        raise WeightsError(
            location,
            f"{len(left)} of {len(parameters)} parameters would stay random: "
            f"{left[0]!r} {kind} the checkpoint",
            expected="the weights of this model, head and classes included",
            next_step="Name a checkpoint of this config, or set the number of classes of its head.",
        )


def load_checkpoint(
    model: nn.Module,
    filename: str,
    map_location: str | torch.device | None = None,
    strict: bool = False,
    logger: logging.Logger | str | None = None,
    revise_keys: ReviseKeys = REVISE_KEYS,
) -> dict[str, Any]:
    """Load a checkpoint into a module and return all that it holds; for users' own code.

    Args:
        model: Gets the values in place.
        filename: See `read_checkpoint`.
        map_location: The device that the tensors are read to; None for the CPU.
        strict: Whether names that are missing, unexpected or of another shape are an error.
        logger: Not used: mmlight's own logger reports.
        revise_keys: Pairs of a regular expression and what replaces it in every name.

    Raises:
        WeightsError: If it cannot be read or does not fit.

    From: mmcv 1.7 and mmengine 0.10 `load_checkpoint`, which go on when no name fits.
    """
    content = read_checkpoint(filename, map_location=map_location or "cpu")
    report = load_state(model, find_weights(content, filename, revise_keys), filename)
    if strict and not report.is_exact:
        raise WeightsError(
            filename, f"the checkpoint does not fit exactly: {report}", next_step="Load it loosely."
        )
    return content


def load_state(module: nn.Module, state: Mapping[str, Tensor], location: str) -> LoadReport:
    """Load a state dict in our names, the original's names, or a dialect that we know.

    What was loaded is logged, as a warning when something is missing or dropped.

    Args:
        module: Gets the values in place.
        state: Tensors by name.
        location: Where they come from, for error texts.

    Raises:
        WeightsError: If no name fits, or a shape outside the head differs.

    From: mmcv 1.7 and mmengine 0.10 `load_checkpoint`, which go on when no name fits or when shapes
    differ.
    """
    values, report = match_state(module, state, location)
    module.load_state_dict(values, strict=False)
    is_bad = report.missing or report.dropped or report.caution
    level = logging.WARNING if is_bad else logging.INFO
    _logger.log(level, "%s: %s", location, report)
    return report


def match_state(
    module: nn.Module, state: Mapping[str, Tensor], location: str
) -> tuple[dict[str, Tensor], LoadReport]:
    """Return the entries of a state dict that fit a module, under its names, changing nothing.

    Args and errors are those of `load_state`; the module may be on the meta device.
    """
    own = find_entries(module)
    naming = find_naming(module, state)
    if not naming.fitting:
        raise _no_fit(module, state, location)
    fitting = _fit(module, naming.fitting | naming.other)
    unexpected = tuple(name for name in fitting if name not in own)
    fitting = {name: value for name, value in fitting.items() if name in own}
    differing = [name for name in fitting if fitting[name].shape != own[name].shape]
    _check_shapes({name: fitting[name] for name in differing}, own, location)
    layers = {name.rpartition(".")[0] for name in differing}  # no half of a layer is loaded
    dropped = tuple(name for name in fitting if name.rpartition(".")[0] in layers)
    values = {name: value for name, value in fitting.items() if name not in dropped}
    if not values:
        raise _no_fit(module, state, location)
    missing = tuple(
        name
        for name in module.state_dict()  # what a module does not save, it does not miss
        if name not in fitting and "num_batches_tracked" not in name
    )
    caution = explain_difference(module) if naming.words == "timm" else ""
    return values, LoadReport(tuple(values), missing, unexpected, dropped, naming.words, caution)


def _fit(module: nn.Module, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Let each module that has a method `fit_state` adapt its entries to its own sizes.

    The method gets the entries below its module, under our names or, where we have none, the
    file's, and returns what is to be loaded: position tables of another image size resized.
    """
    fitted = dict(state)
    for path, child in module.named_modules():
        if hasattr(child, "fit_state"):
            prefix = f"{path}." if path else ""
            below = [name for name in fitted if name.startswith(prefix)]
            part = {name.removeprefix(prefix): fitted.pop(name) for name in below}
            fitted |= {prefix + name: value for name, value in child.fit_state(part).items()}
    return fitted


def _check_shapes(
    differing: Mapping[str, Tensor], own: Mapping[str, Tensor], location: str
) -> None:
    """Refuse another architecture; only the head may be made for other classes."""
    wrong = [name for name in differing if not name.startswith(HEAD)]
    if wrong:
        name = wrong[0]
        raise WeightsError(
            location,
            f"{len(wrong)} tensors have another shape, the first is {name!r} with "
            f"{tuple(differing[name].shape)}",
            expected=f"shape {tuple(own[name].shape)}",
            next_step="Use a checkpoint of the same architecture.",
        )


def _no_fit(module: nn.Module, state: Mapping[str, Tensor], location: str) -> WeightsError:
    found = f"it has {_sample(state)}" if state else "it holds none"
    return WeightsError(
        location,
        f"none of its {len(state)} tensors fits the model; {found}",
        expected=f"names such as {_sample(name_map(module).to_ours)}",
        next_step=_advise(module, state),
    )


def _advise(module: nn.Module, state: Mapping[str, Tensor]) -> str:
    """Return the prefix under which something fits, if there is one."""
    for prefix in dict.fromkeys(name.split(".")[0] for name in state):
        below = {n[len(prefix) + 1 :]: v for n, v in state.items() if n.startswith(f"{prefix}.")}
        if len(find_naming(module, below).fitting) > len(below) / 2:
            return f"Set prefix='{prefix}.' to load what is below it."
    return "Use a checkpoint of the same architecture, or set its prefix."


def _sample(names: Mapping[str, object]) -> str:
    return ", ".join(list(names)[:3])
