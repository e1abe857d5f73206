"""STAGE 1: turns a config file into a `Config` whose every leaf knows its file and line."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.custom_imports import import_custom_modules as import_them
from mmlight.read.dump import to_python, to_text
from mmlight.read.file import ConfigFile, Rules, read_file, read_source
from mmlight.read.imported import name_imported
from mmlight.read.lazy import ImportedModule
from mmlight.read.merge import set_by_path, split_path
from mmlight.read.node import ConfigDict, Origin, copy_tree, known_origin, to_nodes, to_plain
from mmlight.read.origin import origin_of_caller
from mmlight.read.overrides import parse_overrides
from mmlight.read.safe.limits import Budget
from mmlight.read.source import SUFFIXES
from mmlight.spec import Note

OVERRIDE = "--cfg-options"
"""How the origin of an override begins."""


class Config:
    """A config: nested dicts with attribute access, as `mmcv.Config` and `mmengine.Config`.

    Entries are reached as `config.model`, `config["model"]` and by every method of a dict but
    `values`: `config.values` is the tree itself.

    Args:
        cfg_dict: The entries, plain dicts or nodes.
        cfg_text: The text of the file that they come from, and of its bases.
        filename: That file.
        names_read: Top-level names that the files use as helper variables.
        notes: What was ignored so far, and why.
        modules: Modules that the files import by themselves, beside `custom_imports`.

    Raises:
        TypeError: If `cfg_dict` is no mapping.

    Examples:
        >>> config = Config({"model": {"backbone": {"depth": 50}}})
        >>> config.merge_from_dict({"model.backbone.depth": 101})
        >>> config.model.backbone.depth
        101

    From: mmcv 1.7 and mmengine 0.10 `Config`. What a config imports is its dotted path here, in
    mmengine the thing itself. `diff` and `auto_argparser` are left out.
    """

    def __init__(
        self,
        cfg_dict: Mapping[str, Any] | None = None,
        cfg_text: str | None = None,
        filename: str | Path | None = None,
        *,
        names_read: frozenset[str] = frozenset(),
        notes: Sequence[Note] = (),
        modules: Sequence[ImportedModule] = (),
    ) -> None:
        if not isinstance(cfg_dict, (Mapping, type(None))):
            raise TypeError(f"cfg_dict must be a dict, got {cfg_dict!r}")
        nodes: ConfigDict = copy_tree(to_nodes(cfg_dict if cfg_dict is not None else {}))
        object.__setattr__(self, "values", nodes)
        object.__setattr__(self, "filename", None if filename is None else str(filename))
        object.__setattr__(self, "text", cfg_text or "")
        object.__setattr__(self, "names_read", names_read)
        object.__setattr__(self, "notes", tuple(notes))
        object.__setattr__(self, "modules", tuple(modules))

    values: ConfigDict
    filename: str | None
    text: str
    names_read: frozenset[str]
    notes: tuple[Note, ...]
    modules: tuple[ImportedModule, ...]

    @classmethod
    def fromfile(
        cls,
        filename: str | Path,
        use_predefined_variables: bool = True,
        import_custom_modules: bool = True,
        use_environment_variables: bool = True,
        lazy_import: bool | None = None,
        format_python_code: bool = True,
        *,
        safe: bool = False,
    ) -> "Config":
        """Read a Python, YAML or JSON config with its bases.

        Args:
            filename: The file.
            use_predefined_variables: Fill `{{ fileDirname }}` and its kin.
            import_custom_modules: Import the modules that `custom_imports` names.
            use_environment_variables: Fill `{{ $NAME:default }}`.
            lazy_import: Without effect; each file is read as what it is.
            format_python_code: Without effect; `pretty_text` is always formatted.
            safe: Read Python without running it, and import nothing; see
                `mmlight.read.safe.evaluate`.

        Raises:
            ConfigError: If it cannot be read; see `mmlight.read.file.read_file`.
        """
        del lazy_import, format_python_code
        rules = Rules(
            use_predefined_variables, use_environment_variables, Budget() if safe else None
        )
        config = cls._from(read_file(Path(filename).expanduser(), rules), str(filename))
        if import_custom_modules and not safe:
            import_them(config)
        return config

    @classmethod
    def fromstring(cls, cfg_str: str, file_format: str) -> "Config":
        """Read the text of a config; its bases are relative to the working directory.

        Args:
            cfg_str: The text.
            file_format: `.py`, `.yaml`, `.yml` or `.json`.

        Raises:
            ConfigError: If it cannot be read, or the format is another.

        Examples:
            >>> Config.fromstring("model: {depth: 50}", ".yaml").model.depth
            50
        """
        if file_format not in SUFFIXES:
            raise ConfigError(
                "file_format",
                f"no config has the suffix {file_format!r}",
                expected=f"one of {', '.join(SUFFIXES)}",
            )
        return cls._from(read_source(cfg_str, Path(f"<text>{file_format}")), None)

    @classmethod
    def _from(cls, file: ConfigFile, filename: str | None) -> "Config":
        values = name_imported(file.values) if file.imported else file.values
        names_read, modules = file.names_read, file.modules
        return cls(values, file.text, filename, names_read=names_read, modules=modules)

    def origin(self, key: str) -> Origin | None:
        """Return where the value at a dotted key path was set.

        Args:
            key: For example `data.train.pipeline.1.size`, or `data.train.pipeline[1].size`.

        Returns:
            The file and line, or of the nearest container that knows one; None for values that a
            `Config` was made of in Python.

        Raises:
            KeyError: If there is no such key.
        """
        node: Any = self.values
        found = None
        for name in split_path(key):
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
        """The resolved config as Python text, for people to read; live objects as they print."""
        return to_python(self.to_dict(), strict=False)

    def dump(self, file: str | Path | None = None) -> str | None:
        """Write the resolved config so that it reads back to the same values.

        Args:
            file: A `.py`, `.yaml`, `.yml` or `.json` file. When None, the text is returned, in the
                format of the file that the config comes from.

        Raises:
            MMLightError: If there are values that no text can tell; see `mmlight.read.dump`.
        """
        if file is None:
            return to_text(self.to_dict(), Path(self.filename or "config.py").suffix)
        text = to_text(self.to_dict(), Path(file).suffix)
        Path(file).write_text(text, encoding="utf-8")
        return None

    def copy(self) -> "Config":
        """Return a copy of the whole tree, with all origins."""
        return self.replace_values(self.values)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> "Config":
        return self.replace_values(copy.deepcopy(self.values, memo))

    def replace_values(self, values: ConfigDict, notes: Sequence[Note] = ()) -> "Config":
        """Return a Config with other entries and more notes, that comes from the same files."""
        return Config(
            values,
            self.text,
            self.filename,
            names_read=self.names_read,
            notes=(*self.notes, *notes),
            modules=self.modules,
        )

    @property
    def _cfg_dict(self) -> ConfigDict:
        """The tree, by the name that the originals' users reach it."""
        return self.values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "values":
            raise AttributeError(name)
        return getattr(self.values, name)

    def __delattr__(self, name: str) -> None:
        delattr(self.values, name)

    def __delitem__(self, key: str) -> None:
        del self.values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def __setattr__(self, name: str, value: Any) -> None:
        self.values.assign(name, value, origin_of_caller())

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.values.assign(key, value, origin_of_caller())

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __repr__(self) -> str:
        return f"Config({self.filename!r}: {', '.join(self.values)})"


def read_config(
    source: str | Path | Config,
    overrides: list[str] | Mapping[str, Any] | None = None,
    *,
    safe: bool = False,
) -> Config:
    """Read a config and apply overrides; what it names in `custom_imports` is not imported.

    Args:
        source: A file, or a Config, which is copied.
        overrides: `["key=value", ...]` as on the command line, or a mapping of dotted keys to
            values.
        safe: Read Python without running it.

    Raises:
        ConfigError: If the file cannot be read or an override does not fit it.
    """
    if isinstance(source, Config):
        config = source.copy()
    else:
        config = Config.fromfile(source, import_custom_modules=False, safe=safe)
    if overrides:
        options = overrides if isinstance(overrides, Mapping) else parse_overrides(overrides)
        config.merge_from_dict(options, origin=OVERRIDE)
    return config
