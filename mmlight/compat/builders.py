"""Functions of the originals that build from registries."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from mmlight.compat import registries
from mmlight.registry import Registry, build_from_cfg


def build_dataset(cfg: Any, registry: Registry, default_args: Any = None) -> Any:
    """Build a dataset; a list of dicts becomes one `ConcatDataset`.

    From: mmcls 0.25 and mmpretrain 1.2 `build_dataset`.
    """
    if isinstance(cfg, (list, tuple)):
        cfg = {"type": "ConcatDataset", "datasets": list(cfg)}
    return build_from_cfg(cfg, registry, default_args)


def init_default_scope(_scope: str) -> None:
    """Do nothing: names are found in every scope.

    From: mmengine 0.10 `init_default_scope`.
    """


def register_all_modules(init_default_scope: bool = True) -> None:
    """Do nothing: built-in types need no registering.

    From: mmpretrain 1.2 `register_all_modules`.
    """


def _builders(package: SimpleNamespace) -> SimpleNamespace:
    """Make the `build_x` functions of a package."""

    def dataset(cfg: Mapping[str, Any], default_args: Any = None) -> Any:
        return build_dataset(cfg, package.DATASETS, default_args)

    def part(cfg: Mapping[str, Any]) -> Any:
        return package.MODELS.build(cfg)

    builds: dict[str, Callable[..., Any]] = {"build_dataset": dataset}
    builds |= {f"build_{kind}": part for kind in ("backbone", "neck", "head", "loss")}
    return SimpleNamespace(**builds)


mmcls = _builders(registries.mmcls)
mmpretrain = _builders(registries.mmpretrain)
mmselfsup = _builders(registries.mmselfsup)
