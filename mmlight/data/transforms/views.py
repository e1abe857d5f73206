"""Steps that make several images of one, or work on several."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from mmlight.data.transforms.choice import to_pipeline
from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.contract import Results
from mmlight.registry import TRANSFORMS


class MultiView:
    """Turn `img` into a list of images, each made from it by a pipeline of its own.

    Args:
        transforms: The pipelines.
        num_views: How many images each pipeline makes.

    Examples:
        >>> MultiView([[lambda results: results]], num_views=2)({"img": 1})
        {'img': [1, 1]}

    From: mmpretrain 1.2 `MultiView`.
    """

    def __init__(self, transforms: Sequence[Sequence[Any]], num_views: int | Sequence[int]) -> None:
        counts = [num_views] if isinstance(num_views, int) else list(num_views)
        if len(counts) != len(transforms):
            raise ValueError(
                f"num_views must be {len(transforms)} numbers as transforms are, got {num_views!r}"
            )
        self.num_views = counts
        self.pipelines = [Compose(pipeline) for pipeline in transforms]

    def __call__(self, results: Results) -> Results:
        """Make the views, in the order of the pipelines."""
        views = []
        for pipeline, count in zip(self.pipelines, self.num_views, strict=True):
            for _ in range(count):
                view = pipeline(copy.deepcopy(results))
                if view is None:
                    raise ValueError("transforms of MultiView must not return None")
                views.append(view["img"])
        results["img"] = views
        return results


class ApplyToList:
    """Apply transforms to each item of a list, for example to read and resize several images.

    Args:
        transforms: The transforms; they see a single item.
        scatter_key: The entry that holds the list. Where it holds none, the transforms see the
            results as they are.
        collate_keys: Further entries to collect from all items into lists; the other entries are
            those of the first item.

    Examples:
        >>> def double(results):
        ...     return {**results, "x": 2 * results["x"]}
        >>> ApplyToList([double], scatter_key="x", collate_keys=[])({"x": [1, 2], "y": 3})
        {'x': [2, 4], 'y': 3}

    From: mmpretrain 1.2 `ApplyToList`.
    """

    def __init__(
        self, transforms: Sequence[Any], scatter_key: str, collate_keys: Sequence[str]
    ) -> None:
        self.transforms = Compose(transforms)
        self.scatter_key = scatter_key
        self.collate_keys = {*collate_keys, scatter_key}

    def __call__(self, results: Results) -> Results | None:
        """Transform every item."""
        items = results.get(self.scatter_key)
        if not isinstance(items, list):
            return self.transforms(results)
        outputs = []
        for item in items:
            output = self.transforms({**copy.deepcopy(results), self.scatter_key: item})
            if output is None:
                return None
            outputs.append(output)
        joined = {
            key: [output[key] for output in outputs]
            for key in self.collate_keys & outputs[0].keys()
        }
        return {**outputs[0], **joined}


class TestTimeAug:
    """Make several packed samples of one, by every way through lists of transforms.

    Args:
        transforms: One list of alternatives for each step; the last step packs.

    Returns of the call:
        The entries of the packed samples, each a list.

    Examples:
        >>> add = [lambda r: {"x": r["x"] + 1}, lambda r: {"x": r["x"] + 2}]
        >>> TestTimeAug([add, add])({"x": 0})
        {'x': [2, 3, 3, 4]}

    From: mmcv 2.x `TestTimeAug`.
    """

    __test__ = False  # its name makes pytest take it for a test

    def __init__(self, transforms: Sequence[Sequence[Any]]) -> None:
        alternatives = [list(Compose(step)) for step in transforms]
        self.subroutines = [Compose(way) for way in itertools.product(*alternatives)]

    def __call__(self, results: Results) -> Results:
        """Go every way."""
        return _join([subroutine(copy.deepcopy(results)) for subroutine in self.subroutines])


class MultiScaleFlipAug:
    """Make several packed samples of one: at each size, as it is and mirrored.

    Args:
        transforms: What follows the resizing and mirroring; the last step packs.
        scales: A list of sizes `(width, height)` [px], or a single one.
        scale_factor: A list of factors, or a single one, used where `scales` is None; 1 by default.
        allow_flip: Whether to mirror as well.
        flip_direction: Direction of mirroring, or several.
        resize_cfg: The transform that resizes, without its size.
        flip_cfg: The transform that mirrors, without probability and direction.

    From: mmcv 2.x `MultiScaleFlipAug`. Differences: all entries of the packed samples become lists,
        where the original asks for a 'data_sample' that no step of mmpretrain makes; its transforms
        are built once.
    """

    def __init__(
        self,
        transforms: Sequence[Any],
        scales: Sequence[Any] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        allow_flip: bool = False,
        flip_direction: str | Sequence[str] = "horizontal",
        resize_cfg: Mapping[str, Any] = {"type": "Resize", "keep_ratio": True},
        flip_cfg: Mapping[str, Any] = {"type": "RandomFlip"},
    ) -> None:
        self.transforms = to_pipeline(transforms)
        sizes: list[dict[str, Any]]
        if scales is not None:
            is_single = all(isinstance(edge, int) for edge in scales)
            sizes = [{"scale": tuple(size)} for size in ([scales] if is_single else scales)]
        else:
            factors = 1.0 if scale_factor is None else scale_factor
            factors = [factors] if isinstance(factors, int | float) else factors
            sizes = [{"scale_factor": factor} for factor in factors]
        directions = [flip_direction] if isinstance(flip_direction, str) else list(flip_direction)
        flips: list[Any] = [
            TRANSFORMS.build({**flip_cfg, "prob": 1.0, "direction": direction})
            for direction in (directions if allow_flip else ())
        ]
        self.subroutines = [
            Compose([TRANSFORMS.build({**resize_cfg, **size}), flip or _leave_unflipped])
            for size in sizes
            for flip in [None, *flips]
        ]

    def __call__(self, results: Results) -> Results:
        """Make every combination of a size and a direction."""
        packed = []
        for subroutine in self.subroutines:
            changed = subroutine(dict(results))
            packed.append(None if changed is None else self.transforms(changed))
        return _join(packed)


def _leave_unflipped(results: Results) -> Results:
    results.update(flip=False, flip_direction=None)
    return results


def _join(samples: list[Results | None]) -> Results:
    """Turn a list of dicts into a dict of lists."""
    found = [sample for sample in samples if sample is not None]
    if len(found) < len(samples) or not found:
        raise ValueError("transforms of test-time augmentation must not return None")
    return {key: [sample[key] for sample in found] for key in found[0]}
