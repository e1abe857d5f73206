"""Looks for modules, objects and programs by name, and guards functions that need them."""

import functools
import importlib.util
import shutil
import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

Function = Callable[..., Any]


def import_modules_from_strings(
    imports: str | list[str] | None, allow_failed_imports: bool = False
) -> Any:
    """Import modules by name.

    Args:
        imports: One name or a list.
        allow_failed_imports: Warn of what cannot be imported, and give None for it.

    Returns:
        The module, or a list of them.

    Raises:
        ImportError: If one cannot be imported.

    From: mmcv 1.7 and mmengine 0.10 `import_modules_from_strings`.
    """
    if not imports:
        return None
    if isinstance(imports, str):
        return _import(imports, allow_failed_imports)
    if not isinstance(imports, list) or not all(isinstance(name, str) for name in imports):
        raise TypeError(f"imports must be a name or a list of them, got {imports!r}")
    return [_import(name, allow_failed_imports) for name in imports]


def _import(name: str, allow_failed: bool) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError as error:
        if not allow_failed:
            raise ImportError(f"cannot import {name!r}: {error}") from error
        warnings.warn(f"cannot import {name!r}, which is left out: {error}", stacklevel=3)
        return None


def get_object_from_string(obj_name: str) -> Any:
    """Return what an import path names, None when there is no such thing.

    Examples:
        >>> get_object_from_string("math.pi") > 3, get_object_from_string("math.no")
        (True, None)

    From: mmengine 0.10 `get_object_from_string`.
    """
    try:
        return resolve_name(obj_name)
    except (ImportError, AttributeError):
        return None


def is_installed(package: str) -> bool:
    """Tell whether a package can be imported.

    From: mmengine 0.10 `is_installed`.
    """
    return importlib.util.find_spec(package.replace("-", "_")) is not None


def has_method(obj: object, method: str) -> bool:
    """Tell whether an object has a method of that name."""
    return callable(getattr(obj, method, None))


def is_method_overridden(method: str, base_class: type, derived_class: Any) -> bool:
    """Tell whether a class, or that of an object, has another method than its base.

    From: mmcv 1.7 and mmengine 0.10 `is_method_overridden`.
    """
    if not isinstance(base_class, type):
        raise TypeError(f"base_class must be a class, got {base_class!r}")
    derived = derived_class if isinstance(derived_class, type) else type(derived_class)
    return getattr(derived, method) is not getattr(base_class, method)


# -------------------------------------------------------------------------- decorators


def check_prerequisites(
    prerequisites: str | Iterable[str],
    checker: Callable[[str], bool],
    msg_tmpl: str = '"{}" is needed by "{}" and is not there; install it first',
) -> Callable[[Function], Function]:
    """Let a function raise RuntimeError while something that it needs is missing.

    Args:
        prerequisites: Name or names of what it needs.
        checker: Tells whether something is there.
        msg_tmpl: Text of the error, for the names and the function.

    From: mmcv 1.7 and mmengine 0.10 `check_prerequisites`, which print the text.
    """
    names = [prerequisites] if isinstance(prerequisites, str) else list(prerequisites)

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            missing = [name for name in names if not checker(name)]
            if missing:
                raise RuntimeError(msg_tmpl.format(", ".join(missing), function.__name__))
            return function(*args, **kwargs)

        return run

    return decorate


def requires_package(prerequisites: str | Iterable[str]) -> Callable[[Function], Function]:
    """Let a function raise RuntimeError while a package that it needs cannot be imported."""
    return check_prerequisites(prerequisites, _can_import)


def _can_import(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True


def requires_executable(prerequisites: str | Iterable[str]) -> Callable[[Function], Function]:
    """Let a function raise RuntimeError while a program that it needs is not on the path."""
    return check_prerequisites(prerequisites, lambda name: shutil.which(name) is not None)


def deprecated_api_warning(
    name_dict: dict[str, str], cls_name: str | None = None
) -> Callable[[Function], Function]:
    """Let a function take arguments under older names, with a DeprecationWarning.

    Args:
        name_dict: Older name -> name.
        cls_name: Class of the method, for the text.

    From: mmcv 1.7 and mmengine 0.10 `deprecated_api_warning`.
    """

    def decorate(function: Function) -> Function:
        name = f"{cls_name}.{function.__name__}" if cls_name else function.__name__

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            for old, new in name_dict.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise TypeError(f"{name} must get {new!r} once, got it as {old!r} too")
                warnings.warn(
                    f'"{old}" is deprecated in `{name}`, please use "{new}" instead',
                    DeprecationWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return run

    return decorate
