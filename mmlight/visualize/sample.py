"""Reads samples for being shown: what the pipeline makes of each, and what is known about it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmlight.data.datasets.wrapper import prepare_sample
from mmlight.data.workers import seed_rng
from mmlight.errors import ConfigError
from mmlight.stage_data import StageData
from mmlight.visualize.labels import describe_label
from mmlight.visualize.to_rgb import Meaning, list_images, size_of
from mmlight.visualize.trace import ORIGINAL, Trace, View


@dataclass(frozen=True)
class Sample:
    """One sample of a dataset after its pipeline.

    Args:
        index: Its number in the dataset.
        views: Its images, the first as it was loaded, the last as the pipeline leaves it.
        result: What the dataset returns; None where the pipeline rejects the sample.
        label: Its classes, by name.
        path: Its file; empty for an image in memory.
        rejected_by: The transform that rejects it.
    """

    index: int
    views: tuple[View, ...]
    result: Any
    label: str
    path: str = ""
    rejected_by: str = ""

    @property
    def name(self) -> str:
        """Its file, or its number."""
        return self.path or f"sample {self.index}"


def read_samples(
    data: StageData, trace: Trace, indices: Iterable[int], *, seed: int
) -> Iterator[Sample]:
    """Read samples one after the other.

    The random state before each depends on `seed` and on its place in `indices` alone, so that the
    same number twice shows two draws.

    Raises:
        MMLightError: If a sample cannot be read, or a transform fails on it.
    """
    for place, index in enumerate(indices):
        seed_rng(seed + place)
        trace.start({})
        result = prepare_sample(data.dataset, index)
        views = tuple(trace.views) or _view_result(result, data.stage)
        label = label_of(result) if trace.label is None else trace.label
        yield Sample(
            index,
            views,
            result,
            describe_label(label, data.classes),
            trace.path,
            trace.rejected_by,
        )


def find_label(dataset: Any, index: int) -> Any:
    """Return the label of a sample, if possible without reading its image."""
    for name in ("get_cat_ids", "get_data_info"):
        try:
            found = getattr(dataset, name)(index)
        except (AttributeError, NotImplementedError):
            continue
        return found.get("gt_label") if isinstance(found, dict) else list(found)
    return label_of(dataset[index])


def label_of(result: Any) -> Any:
    """Return the label of what a dataset returns: a dict, or a tuple of image and label."""
    if isinstance(result, Mapping):
        names = ("target", "gt_score", "gt_label", "label")
        return next((result[name] for name in names if name in result), None)
    return result[1] if isinstance(result, list | tuple) and len(result) > 1 else None


def image_of(result: Any) -> Any:
    """Return the image, or the list of them, of what a dataset returns; None where a dict has none.

    Examples:
        >>> image_of({"inputs": 1, "target": 2}), image_of((3, 4)), image_of(5), image_of({})
        (1, 3, 5, None)
    """
    if isinstance(result, Mapping):
        names = ("img", "inputs", "image")
        return next((result[name] for name in names if name in result), None)
    return result[0] if isinstance(result, list | tuple) and len(result) else result


def _view_result(result: Any, stage: str) -> tuple[View, ...]:
    """Return the image of what a dataset without a pipeline returns."""
    if result is None:
        return ()
    image = image_of(result)
    try:
        for one in list_images(image):
            size_of(one)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            stage,
            f"no image is found in its samples, they are {type(result).__name__}",
            expected="a dict with 'img' or 'inputs', or a tuple of image and label",
        ) from error
    return (View(ORIGINAL, image, Meaning("RGB")),)
