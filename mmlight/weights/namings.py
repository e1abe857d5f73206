"""Finds out in whose names a checkpoint is: ours, the original's, timm's, or a dialect's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn

from mmlight.weights.dialects import translate_dialects
from mmlight.weights.name_map import NameMap, find_entries, name_map
from mmlight.weights.timm_names import timm_map

WRAPPERS: Final = ("module.", "_orig_mod.", "model.", "net.")
"""What other trainers put in front of every name."""

OLD_LOSS, NEW_LOSS = "head.compute_loss.", "head.loss_module."
"""How the names of a head's loss begin in mmcls 0.25 and in mmpretrain 1.2."""


@dataclass(frozen=True)
class Naming:
    """A state dict in the names of a module, as far as it has them.

    Args:
        words: Whose names they were: 'mmlight', 'mm', 'timm', 'torchvision', ...
        fitting: Tensors by our names.
        other: Tensors that the module does not have, by their names.
    """

    words: str
    fitting: dict[str, Tensor]
    other: dict[str, Tensor]


@dataclass(frozen=True)
class _Candidate:
    words: str
    state: Mapping[str, Tensor]
    names: NameMap
    count: int


def find_naming(module: nn.Module, state: Mapping[str, Tensor]) -> Naming:
    """Rename a state dict for a module, by the naming that fits most of it.

    Args:
        module: A classifier or a part of one; it may be on the meta device.
        state: Tensors by name.
    """
    best = max(_list_candidates(module, state), key=lambda candidate: candidate.count)
    renamed = best.names.state_dict_to_ours(best.state)
    return Naming(best.words, renamed.state, {name: best.state[name] for name in renamed.unknown})


def _list_candidates(module: nn.Module, state: Mapping[str, Tensor]) -> Iterator[_Candidate]:
    own = NameMap({name: name for name in find_entries(module)})
    mm, timm = name_map(module), timm_map(module)
    for bare in _unwrap(state):
        yield _try("mmlight", bare, own)
        yield _try("mm", bare, mm)
        yield _try("mm", {name.replace(OLD_LOSS, NEW_LOSS): bare[name] for name in bare}, mm)
        if timm is not None:
            yield _try("timm", bare, timm)
            for words, renamed in translate_dialects(bare, module):
                yield _try(words, renamed, timm)


def _try(words: str, state: Mapping[str, Tensor], names: NameMap) -> _Candidate:
    return _Candidate(words, state, names, sum(name in names.to_ours for name in state))


def _unwrap(state: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    """Yield a state dict as it is, then without what stands in front of every name."""
    yield state
    wrapper = next((w for w in WRAPPERS if state and all(n.startswith(w) for n in state)), None)
    if wrapper is not None:
        yield from _unwrap({name.removeprefix(wrapper): value for name, value in state.items()})
