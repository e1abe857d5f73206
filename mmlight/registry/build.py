"""Builds what a dict describes, with the classes of a registry."""

from typing import Any

from mmlight.errors import RegistryError, list_names, nearest_name
from mmlight.registry.registry import Registry, resolve_or_none


def build_from_cfg(cfg: Any, registry: Registry, default_args: Any = None) -> Any:
    """Build what a dict describes.

    A user's class gets its arguments as they are written. Of a built-in type the arguments mean
    what they mean in a config, nested dicts are built too.

    Args:
        cfg: `dict(type=..., **arguments)`; the type is a name, one with its scope (`mmcls.ResNet`,
            `mmcls::ResNet`), an import path, or a class or function.
        registry: Where names are looked up.
        default_args: Arguments that hold where `cfg` does not name them.

    Raises:
        TypeError: If an argument is of the wrong type.
        RegistryError: If there is no type, or no such name; it is a KeyError.

    From: mmcv 1.7 and mmengine 0.10 `build_from_cfg`.
    """
    for key, value in (("cfg", cfg), ("default_args", default_args or {})):
        if not hasattr(value, "keys"):
            raise TypeError(f"{key} must be a dict, got {value!r}")
    if not isinstance(registry, Registry):
        raise TypeError(f"registry must be a Registry, got {registry!r}")
    arguments = {**dict(default_args or {}), **dict(cfg)}
    registry = registry.in_scope(arguments.pop("_scope_", registry.scope))
    kind = arguments.pop("type", None)
    if callable(kind):
        return kind(**arguments)
    if not (isinstance(kind, str) or kind is None):
        raise TypeError(f"type must be a name, a class or a function, got {kind!r}")
    found = registry.find(kind) if kind else None
    if found is not None and found.target is None:
        start, name = registry.split(str(kind))
        return registry.builtins.build(name, arguments, start.scope)
    target = found.target if found else resolve_or_none(kind)
    if target is None:
        raise _unknown(kind, cfg, registry)
    return target(**arguments)


def _unknown(kind: str | None, cfg: Any, registry: Registry) -> RegistryError:
    known = registry.known_names
    return RegistryError(
        f"{registry.scope}::{registry.name}",
        f"there is no {registry.name} {kind!r}" if kind else f"the dict has no type: {dict(cfg)!r}",
        expected=list_names(known) if known else "",
        nearest=nearest_name((kind or "").rpartition(".")[2], known),
        next_step="Correct the name, or import the module that registers it.",
    )
