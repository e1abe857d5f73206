"""The registries of the originals: one for each package and kind of thing, below mmlight's own.

    mmlight ─┬─ mmcv ─────── mmcls
             └─ mmengine ─┬─ mmpretrain
                          ├─ mmselfsup
                          ├─ mmdet
                          └─ mmdet3d

In mmcls `BACKBONES`, `NECKS`, `HEADS`, `LOSSES` and `CLASSIFIERS` are one registry, its `MODELS`;
in mmcv 1.x layers have registries of their own. The names that each package uses are in
`offers/registries.py`.
"""

from types import SimpleNamespace
from typing import Any

from mmlight.registry import ROOTS, Registry, build_from_cfg


def build_model_from_cfg(cfg: Any, registry: Registry, default_args: Any = None) -> Any:
    """Build a module; a list of dicts becomes one `Sequential`.

    From: mmcv 1.7 and mmengine 0.10 `build_model_from_cfg`.
    """
    if not isinstance(cfg, list):
        return build_from_cfg(cfg, registry, default_args)
    from mmlight.compat.base_module import Sequential

    return Sequential(*(build_from_cfg(part, registry, default_args) for part in cfg))


_BUILD_FUNCS = {"MODELS": build_model_from_cfg}


def _grow(scope: str, above: SimpleNamespace | None = None) -> SimpleNamespace:
    """Make one registry of every kind, below those of another package or below the roots."""
    parents = ROOTS if above is None else vars(above)
    return SimpleNamespace(
        **{
            kind: Registry(root.name, _BUILD_FUNCS.get(kind), parent=parents[kind], scope=scope)
            for kind, root in ROOTS.items()
        }
    )


mmcv = _grow("mmcv")
mmcls = _grow("mmcls", mmcv)
mmengine = _grow("mmengine")
mmpretrain = _grow("mmpretrain", mmengine)
mmselfsup = _grow("mmselfsup", mmengine)
mmdet = _grow("mmdet", mmengine)
mmdet3d = _grow("mmdet3d", mmengine)
