"""Lets the test pipeline make several views of each image: `--tta` of mmpretrain."""

from typing import Any, Final

from mmlight.errors import ConfigError, UnsupportedValueError, nearest_name
from mmlight.read.config import Config
from mmlight.read.node import ConfigDict, ConfigList, copy_tree
from mmlight.upgrade.data import find_pipelines
from mmlight.upgrade.move import node, pop

MERGER: Final = "AverageClsScoreTTA"
"""The only way in which scores of views become one: their mean."""


def use_tta(config: Config) -> Config:
    """Return a config whose test images are tested in several views, with `tta_pipeline` if given.

    Otherwise each image is seen as it is and mirrored.

    Args:
        config: In mmengine words.

    Raises:
        ConfigError: If there are no test data, or they have no pipeline.
        UnsupportedValueError: If `tta_model` does anything but average scores.

    From: mmpretrain 1.2 `tools/test.py --tta`.
    """
    values: ConfigDict = copy_tree(config.values)
    merger, _ = pop(values, "tta_model")
    if merger is not None:
        check_merger(merger, "tta_model")
    given, origin = pop(values, "tta_pipeline")
    loader = values.get("test_dataloader")
    owners = find_pipelines(loader.get("dataset")) if isinstance(loader, ConfigDict) else []
    if not owners:
        raise ConfigError(
            "test_dataloader",
            "no pipeline is there that could make several views of the test images",
            next_step="Add test_dataloader.dataset.pipeline, or test without --tta.",
        )
    for owner in owners:
        own = owner.origin_of("pipeline")
        if given is None:
            owner.put("pipeline", _mirror_as_well(owner["pipeline"]), own)
        else:
            owner.put("pipeline", copy_tree(given), origin)
    return config.replace_values(values)


def check_merger(merger: Any, path: str) -> None:
    """Refuse a model around the model that does not average the scores of the views.

    Raises:
        UnsupportedValueError: If it is another one.
    """
    kind = merger.get("type") if isinstance(merger, ConfigDict) else merger
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", repr(kind))
    if name.replace("::", ".").rpartition(".")[2] != MERGER:
        raise UnsupportedValueError(
            f"{path}.type",
            f"{name!r} is no known way to make one result of several views",
            origin=merger.origin_of("type") or "" if isinstance(merger, ConfigDict) else "",
            expected=MERGER,
            nearest=nearest_name(name, [MERGER]),
            next_step=f"Use {MERGER}.",
        )


def _mirror_as_well(steps: Any) -> ConfigList:
    """Return a pipeline that sees each image as it is and mirrored; its last step packs."""
    *before, last = steps
    origin = getattr(last, "origin", None)
    flips = [node(origin, type="RandomFlip", prob=prob) for prob in (1.0, 0.0)]
    ways = ConfigList([ConfigList(flips), ConfigList([last])])
    return ConfigList([*before, node(origin, type="TestTimeAug", transforms=ways)])
