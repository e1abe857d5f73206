"""Which files safe reading opens: the config, and bases that lie where configs lie.

A base elsewhere would let a stranger's config copy any Python, YAML or JSON file of this machine
into its values or into an error text.
"""

import os
from pathlib import Path, PurePosixPath
from typing import Final

from mmlight.errors import ConfigError, list_names
from mmlight.read.bases import find_base, find_module
from mmlight.read.node import ConfigDict, Origin
from mmlight.read.safe.limits import Budget, NotSafe
from mmlight.read.templates import BASE_KEY, find_environment

PACKAGES: Final = frozenset(
    {
        *("mmaction", "mmagic", "mmcls", "mmdet", "mmdet3d", "mmediting", "mmengine", "mmocr"),
        *("mmpose", "mmpretrain", "mmrazor", "mmrotate", "mmseg", "mmselfsup", "mmtrack", "mmyolo"),
    }
)
"""Packages whose configs may be bases."""
FILE_STEPS: Final = 1000
BYTE_STEPS: Final = 4
"""Steps that a file costs, and each byte of it."""
IMPORTS_KEY: Final = "custom_imports"
_TRUST: Final = "Move the base there, or read the config without --safe if you trust it."


def find_safe_base(name: str, file: Path, origin: Origin) -> Path:
    """Return the file that a name in `_base_` stands for.

    Raises:
        ConfigError: If it is not found, or lies where safe reading does not look.
    """
    package, colons, path = name.partition("::")
    if not colons:
        return _check_inside(name, find_base(name, file, origin), file, origin)
    inside = PurePosixPath(path)
    if package not in PACKAGES or inside.is_absolute() or ".." in inside.parts:
        raise _refusal(name, origin, "path/of/config.py in one of " + list_names(PACKAGES)[7:])
    return find_base(name, file, origin)


def find_safe_module(module: str, file: Path, origin: Origin) -> Path:
    """Return the file of a config that is imported under `with read_base():`.

    Raises:
        ConfigError: If it is not found, or lies where safe reading does not look.
    """
    if module.startswith("."):
        return _check_inside(module, find_module(module, file, origin), file, origin)
    package, folder, *_ = *module.split("."), ""
    if package not in PACKAGES or folder != "configs":
        raise _refusal(module, origin, "package.configs of " + list_names(PACKAGES))
    return find_module(module, file, origin)


def find_root(file: Path) -> Path:
    """Return the tree of configs that a file belongs to: where `_base_` is, else its folder."""
    folder = Path(os.path.normpath(file.absolute())).parent
    parents = [folder, *folder.parents]
    return next((parent for parent in parents if (parent / BASE_KEY).is_dir()), folder)


def check_size(file: Path, origin: object, budget: Budget) -> None:
    """Pay for reading a file.

    Raises:
        ConfigError: If it, with all that was read before, is too large.
    """
    try:
        budget.spend(FILE_STEPS + BYTE_STEPS * file.stat().st_size)
    except NotSafe as error:
        raise ConfigError(str(file), f"safe reading refuses it: {error}", origin=origin) from error


def check_environment(source: str, file: Path) -> None:
    """Refuse a text that reads the environment of this machine.

    Raises:
        ConfigError: If there is `{{ $NAME:default }}`.
    """
    found = find_environment(source)
    if found:
        raise ConfigError(
            str(file),
            f"safe reading refuses the environment variable {found[0]!r}",
            origin=Origin(str(file), source.count("\n", 0, found.start()) + 1),
            next_step="Write the value out, or read the config without --safe if you trust it.",
        )


def check_imports(values: ConfigDict) -> None:
    """Refuse a config that names modules to import.

    Raises:
        ConfigError: If there is `custom_imports`.
    """
    if IMPORTS_KEY in values:
        raise ConfigError(
            IMPORTS_KEY,
            f"safe reading refuses the import of {values[IMPORTS_KEY]!r}",
            origin=values.origin_of(IMPORTS_KEY),
            next_step="Delete it, or read the config without --safe if you trust it.",
        )


def _check_inside(name: str, target: Path, file: Path, origin: Origin) -> Path:
    root = find_root(file)
    if not target.resolve().is_relative_to(root.resolve()):
        raise _refusal(name, origin, f"a file in {root}, the folder of this config's tree")
    return target


def _refusal(name: str, origin: Origin, expected: str) -> ConfigError:
    return ConfigError(
        BASE_KEY,
        f"safe reading refuses the base {name!r}: it lies elsewhere",
        origin=origin,
        expected=expected,
        next_step=_TRUST,
    )
