"""Finds the client packages of backends."""

from importlib import import_module
from typing import Any


def has_package(module: str) -> bool:
    """Tell whether a module can be imported.

    Examples:
        >>> has_package("json"), has_package("no_such_package.client")
        (True, False)
    """
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def import_package(module: str, *, advice: str = "") -> Any:
    """Import a module.

    Args:
        module: Its import path.
        advice: What to do where it is missing; by default to install it with pip.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        advice = advice or f"pip install {package}"
        raise ValueError(f"the package {package} is not installed ({advice})") from error
