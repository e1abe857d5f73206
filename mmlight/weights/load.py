"""Puts the weights of a checkpoint into a live module, whichever names the file uses."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from mmlight.errors import WeightsError, list_names
from mmlight.weights.dialects import translate_dialect
from mmlight.weights.name_map import name_map
from mmlight.weights.read import find_state_dict, read_checkpoint

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
        dropped: Names of the head whose shapes differ; they keep their values.

    Examples:
        >>> print(LoadReport(loaded=("a", "b"), missing=("c",), unexpected=(), dropped=()))
        2 tensors loaded; 1 missing: c
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    dropped: tuple[str, ...]

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
        return text


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
    state = find_state_dict(read_checkpoint(pretrained.checkpoint, lazily=lazily))
    if not pretrained.prefix:
        return state
    return _select(state, pretrained.prefix.rstrip(".") + ".", pretrained.checkpoint)


def load_weights(module: nn.Module, location: str) -> LoadReport:
    """Load a checkpoint file or address into a module, as `load_from` does.

    Raises:
        WeightsError: If it cannot be read or does not fit.
    """
    return load_state(module, find_state_dict(read_checkpoint(location)), location)


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
    level = logging.WARNING if report.missing or report.dropped else logging.INFO
    _logger.log(level, "%s: %s", location, report)
    return report


def match_state(
    module: nn.Module, state: Mapping[str, Tensor], location: str
) -> tuple[dict[str, Tensor], LoadReport]:
    """Return the entries of a state dict that fit a module, under its names, changing nothing.

    Args and errors are those of `load_state`; the module may be on the meta device.
    """
    own = module.state_dict()
    fitting, unexpected = _rename(module, state, own)
    if not fitting:
        raise _no_fit(module, state, location)
    dropped = tuple(name for name in fitting if fitting[name].shape != own[name].shape)
    _check_shapes({name: fitting[name] for name in dropped}, own, location)
    values = {name: value for name, value in fitting.items() if name not in dropped}
    missing = tuple(
        name for name in own if name not in fitting and "num_batches_tracked" not in name
    )
    return values, LoadReport(tuple(values), missing, unexpected, dropped)


def _rename(
    module: nn.Module, state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Return the entries that fit, under our names, and the names that do not.

    Of all namings that we know, the one that fits best is taken.
    """
    names = name_map(module)
    candidates = []
    for candidate in (dict(state), translate_dialect(state, module)):
        ours = {name: value for name, value in candidate.items() if name in own}
        renamed = names.state_dict_to_ours(candidate)
        candidates.append((ours, tuple(name for name in candidate if name not in own)))
        candidates.append((renamed.state, renamed.unknown))
    return max(candidates, key=lambda pair: len(pair[0]))


def _select(state: Mapping[str, Tensor], prefix: str, location: str) -> dict[str, Tensor]:
    selected = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
    if not selected:
        raise WeightsError(
            location,
            f"no tensor has the prefix {prefix!r}",
            expected=list_names({name.split(".")[0] for name in state}),
            next_step="Correct `prefix`, or remove it when the checkpoint holds the bare module.",
        )
    return selected


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
        next_step="Use a checkpoint of the same architecture, or set its prefix.",
    )


def _sample(names: Mapping[str, object]) -> str:
    return ", ".join(list(names)[:3])
