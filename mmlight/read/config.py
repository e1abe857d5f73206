"""STAGE 1: turns a config file into a `Config` whose every leaf knows its file and line."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.dump import to_python
from mmlight.read.merge import set_by_path
from mmlight.read.node import ConfigDict, Origin, copy_tree, known_origin, to_nodes, to_plain
from mmlight.read.overrides import parse_overrides
from mmlight.read.text import read_text
from mmlight.spec import Note

OVERRIDE = "--cfg-options"
"""How the origin of an override begins."""


class Config:
    """A config: nested dicts with attribute access, as `mmcv.Config` and `mmengine.Config`.

    Args:
        values: The entries, plain dicts or nodes.
        filename: The file that they come from.
        text: The text of that file and its bases.
        names_read: Top-level names that the files use as helper variables.
        notes: What was ignored so far, and why.

    Examples:
        >>> config = Config({"model": {"backbone": {"depth": 50}}})
        >>> config.merge_from_dict({"model.backbone.depth": 101})
        >>> config.model.backbone.depth
        101
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        filename: str | None = None,
        text: str = "",
        names_read: frozenset[str] = frozenset(),
        notes: Sequence[Note] = (),
    ) -> None:
        nodes: ConfigDict = copy_tree(to_nodes(values if values is not None else {}))
        object.__setattr__(self, "values", nodes)
        object.__setattr__(self, "filename", filename)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "names_read", names_read)
        object.__setattr__(self, "notes", tuple(notes))

    values: ConfigDict
    filename: str | None
    text: str
    names_read: frozenset[str]
    notes: tuple[Note, ...]

    @classmethod
    def fromfile(cls, filename: str | Path) -> "Config":
        """Read a Python config file with its bases.

        Raises:
            ConfigError: If it cannot be read; see `mmlight.read.text.read_text`.
        """
        path = Path(filename).expanduser()
        if path.suffix != ".py":
            raise ConfigError(
                str(filename),
                "this is a folder"
                if path.is_dir()
                else f"no config has the suffix {path.suffix!r}",
                expected="a .py file of mm, or YAML that --print_config wrote",
                next_step="Name the config file.",
            )
        file = read_text(path)
        return cls(
            file.values,
            filename=str(filename),
            text=file.text,
            names_read=frozenset(file.names_read),
        )

    def origin(self, key: str) -> Origin | None:
        """Return where the value at a dotted key path was set.

        Args:
            key: For example `data.train.pipeline.1.size`.

        Returns:
            The file and line, or of the nearest container that knows one; None for values set from
            Python.

        Raises:
            KeyError: If there is no such key.
        """
        node: Any = self.values
        found = None
        for name in key.split("."):
            step = int(name) if isinstance(node, (list, tuple)) else name
            found = known_origin(node, step) or found
            node = node[step]
        return found

    def merge_from_dict(self, options: Mapping[str, Any], origin: str = "merge_from_dict") -> None:
        """Override entries in place by dotted key paths; list items by index.

        Args:
            options: For example `{"model.backbone.depth": 101, "data.train.pipeline.1.size": 32}`.
            origin: What the overridden entries name as their origin.

        Raises:
            ConfigError: If a path leads through a leaf or past the end of a list.
        """
        for key, value in options.items():
            where = Origin(f"{origin} {key}={value}")
            set_by_path(self.values, key, to_nodes(value, where), where)

    def to_dict(self) -> dict[str, Any]:
        """Return plain nested dicts and lists; tuples stay tuples."""
        plain: dict[str, Any] = to_plain(self.values)
        return plain

    @property
    def pretty_text(self) -> str:
        """The resolved config as Python text."""
        return to_python(self.to_dict())

    def dump(self, file: str | Path) -> None:
        """Write the resolved config as a Python file that reads back to the same values."""
        Path(file).write_text(self.pretty_text, encoding="utf-8")

    def get(self, key: str, default: Any = None) -> Any:
        """Return a top-level entry or the default."""
        return self.values.get(key, default)

    def copy(self) -> "Config":
        """Return a copy of the whole tree, with all origins."""
        return self.replace_values(self.values)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Config":
        return self.replace_values(copy.deepcopy(self.values, memo))

    def replace_values(self, values: ConfigDict, notes: Sequence[Note] = ()) -> "Config":
        """Return a Config with other entries and more notes, that comes from the same files."""
        return Config(
            values,
            filename=self.filename,
            text=self.text,
            names_read=self.names_read,
            notes=(*self.notes, *notes),
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "values":
            raise AttributeError(name)
        return getattr(self.values, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.values.put(name, to_nodes(value), None)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.values.put(key, to_nodes(value), None)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __repr__(self) -> str:
        return f"Config({self.filename!r}: {', '.join(self.values)})"


def read_config(
    source: str | Path | Config, overrides: list[str] | Mapping[str, Any] | None = None
) -> Config:
    """Read a config and apply overrides.

    Args:
        source: A file, or a Config, which is copied.
        overrides: `["key=value", ...]` as on the command line, or a mapping of dotted keys to
            values.

    Raises:
        ConfigError: If the file cannot be read or an override does not fit it.
    """
    config = source.copy() if isinstance(source, Config) else Config.fromfile(source)
    if overrides:
        options = overrides if isinstance(overrides, Mapping) else parse_overrides(overrides)
        config.merge_from_dict(options, origin=OVERRIDE)
    return config
