"""Imports the modules that a config names in `custom_imports`, which register their classes."""

import importlib
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from mmlight.errors import ConfigError, MMLightError, raise_all
from mmlight.read.lazy import ImportedModule
from mmlight.registry.tree import PACKAGES

if TYPE_CHECKING:
    from mmlight.read.config import Config

KEY = "custom_imports.imports"
_SILENT = {*PACKAGES, "torch", "torchvision", "timm", "numpy", "cv2"}
"""Packages that register no class of a user."""
_WORDS_OF_MMCV = {"data", "optimizer", "lr_config", "runner", "total_epochs", "checkpoint_config"}
"""Tell a config of mmcv, which knows no lazy ones."""
_HOUSE = str(Path(__file__).parents[1])
_PROVIDE_NAMES = "mmlight.compat.finder.provide_names"  # a later stage, found when needed

_Import = tuple[str, object, bool]
"""A module, what names it, and whether it may be missing."""


def import_custom_modules(config: "Config") -> None:
    """Import what a config names in `custom_imports` or, in its text form, imports itself.

    Modules are found from the working directory and from the config's folder.

    The names of mmcv, mmcls, ... are there meanwhile, see `mmlight.compat`. A module is imported
    once, however many configs name it.

    Raises:
        ConfigError: If a module is not there and `allow_failed_imports` is not set, if it fails, or
            if a module of that name was imported from another file before.

    From: mmcv 1.7 and mmengine 0.10 `import_modules_from_strings`. Modules beside the config are
    found as well.
    """
    wanted = _read_wanted(config)
    modules = [module for module in config.modules if _is_run_by_mm(module, config)]
    if not (wanted or modules):
        return
    before = list(sys.path)
    folders = look_beside(config.filename)
    is_optional = bool(wanted.get("allow_failed_imports"))
    imports: list[_Import] = [(module.name, module.origin, False) for module in modules]
    try:
        for name in _read_names(config, wanted):
            imports.append((name, config.origin(KEY) or "", is_optional))
        _import_all(imports, folders)
    except MMLightError:
        sys.path[:] = before
        raise


def _import_all(imports: list[_Import], folders: list[str]) -> None:
    problems: list[MMLightError] = []
    with resolve_name(_PROVIDE_NAMES)():
        for name, origin, is_optional in imports:
            try:
                _import(name, origin, folders, is_optional=is_optional)
            except ConfigError as error:
                problems.append(error)
    raise_all(problems)


def look_beside(file: str | Path | None) -> list[str]:
    """Let imports find modules in the working directory and in the folder of a file.

    Returns:
        The folders, which stand first on `sys.path` now.
    """
    here = str(Path.cwd())
    folders = list(dict.fromkeys([here, str(Path(file).resolve().parent) if file else here]))
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in folders)]
    return folders


def _is_run_by_mm(module: ImportedModule, config: "Config") -> bool:
    """Tell whether the originals import a module when they read the config, to some effect."""
    if module.name.partition(".")[0] in _SILENT:
        return False
    return not module.may_be_lazy or bool(_WORDS_OF_MMCV & config.keys())


def _read_wanted(config: "Config") -> dict[str, Any]:
    wanted = config.get("custom_imports") or {}
    if isinstance(wanted, dict):
        return wanted
    raise ConfigError(
        "custom_imports",
        f"the value {wanted!r} cannot be used",
        origin=config.origin("custom_imports") or "",
        expected="a dict",
        next_step="Write custom_imports = dict(imports=['my_module']).",
    )


def _read_names(config: "Config", wanted: Any) -> list[str]:
    names = wanted.get("imports") or []
    names = [names] if isinstance(names, str) else names
    if not (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)):
        raise ConfigError(
            KEY,
            f"the value {names!r} names no modules",
            origin=config.origin(KEY) or "",
            expected="a module, or a list of modules, as strings",
        )
    return list(names)


def _import(name: str, origin: object, folders: list[str], *, is_optional: bool) -> None:
    _check_namesake(name, origin)
    try:
        importlib.import_module(name)
    except Exception as error:
        if not (isinstance(error, ImportError) and is_optional):
            raise _explain(name, error, origin, folders) from error


def _explain(name: str, error: Exception, origin: object, folders: list[str]) -> ConfigError:
    """Tell why a module fails, at which of its lines; an error of ours keeps its facts."""
    line = _find_line(error)
    where = f"{line}, imported by {origin}" if line else origin
    problem = f"the module {name!r} cannot be imported"
    if isinstance(error, MMLightError):
        return ConfigError(
            KEY,
            f"{problem}: {error.problem}",
            origin=where,
            expected=error.expected,
            nearest=error.nearest,
            next_step=error.next_step,
        )
    is_missing = isinstance(error, ModuleNotFoundError) and not line
    correct = "Correct the name, or start from the folder that holds the module."
    return ConfigError(
        KEY,
        f"{problem}: {type(error).__name__}: {error}",
        origin=where,
        expected=f"a module found from {' or '.join(folders)}" if is_missing else "",
        next_step=correct if is_missing else "Correct the module.",
    )


def _check_namesake(name: str, origin: object) -> None:
    """Refuse a module that would be found elsewhere than where it was imported from."""
    top = name.partition(".")[0]
    known = getattr(sys.modules.get(top), "__file__", None)
    spec = PathFinder.find_spec(top)
    if known is None or spec is None or spec.origin is None:
        return
    if Path(known).resolve() != Path(spec.origin).resolve():
        raise ConfigError(
            KEY,
            f"the module {top!r} of {spec.origin} cannot be imported: {known} has its name",
            origin=origin,
            next_step="Rename one of them, or use the configs in different processes.",
        )


def _find_line(error: Exception) -> str:
    """Return the last line of a user's module that an error passed through."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen", _HOUSE, str(Path(importlib.__file__).parent)))
    ]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""
