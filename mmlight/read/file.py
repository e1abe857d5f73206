"""Reads a config file of any kind, with its bases, into one merged `ConfigDict`.

    text ──fill_templates──▶ text ──parse──▶ bases, read first ──run──▶ entries ──merge──▶ values

From: mmcv 1.7 and mmengine 0.10 `Config.fromfile`. Unlike there, text configs and lazy configs may
inherit from each other.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mmlight.errors import ConfigError, MMLightError, list_names, nearest_name, raise_all
from mmlight.read.bases import find_base, find_module, note_scope
from mmlight.read.data_text import read_data
from mmlight.read.lazy import BaseImport, ImportedModule
from mmlight.read.merge import merge
from mmlight.read.node import ConfigDict, ConfigList, Origin, copy_tree
from mmlight.read.safe.evaluate import evaluate_python
from mmlight.read.safe.files import (
    check_environment,
    check_imports,
    check_size,
    find_safe_base,
    find_safe_module,
)
from mmlight.read.safe.limits import Budget
from mmlight.read.source import check_source, read_source_text
from mmlight.read.templates import BASE_KEY, fill_places, fill_templates, to_expressions, to_strings
from mmlight.read.text import PythonText, make_entries, parse_python, parse_tree, run_python

DEPRECATION_KEY: Final = "_deprecation_"
_READ_BASE: Final = re.compile(r"^with\s+[\w.]*read_base\(\)\s*:", re.MULTILINE)


@dataclass(frozen=True)
class Rules:
    """How files are read.

    Args:
        file_variables: Fill `{{ fileDirname }}` and its kin.
        environment: Fill `{{ $NAME:default }}`.
        safe: What reading may cost when Python is not run; see `mmlight.read.safe.evaluate`.
    """

    file_variables: bool = True
    environment: bool = True
    safe: Budget | None = None


@dataclass(frozen=True)
class ConfigFile:
    """What one config file and its bases say.

    Args:
        values: The merged entries.
        text: The text of the bases and of the file, one after the other.
        names_read: Top-level names that some expression reads: helper variables such as
            `img_norm_cfg`.
        tools: Names that are no entries, for files that import this one: functions, classes,
            imports.
        imported: Names that this file or a base imports.
        modules: Modules that text configs among them import; mm runs these imports.
    """

    values: ConfigDict
    text: str
    names_read: frozenset[str] = frozenset()
    tools: Mapping[str, Any] = field(default_factory=dict)
    imported: frozenset[str] = frozenset()
    modules: tuple[ImportedModule, ...] = ()


@dataclass(frozen=True)
class _Place:
    """Where in a chain of bases a file is read."""

    file: Path
    rules: Rules
    chain: tuple[Path, ...] = ()

    def read_base(self, name: str, named_at: Origin, *, module: bool = False) -> ConfigFile:
        """Read the base that a name in `_base_` stands for, or that is imported as a module."""
        if self.rules.safe:
            find = find_safe_module if module else find_safe_base
        else:
            find = find_module if module else find_base
        file = find(name, self.file, named_at)
        return read_file(file, self.rules, (*self.chain, self.file), named_at)


def read_file(
    file: Path,
    rules: Rules | None = None,
    chain: tuple[Path, ...] = (),
    named_at: Origin | None = None,
) -> ConfigFile:
    """Read a config and its bases.

    Args:
        file: Path of a `.py`, `.yaml`, `.yml` or `.json` file.
        rules: How it and its bases are read.
        chain: The files that are being read already, to find circles.
        named_at: The line that names it as a base.

    Raises:
        ConfigError: If the file or a base is missing, cannot be read or parsed, fails when run,
            inherits from itself, or if two bases set the same key.
    """
    check_source(file, chain, named_at)
    if rules and rules.safe:
        check_size(file, named_at, rules.safe)
    try:
        return read_source(read_source_text(file), file, rules, chain)
    except RecursionError as error:
        raise ConfigError(
            str(file), "its values or expressions nest too deep, or a value holds itself"
        ) from error


def read_source(
    source: str, file: Path, rules: Rules | None = None, chain: tuple[Path, ...] = ()
) -> ConfigFile:
    """Read a config whose text is at hand; `file` says what it is, and where its bases lie.

    Raises:
        ConfigError: As for `read_file`.
    """
    rules = rules or Rules()
    if _READ_BASE.search(source):  # mmengine fills no variables of lazy configs and their bases
        rules = replace(rules, file_variables=False, environment=False)
    if rules.safe and rules.environment:
        check_environment(source, file)
    text = fill_templates(
        source, file, file_variables=rules.file_variables, environment=rules.environment
    )
    place = _Place(file, rules, chain)
    read = _read_python if file.suffix == ".py" else _read_data
    result = read(text, place)
    if rules.safe:
        check_imports(result.values)
    result.values.pop(DEPRECATION_KEY, None)
    return replace(result, text="\n".join([*filter(None, [result.text]), f"{file}\n{source}"]))


# ------------------------------------------------------------------------- Python


def _read_python(text: str, place: _Place) -> ConfigFile:
    file = str(place.file)
    text = to_expressions(text) if place.rules.file_variables else text
    parsed = (parse_tree if place.rules.safe else parse_python)(text, file)
    if parsed.imports.bases:
        return _read_lazy(parsed, text, place)
    bases = [_read_named(name, Origin(file, line), place) for name, line in parsed.bases]
    inherited = join(bases, file)
    names = _run(parsed, text, place, {BASE_KEY: inherited})
    own = make_entries(parsed, file, names, ConfigDict())
    tools = {name: value for name, value in names.items() if name not in own}
    modules = tuple(
        ImportedModule(name, Origin(file, line), may_be_lazy=not bases)
        for name, line in parsed.imports.modules
    )
    file_only = ConfigFile(own, "", parsed.names_read, tools, parsed.imports.names, modules)
    return _merge(file_only, inherited, bases)


def _run(parsed: PythonText, text: str, place: _Place, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that a config binds, and those it was given."""
    if place.rules.safe and isinstance(parsed.code, ast.Module):
        return evaluate_python(parsed.code, text, str(place.file), names, place.rules.safe)
    return run_python(parsed, str(place.file), names)


def _read_lazy(parsed: PythonText, text: str, place: _Place) -> ConfigFile:
    """Read a config that imports its bases: they give it names and nothing is merged."""
    file = str(place.file)
    bases: dict[str, ConfigFile] = {}
    given, tools = ConfigDict(), dict[str, Any]()
    for wanted in parsed.imports.bases:
        origin, module = Origin(file, wanted.line), wanted.module
        if module not in bases:
            bases[module] = place.read_base(module, origin, module=True)
        _take_names(wanted, bases[module], origin, given, tools)
    imported = parsed.imports.names.union(*(base.imported for base in bases.values()))
    names = _run(parsed, text, place, {**given, **tools})
    entries = make_entries(parsed, file, names, given)
    for name in imported & entries.keys():
        del entries[name]
    return ConfigFile(
        values=copy_tree(entries),
        text="\n".join(base.text for base in bases.values()),
        names_read=parsed.names_read.union(*(base.names_read for base in bases.values())),
        tools={name: value for name, value in names.items() if name not in entries},
        imported=imported,
    )


def _take_names(
    wanted: BaseImport, base: ConfigFile, origin: Origin, given: ConfigDict, tools: dict[str, Any]
) -> None:
    """Take the names of one `from base import names` out of a base."""
    names: list[tuple[str, str]] = []
    for there, here in wanted.names:
        known = [*base.values, *base.tools]
        if there != "*" and there not in known:
            raise ConfigError(
                f"{wanted.module}.{there}",
                f"the base {wanted.module!r} has no name {there!r}",
                origin=origin,
                expected=list_names(known),
                nearest=nearest_name(there, known),
                next_step="Correct the name.",
            )
        names += [(name, name) for name in known] if there == "*" else [(there, here)]
    for there, here in names:
        if there in base.values:
            tools.pop(here, None)
            given.put(here, base.values[there], base.values.origin_of(there))
        else:
            given.pop(here, None)
            tools[here] = base.tools[there]


# ------------------------------------------------------------------- YAML and JSON


def _read_data(text: str, place: _Place) -> ConfigFile:
    file = str(place.file)
    own = read_data(to_strings(text), file)
    named = own.get(BASE_KEY, [])
    line = own.origin_of(BASE_KEY) or Origin(file)
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            BASE_KEY,
            f"{named!r} names no files",
            origin=line,
            expected="a string or a list of strings",
        )
    origin_of = names.origin_of if isinstance(names, ConfigList) else lambda _: line
    bases = [_read_named(name, origin_of(i) or line, place) for i, name in enumerate(names)]
    inherited = join(bases, file)
    own.pop(BASE_KEY, None)
    fill_places(own, inherited, file)
    return _merge(ConfigFile(own, ""), inherited, bases)


# -------------------------------------------------------------------- what they share


def _read_named(name: str, origin: Origin, place: _Place) -> ConfigFile:
    """Read a file of `_base_`."""
    base = place.read_base(name, origin)
    package, colons, _ = name.partition("::")
    if colons:
        note_scope(base.values, package)
    return base


def _merge(own: ConfigFile, inherited: ConfigDict, bases: list[ConfigFile]) -> ConfigFile:
    """Lay what a file says itself over what it inherits."""
    return ConfigFile(
        values=merge(copy_tree(own.values), inherited),
        text="\n".join(base.text for base in bases),
        names_read=own.names_read.union(*(base.names_read for base in bases)),
        tools=own.tools,
        imported=own.imported.union(*(base.imported for base in bases)),
        modules=(*(module for base in bases for module in base.modules), *own.modules),
    )


def join(bases: list[ConfigFile], file: str) -> ConfigDict:
    """Put the entries of several bases side by side; a key may come from one of them only.

    Raises:
        MMLightError: If bases share keys; all of them are told.
    """
    joined = ConfigDict()
    problems: list[MMLightError] = []
    for base in bases:
        problems += [
            ConfigError(
                key,
                f"two bases of {file} set the key {key!r}",
                origin=f"{joined.origin_of(key)} and {base.values.origin_of(key)}",
                next_step="Let one base inherit from the other, or drop one.",
            )
            for key in base.values
            if key in joined
        ]
        for key, value in base.values.items():
            joined.put(key, value, base.values.origin_of(key))
    raise_all(problems)
    return joined
