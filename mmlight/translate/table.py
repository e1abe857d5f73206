"""Turns one `dict(type='X', ...)` into a `Call`, by a table of rows and the user's registry.

A row says which class of ours an mm type becomes. Arguments keep their mm names unless the row
renames them; they are checked against the signature of the class when it is built, so a row does
not list them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mmlight.errors import UnsupportedTypeError, list_names, nearest_name
from mmlight.read.node import ConfigDict, to_plain
from mmlight.registry import Registry
from mmlight.spec import Call
from mmlight.translate.section import Section

ORIGINALS = ("mmpretrain", "mmcls", "mmengine", "mmcv")
SCOPES = (*ORIGINALS, "torchvision", "torch")


def bare_name(name: Any) -> Any:
    """Drop the scope of a type; whatever is no scoped name stays.

    Examples:
        >>> bare_name("mmpretrain.ResNet"), bare_name("my_package.nets.Net"), bare_name(None)
        ('ResNet', 'my_package.nets.Net', None)
    """
    scope, _, bare = name.rpartition(".") if isinstance(name, str) else ("", "", name)
    return bare if scope in SCOPES else name


@dataclass(frozen=True)
class Row:
    """What one mm type becomes.

    Args:
        name: The mm type.
        target: Import path of the class that replaces it.
        rename: Arguments that have another name here, mm name first.
        ignore: Arguments without effect here, with the reason.
        extra: Arguments that every call of this type gets besides its own.
    """

    name: str
    target: str
    rename: Mapping[str, str] = field(default_factory=dict)
    ignore: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


class Table:
    """The rows of one kind of thing, and the registry that users add to.

    Args:
        kind: What the rows describe, for error texts: 'transform', 'dataset', ...
        rows: The built-in types.
        registry: The user's own types.
        file: File of the rows, named in the error for an unknown type.
        nested: Arguments that hold dicts to translate as well, with the table that knows them.
    """

    def __init__(
        self,
        kind: str,
        rows: Iterable[Row],
        registry: Registry,
        *,
        file: str,
        nested: Mapping[str, Callable[[], "Table"]] | None = None,
    ) -> None:
        self.kind = kind
        self.rows = {row.name: row for row in rows}
        self.registry = registry
        self.file = file
        self.nested = dict(nested or {})

    def translate(self, section: Section, default: str | None = None) -> Call | None:
        """Translate one dict; None, with the problem recorded, when its type is unknown.

        Args:
            section: The dict, with a `type` key.
            default: The type when the key is missing.
        """
        name = section.take("type", default)
        row = self._find(name)
        if row is None:
            self._refuse(section, name)
            return None
        kwargs: dict[str, Any] = dict(row.extra)
        origins = {}
        for key, reason in row.ignore.items():
            section.ignore(reason, key)
        for key in section.leftover:
            section.take(key)
            new = row.rename.get(key, key)
            kwargs[new] = self._argument(section, key)
            origins[new] = section.origin_of(key)
        origin = section.origin_of("type")
        return Call(row.target, kwargs, path=section.path, origins=origins, origin=origin)

    def translate_list(self, section: Section, key: str) -> list[Call]:
        """Translate a list of dicts; a single dict counts as a list of one."""
        calls = [self.translate(item) for item in section.take_list(key)]
        return [call for call in calls if call is not None]

    def translate_nested(self, section: Section, key: str) -> Call | list[Call] | None:
        """Translate a dict into one call, a list of dicts into a list."""
        if isinstance(section.node[key], ConfigDict):
            return self.translate(section.take_section(key))
        return self.translate_list(section, key)

    def _argument(self, section: Section, key: str) -> Any:
        value = section.node[key]
        if value is None and key == "init_cfg":
            return []  # in mm None keeps torch's values, here it means the class's own default
        if key not in self.nested or not _holds_type(value):
            return to_plain(value)
        return self.nested[key]().translate_nested(section, key)

    def _find(self, name: Any) -> Row | None:
        if isinstance(name, type) or (callable(name) and hasattr(name, "__qualname__")):
            return Row(name.__name__, f"{name.__module__}.{name.__qualname__}")
        bare = bare_name(name)
        if not isinstance(bare, str):
            return None
        if bare in self.rows:
            return self.rows[bare]
        own = self.registry.get(bare)
        if own is not None:
            return Row(bare, f"{own.__module__}.{own.__qualname__}")
        is_path = "." in bare and bare.split(".")[0] not in ORIGINALS
        return Row(bare, bare) if is_path else None

    def _refuse(self, section: Section, name: Any) -> None:
        known = [*self.rows, *self.registry]
        error = UnsupportedTypeError(
            section.key_path("type"),
            f"unknown {self.kind} type {name!r}" if name else f"the {self.kind} has no type",
            origin=section.origin_of("type"),
            expected=list_names(known),
            nearest=nearest_name(str(name).rpartition(".")[2], known),
            next_step=f"Correct the name, or register your class (rows: {self.file}).",
        )
        section.report.errors.append(error)


def _holds_type(value: Any) -> bool:
    """Tell whether a value is a `dict(type=...)` or a list of them."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(_holds_type(item) for item in value)
    return isinstance(value, ConfigDict) and "type" in value
