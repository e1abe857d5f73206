"""Tells types that are import paths, and whether they may and can be followed."""

from collections.abc import Iterator, Mapping
from pkgutil import resolve_name
from typing import Any

from mmlight.registry.tree import PACKAGES
from mmlight.translate.section import Section


def is_import_path(name: str) -> bool:
    """Tell whether a type is an import path outside the packages of mm.

    Examples:
        >>> is_import_path("torch.optim.SGD"), is_import_path("mmcls.ResNet")
        (True, False)
    """
    return "." in name and name.split(".")[0] not in PACKAGES


def find_import_paths(value: Any) -> Iterator[str]:
    """Yield the types inside an argument that are import paths.

    Examples:
        >>> list(find_import_paths([{"type": "os.system", "policies": [{"type": "Rotate"}]}]))
        ['os.system']
    """
    if isinstance(value, Mapping):
        kind = value.get("type")
        if isinstance(kind, str) and is_import_path(kind):
            yield kind
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from find_import_paths(item)


def refuse_import_path(section: Section, key: str, path: str) -> None:
    """Record that a type could lead to any function, where a config is read safely."""
    section.refuse(
        key,
        f"the import path {path!r} is not followed for a config that is read safely",
        expected="the name of a type that mmlight has",
        next_step="Read the config without --safe if you trust it.",
    )


def find_import_problem(target: Any, path: str) -> str:
    """Tell why a class cannot be imported by its path; nothing when it can.

    Examples:
        >>> find_import_problem(Section, "mmlight.translate.section.Section")
        ''
        >>> find_import_problem(lambda x: x, "a.b.<locals>.f")
        "'a.b.<locals>.f' cannot be imported: it is defined inside a function"
    """
    try:
        found = None if "<" in path else resolve_name(path)
    except (ImportError, AttributeError, ValueError) as error:
        return f"{path!r} cannot be imported: {error}"
    if "<" in path:
        return f"{path!r} cannot be imported: it is defined inside a function"
    return "" if found is target else f"{path!r} has become something else since it was registered"
