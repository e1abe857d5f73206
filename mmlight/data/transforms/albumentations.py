"""Transforms of the package albumentations as one step of a pipeline."""

import importlib
import os
import random
from collections.abc import Mapping, Sequence
from typing import Any

from mmlight.data.transforms.contract import Generation, Results, check_generation

Step = Mapping[str, Any]


class Albumentations:
    """Apply transforms of albumentations to `img`; update `img_shape` `(H, W)`.

    Args:
        transforms: Dicts `{'type': its name in albumentations, **arguments}`; `transforms` among
            the arguments holds such dicts again. A class may stand for its name.
        keymap: Our name of each entry that they work on, with theirs; `{'img': 'image'}` by
            default.
        update_pad_shape: Set `pad_shape` as well. '0.x' only.
        generation: '0.x' leaves `img_shape` as it is, and `gt_label` as it was.

    Raises:
        ValueError: If albumentations is not installed, or lacks a transform.

    From: mmcls 0.25 `Albu` / mmpretrain 1.2 `Albumentations`. Difference: albumentations 2 draws
        from a generator of its own, seeded by the clock; here Python's `random` seeds it for each
        image, so that a run can be repeated. Version 1 draws from `random` itself.
    """

    def __init__(
        self,
        transforms: Sequence[Step],
        keymap: Mapping[str, str] | None = None,
        *,
        update_pad_shape: bool = False,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        package = _import_package()
        self.transform = package.Compose([_build(package, step) for step in transforms])
        self.keymap = dict(keymap or {"img": "image"})
        self.keymap_back = {theirs: ours for ours, theirs in self.keymap.items()}
        self.update_pad_shape = update_pad_shape
        self.generation = generation
        self._set_seed = getattr(self.transform, "set_random_seed", None)

    def __call__(self, results: Results) -> Results:
        """Transform the image."""
        if self._set_seed is not None:
            self._set_seed(random.getrandbits(32))
        changed = self.transform(**{self.keymap.get(k, k): v for k, v in results.items()})
        changed = {self.keymap_back.get(k, k): v for k, v in changed.items()}
        if self.generation == "1.x":
            changed["img_shape"] = changed["img"].shape[:2]
        elif "gt_label" in results:
            changed["gt_label"] = results["gt_label"]
        if self.update_pad_shape:
            changed["pad_shape"] = changed["img"].shape
        return changed


def _import_package() -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network for news
    try:
        return importlib.import_module("albumentations")
    except ImportError as error:
        raise ValueError(
            f"transforms need the package albumentations ({error}): pip install albumentations"
        ) from error


def _build(package: Any, step: Step) -> Any:
    """Build one transform, with those inside it."""
    if not isinstance(step, Mapping) or "type" not in step:
        raise ValueError(f"transforms must be dicts with a type, got {step!r}")
    arguments = {key: value for key, value in step.items() if key != "type"}
    kind = step["type"]
    found = getattr(package, kind, None) if isinstance(kind, str) else kind
    if not isinstance(found, type):
        raise ValueError(
            f"transforms must be of albumentations {package.__version__}, got {kind!r}"
        )
    if "transforms" in arguments:
        arguments["transforms"] = [_build(package, inner) for inner in arguments["transforms"]]
    return found(**arguments)
