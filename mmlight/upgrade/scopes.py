"""Moves the scope of a dict, `_scope_='mmdet'`, into the types below it: `mmdet.Type`."""

from typing import Any, Final

from mmlight.read.bases import SCOPE_KEY
from mmlight.read.node import ConfigDict, ConfigList, copy_tree

AT_HOME: Final = ("mmcv", "mmengine", "mmcls", "mmpretrain")
"""Scopes whose types have the same names without a prefix."""


def fold_scopes(values: ConfigDict) -> ConfigDict:
    """Return entries without `_scope_`; a type in the scope of another package gets its prefix.

    A scope holds for everything below its dict, down to dicts that have one of their own.

    Examples:
        >>> fold_scopes(ConfigDict(model=ConfigDict(type="ResNet", _scope_="mmdet")))
        {'model': {'type': 'mmdet.ResNet'}}

    From: mmengine 0.10 `build_from_cfg`, which looks names up in `_scope_` while it builds.
    """
    if not _has_scope(values):
        return values
    folded: ConfigDict = copy_tree(values)
    _fold(folded, "")
    return folded


def _has_scope(value: Any) -> bool:
    if isinstance(value, dict):
        return SCOPE_KEY in value or any(map(_has_scope, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_scope, value))


def _fold(value: Any, scope: str) -> None:
    if isinstance(value, ConfigDict):
        if isinstance(value.get(SCOPE_KEY, ""), (str, type(None))):
            scope = value.pop(SCOPE_KEY) or scope
        name = value.get("type")
        if isinstance(name, str) and scope and scope not in AT_HOME and not {*".:/"} & {*name}:
            value.put("type", f"{scope}.{name}", None)
        for item in value.values():
            _fold(item, scope)
    elif isinstance(value, (ConfigList, tuple)):
        for item in value:
            _fold(item, scope)
