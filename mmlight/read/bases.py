"""Finds the files that `_base_` and `with read_base():` name, without importing a package."""

import importlib.util
import os
from importlib.machinery import PathFinder
from pathlib import Path

from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.read.node import ConfigDict, ConfigList, Origin

SCOPE_KEY = "_scope_"
CONFIG_FOLDERS = (Path(".mim", "configs"), Path("configs"))
"""Where packages keep their configs."""


def find_base(name: str, file: Path, origin: Origin) -> Path:
    """Return the file that a name in `_base_` stands for.

    Args:
        name: A path relative to the folder of `file`, or `package::path`.
        file: The config that names it.
        origin: Where it names it.

    Raises:
        ConfigError: If `package` is not installed or has no such config.

    Examples:
        >>> find_base("../_base_/model.py", Path("configs/net/a.py"), Origin("a.py")).as_posix()
        'configs/_base_/model.py'
    """
    package, colons, path = name.partition("::")
    if not colons:
        return Path(os.path.normpath(file.parent / os.path.expanduser(name)))
    root = _find_package(package, name, file, origin)
    candidates = [root / folder / path for folder in CONFIG_FOLDERS]
    found = [candidate for candidate in candidates if candidate.is_file()]
    if found:
        return found[0]
    known = [
        str(known.relative_to(root / folder).as_posix())
        for folder in CONFIG_FOLDERS
        for known in (root / folder).rglob("*.py")
    ]
    raise ConfigError(
        name,
        f"the package {package!r} has no config {path!r}",
        origin=origin,
        expected=list_names(known) if known else "a package that ships its configs",
        nearest=nearest_name(path, known),
        next_step="Correct the path; it is relative to the package's configs.",
    )


def find_module(module: str, file: Path, origin: Origin) -> Path:
    """Return the file of a config that is imported under `with read_base():`.

    Args:
        module: Dotted name, relative ones with their dots.
        file: The config that imports it.
        origin: Where it imports it.

    Raises:
        ConfigError: If the package is not installed, or `module` names no file in it.

    Examples:
        >>> find_module("..base.model", Path("configs/net/a.py"), Origin("a.py")).as_posix()
        'configs/base/model.py'
    """
    name = module.lstrip(".")
    level = len(module) - len(name)
    parts = name.split(".")
    if level:
        folder = file.parent.joinpath(*[".."] * (level - 1))
        return Path(os.path.normpath(folder.joinpath(*parts).with_suffix(".py")))
    if len(parts) == 1:
        raise ConfigError(
            str(file),
            f"{module!r} is a package and no config",
            origin=origin,
            expected="from package.configs.name import *, or from .name import *",
            next_step="Name the file of the config; one dot means the same folder.",
        )
    root = _find_package(parts[0], module, file, origin)
    return root.joinpath(*parts[1:]).with_suffix(".py")


def _find_package(package: str, name: str, file: Path, origin: Origin) -> Path:
    """Return the folder of a package; the working and the config's folder may hold it, too."""
    spec = None
    if package.isidentifier():
        near = [str(Path.cwd()), str(file.absolute().parent)]
        spec = importlib.util.find_spec(package) or PathFinder.find_spec(package, near)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if folders:
        return Path(folders[0])
    raise ConfigError(
        name,
        f"the package {package!r} is not installed",
        origin=origin,
        expected="an installed package, whose files are read and not run",
        next_step=f"Install {package}, or copy the config and name it by its path.",
    )


def note_scope(values: ConfigDict, scope: str) -> None:
    """Give every outermost dict that has a type the scope of the package that it comes from.

    From: mmengine 0.10 `Config._dict_to_config_dict`.

    Examples:
        >>> values = ConfigDict(model=ConfigDict(type="A", neck=ConfigDict(type="B")))
        >>> note_scope(values, "mmdet")
        >>> values.model
        {'type': 'A', 'neck': {'type': 'B'}, '_scope_': 'mmdet'}
    """

    def visit(value: object) -> None:
        if isinstance(value, ConfigDict):
            if "type" in value:
                if value.get(SCOPE_KEY) is None:
                    value.put(SCOPE_KEY, scope, value.origin_of("type"))
                return
            for item in value.values():
                visit(item)
        elif isinstance(value, (ConfigList, tuple)):
            for item in value:
                visit(item)

    visit(values)
