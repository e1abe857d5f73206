"""Watches the pipeline of a dataset: what each transform makes of the image."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.vision import TorchVision
from mmlight.errors import DataError, MMLightError
from mmlight.stage_data import find_parts
from mmlight.visualize.to_rgb import Meaning, list_images

ORIGINAL = "original"


@dataclass(frozen=True)
class View:
    """An image between two transforms.

    Args:
        name: The transform that made it, or 'original' for one that the dataset itself brings.
        image: As the transform left it: an array, a picture, a tensor, or a list of these.
        meaning: What its values mean.
        is_same: Whether it is equal to the one before.
    """

    name: str
    image: Any
    meaning: Meaning
    is_same: bool = False


class Trace:
    """What happens to one sample; all datasets inside wrappers report to it.

    Args:
        dataset: Its pipelines are replaced by watched ones; without any, nothing is reported.
        order: 'BGR' or 'RGB'; None takes images that the dataset brings as RGB, as CIFAR's are, and
            images that a transform loads as BGR.
        skip_types: Transforms of these classes are left out.

    Attributes:
        views: The images of the last sample, from the first to the last.
        label: Its `gt_label`, or its `gt_score` where there is one.
        path: Its file; empty for an image in memory.
        rejected_by: The transform that dropped it, if one did.
        names: Every transform that is watched.
        is_watching: Whether there is a pipeline.
    """

    def __init__(
        self, dataset: Any, *, order: str | None = None, skip_types: Sequence[str] = ()
    ) -> None:
        self.order = order
        self.names: list[str] = []
        self.is_watching = False
        self.start({})
        watched: set[int] = set()
        for part, _ in find_parts(dataset):
            pipeline = getattr(part, "pipeline", None)
            if pipeline is None or id(part) in watched:
                continue
            watched.add(id(part))
            part.pipeline = self._watch(pipeline, skip_types)

    def _watch(self, pipeline: Any, skip_types: Sequence[str]) -> Compose:
        steps = list(getattr(pipeline, "transforms", pipeline))
        self.names += [name_of(step) for step in steps]
        self.is_watching = True
        kept = [_Watched(step, self) for step in steps if name_of(step) not in skip_types]
        return Compose([self.start, *kept])

    def start(self, results: dict[str, Any]) -> dict[str, Any]:
        """Forget the last sample, and take what the dataset says about the next one."""
        self.views: list[View] = []
        self.label: Any = None
        self.path = ""
        self.rejected_by = ""
        self._meaning = Meaning(self.order or ("RGB" if "img" in results else "BGR"))
        self.record(ORIGINAL, results)
        return results

    def apply(self, name: str, step: Any) -> None:
        """Follow what a transform does to the meaning of the values."""
        if getattr(step, "to_rgb", False) or getattr(step, "to_bgr", False):
            self._meaning = self._meaning.flip()
        step = step.transform if isinstance(step, TorchVision) else step
        mean, std = getattr(step, "mean", None), getattr(step, "std", None)
        if name.endswith("Normalize") and mean is not None and std is not None:
            self._meaning = replace(self._meaning, mean=_to_floats(mean), std=_to_floats(std))

    def record(self, name: str, results: Any) -> None:
        """Keep the image that a transform has made, and what is known about it."""
        if results is None:
            self.rejected_by = name
        if not isinstance(results, dict):
            return
        self.label = results.get("gt_score", results.get("gt_label", self.label))
        self.path = str(results.get("img_path") or results.get("filename") or self.path)
        if "img" in results:
            image = copy.deepcopy(results["img"])
            same = bool(self.views) and is_equal(image, self.views[-1].image)
            self.views.append(View(name, image, self._meaning, same))


class _Watched:
    """A transform that tells a `Trace` what it does."""

    def __init__(self, step: Any, trace: Trace) -> None:
        self.step = step
        self.trace = trace
        self.name = name_of(step)

    def __call__(self, results: dict[str, Any]) -> Any:
        try:
            results = self.step(results)
        except MMLightError:
            raise
        except Exception as error:
            text = " ".join(str(error).split()).rstrip(".")
            place = self.trace.path or "a sample"
            problem = f"{self.name} fails on it: {type(error).__name__}: {text}"
            raise DataError(place, problem, next_step="Correct the pipeline.") from error
        self.trace.apply(self.name, self.step)
        self.trace.record(self.name, results)
        return results


def name_of(step: Any) -> str:
    """Return the name of a transform: of its class, or of the function that it is.

    Examples:
        >>> name_of(Compose([])), name_of(len)
        ('Compose', 'len')
    """
    if isinstance(step, TorchVision):
        return f"torchvision/{step.name}"
    return str(getattr(step, "__name__", None) or type(step).__name__)


def is_equal(first: Any, second: Any) -> bool:
    """Tell whether two images, or lists of images, hold the same values."""
    ours, theirs = list(list_images(first)), list(list_images(second))
    return len(ours) == len(theirs) and all(
        _is_one_equal(a, b) for a, b in zip(ours, theirs, strict=True)
    )


def _is_one_equal(first: Any, second: Any) -> bool:
    if type(first) is not type(second):
        return False
    if isinstance(first, Image.Image):
        return bool(first == second)
    if isinstance(first, Tensor):
        return bool(first.shape == second.shape and (first == second).all())
    return np.array_equal(first, second)


def _to_floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in np.atleast_1d(np.asarray(values)).ravel())
