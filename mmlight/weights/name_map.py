"""Turns the parameter names of a live module into the names of the original, and back.

A module whose names differ offers `name_rules`: a tuple of `NameRule` or `PathRule`, written
ours -> original, the first match wins. Modules without rules keep their names. The inverse is the
inverted dict over the module's real names, so a rule is written once. Entries that only the
original's state dict has, such as index tables, are offered by a method `mm_constants`, under the
original's names.

To add a family: 1. write its rules beside its backbone class; 2. give the class the attribute
`name_rules`; 3. tests/reference/test_corpus_models.py then compares names, shapes and values with
the original.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from torch import Tensor, nn

from mmlight.errors import WeightsError


@dataclass(frozen=True)
class TensorTransform:
    """A change of layout that goes with a change of name; the two directions undo each other.

    Args:
        to_mm: Turns our tensor into the original's layout.
        to_ours: Turns the original's tensor into our layout.
    """

    to_mm: Callable[[Tensor], Tensor]
    to_ours: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class NameRule:
    r"""One renaming.

    Args:
        ours: Regular expression that must match our whole name, relative to the module that offers
            the rule.
        mm: Replacement text for the original's name; `\1` is the first group.
        transform: Change of layout, where one is needed.

    Examples:
        >>> NameRule(r"blocks\.(\d+)\.(.+)", r"layers.\1.\2").rename("blocks.3.bias")
        'layers.3.bias'
    """

    ours: str
    mm: str
    transform: TensorTransform | None = None

    def rename(self, name: str) -> str | None:
        """Return the original's name, or None when the rule does not match."""
        match = re.fullmatch(self.ours, name)
        return match.expand(self.mm) if match else None

    def below(self, path: str) -> "NameRule":
        """Return the rule for names that begin with the module name `path` on both sides."""
        prefix = re.escape(path)
        return NameRule(rf"{prefix}\.{self.ours}", f"{path}.{self.mm}", self.transform)


@dataclass(frozen=True)
class PathRule:
    """Renamings by a table of module names; the last word of a name, such as `weight`, stays.

    Args:
        paths: Name of one of our modules -> the original's.

    Examples:
        >>> PathRule({"network.bn1": "layers.0.bn"}).rename("network.bn1.bias")
        'layers.0.bn.bias'
    """

    paths: Mapping[str, str]
    transform: None = None

    def rename(self, name: str) -> str | None:
        """Return the original's name, or None when no module of the table has this parameter."""
        path, _, leaf = name.rpartition(".")
        return f"{self.paths[path]}.{leaf}" if path in self.paths else None

    def below(self, path: str) -> "PathRule":
        """Return the rule for names that begin with the module name `path` on both sides."""
        return PathRule({f"{path}.{ours}": f"{path}.{mm}" for ours, mm in self.paths.items()})


Rule: TypeAlias = NameRule | PathRule


class Renamed(NamedTuple):
    """A state dict under its new names, and the keys that no name fits (left out of `state`)."""

    state: dict[str, Tensor]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class NameMap:
    """A one-to-one map between our state-dict names and the original's.

    Args:
        to_mm: Our name -> the original's name, in the order of the module's state dict.
        transforms: Our name -> change of layout, only where there is one.
        constants: Entries that only the original has, by its name; computed, never trained.

    Raises:
        WeightsError: If two of our names get the same name of the original.

    Examples:
        >>> names = NameMap({"network.fc.weight": "fc.weight"})
        >>> names.to_ours["fc.weight"]
        'network.fc.weight'
    """

    to_mm: Mapping[str, str]
    transforms: Mapping[str, TensorTransform] = field(default_factory=dict)
    constants: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for ours, mm in self.to_mm.items():
            if mm in seen:
                raise WeightsError(mm, f"both '{seen[mm]}' and '{ours}' get this original name")
            seen[mm] = ours
        object.__setattr__(self, "_to_ours", seen)

    @property
    def to_ours(self) -> dict[str, str]:
        """The original's name -> our name."""
        inverse: dict[str, str] = self.__dict__["_to_ours"]
        return inverse

    def state_dict_to_mm(self, state: Mapping[str, Tensor]) -> Renamed:
        """Rename a state dict of ours; keys that the module does not have are reported."""
        renamed = {
            self.to_mm[name]: self.transforms[name].to_mm(value)
            if name in self.transforms
            else value
            for name, value in state.items()
            if name in self.to_mm
        }
        renamed.update(self.constants)
        return Renamed(renamed, tuple(name for name in state if name not in self.to_mm))

    def state_dict_to_ours(self, state: Mapping[str, Tensor]) -> Renamed:
        """Rename a state dict of the original; keys that the module does not have are reported."""
        renamed: dict[str, Tensor] = {}
        unknown: list[str] = []
        for mm, value in state.items():
            name = self.to_ours.get(mm)
            if name is None:
                if mm not in self.constants:
                    unknown.append(mm)
            else:
                transform = self.transforms.get(name)
                renamed[name] = transform.to_ours(value) if transform else value
        return Renamed(renamed, tuple(unknown))


def name_map(module: nn.Module, prefix: str = "") -> NameMap:
    """Map the state-dict names of a live module, a whole classifier included, to the original's.

    Args:
        module: The module; it, or modules below it, may offer `name_rules`. The topmost rules
            govern all names below them.
        prefix: Put in front of the names of both sides, with its dot, such as `backbone.`.

    Returns:
        The map over every parameter and persistent buffer of `module`.

    Raises:
        WeightsError: If rules are offered and none matches a name, or two names collide.
    """
    rules_by_path = _collect_rules(module)
    to_mm: dict[str, str] = {}
    transforms: dict[str, TensorTransform] = {}
    for name in find_entries(module):
        path = next((path for path in rules_by_path if name.startswith(path)), None)
        if path is None:
            to_mm[prefix + name] = prefix + name
            continue
        mm, transform = _rename(name[len(path) :], rules_by_path[path], type(module).__name__)
        to_mm[prefix + name] = prefix + path + mm
        if transform is not None:
            transforms[prefix + name] = transform
    return NameMap(to_mm, transforms, _collect_constants(module, prefix))


def find_entries(module: nn.Module) -> dict[str, Tensor]:
    """Return all parameters and persistent buffers by name, in the order of the state dict.

    A module may leave some of them out of its `state_dict()`, as `LoRAModel` does.
    """
    return {
        f"{path}.{name}" if path else name: value
        for path, child in module.named_modules(remove_duplicate=False)
        for name, value in (*child._parameters.items(), *child._buffers.items())
        if value is not None and name not in child._non_persistent_buffers_set
    }


def _collect_constants(module: nn.Module, prefix: str) -> dict[str, Tensor]:
    constants: dict[str, Tensor] = {}
    for path, child in module.named_modules():
        if hasattr(child, "mm_constants"):
            above = prefix + (f"{path}." if path else "")
            constants |= {above + name: value for name, value in child.mm_constants().items()}
    return constants


def _collect_rules(module: nn.Module) -> dict[str, Sequence[Rule]]:
    found: dict[str, Sequence[Rule]] = {}
    for name, child in module.named_modules():  # parents come before their children
        path = f"{name}." if name else ""
        covered = any(path.startswith(above) for above in found)
        if hasattr(child, "name_rules") and not covered:
            found[path] = child.name_rules
    return found


def _rename(name: str, rules: Sequence[Rule], owner: str) -> tuple[str, TensorTransform | None]:
    for rule in rules:
        mm = rule.rename(name)
        if mm is not None:
            return mm, rule.transform
    raise WeightsError(name, f"no name rule of {owner} matches this parameter")
