"""Puts the weights of a checkpoint into a live module, whichever names the file uses."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from mmlight.errors import WeightsError
from mmlight.models.initialize import Pretrained
from mmlight.weights.dialects import translate_dialect
from mmlight.weights.name_map import name_map
from mmlight.weights.read import find_state_dict, read_checkpoint

HEAD = "head."
_logger = logging.getLogger("mmlight")


@dataclass(frozen=True)
class LoadReport:
    """What became of the entries of a checkpoint.

    Args:
        loaded: Names of ours that got a value.
        missing: Names of ours that the checkpoint does not have; they keep their values.
        unexpected: Names of the checkpoint that the module does not have.
        dropped: Names of the head whose shapes differ; they keep their values.
    """

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    dropped: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{len(self.loaded)} tensors loaded"
        for label in ("missing", "unexpected", "dropped"):
            names: tuple[str, ...] = getattr(self, label)
            if names:
                shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
                text += f"; {len(names)} {label}: {shown}"
        return text


def load_pretrained(module: nn.Module, pretrained: Pretrained) -> None:
    """Load what an `init_cfg=dict(type='Pretrained', ...)` asks for into the module that has it.

    Raises:
        WeightsError: If the file cannot be read, has nothing under the prefix, or does not fit.
    """
    state = find_state_dict(read_checkpoint(pretrained.checkpoint))
    if pretrained.prefix:
        state = _select(state, pretrained.prefix.rstrip(".") + ".", pretrained.checkpoint)
    report = load_state(module, state, pretrained.checkpoint)
    _logger.info("%s: %s", pretrained.checkpoint, report)


def load_weights(module: nn.Module, location: str) -> LoadReport:
    """Load a checkpoint file or address into a module, as `load_from` does.

    Raises:
        WeightsError: If it cannot be read or does not fit.
    """
    return load_state(module, find_state_dict(read_checkpoint(location)), location)


def load_state(module: nn.Module, state: Mapping[str, Tensor], location: str) -> LoadReport:
    """Load a state dict in our names, the original's names, or a dialect that we know.

    Args:
        module: Gets the values in place.
        state: Tensors by name.
        location: Where they come from, for error texts.

    Raises:
        WeightsError: If no name fits, or a shape outside the head differs.
    """
    own = module.state_dict()
    fitting, unexpected = _rename(module, state, own)
    if not fitting:
        raise WeightsError(
            location,
            f"none of its {len(state)} tensors fits the model; it has {_sample(state)}",
            expected=f"names such as {_sample(name_map(module).to_ours)}",
            next_step="Use a checkpoint of the same architecture, or set its prefix.",
        )
    dropped = tuple(name for name in fitting if fitting[name].shape != own[name].shape)
    wrong = [name for name in dropped if not name.startswith(HEAD)]
    if wrong:
        name = wrong[0]
        raise WeightsError(
            location,
            f"{len(wrong)} tensors have another shape, the first is {name!r} with "
            f"{tuple(fitting[name].shape)}",
            expected=f"shape {tuple(own[name].shape)}",
            next_step="Use a checkpoint of the same architecture.",
        )
    values = {name: value for name, value in fitting.items() if name not in dropped}
    module.load_state_dict(values, strict=False)
    missing = tuple(
        name for name in own if name not in fitting and "num_batches_tracked" not in name
    )
    report = LoadReport(tuple(values), missing, unexpected, dropped)
    if missing or dropped:
        _logger.warning("%s: %s", location, report)
    return report


def _rename(
    module: nn.Module, state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Return the entries that fit under our names.

    The names that do not, for the naming that fits best.
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
            expected="one of " + ", ".join(sorted({name.split(".")[0] for name in state})),
            next_step="Correct `prefix`, or remove it when the checkpoint holds the bare module.",
        )
    return selected


def _sample(names: Mapping[str, object]) -> str:
    return ", ".join(list(names)[:3])
