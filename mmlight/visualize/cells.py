"""Lays out a sample as cells of a sheet, in the modes that mm's tools know."""

from collections.abc import Iterable, Sequence
from typing import Final

from mmlight.visualize.sample import Sample
from mmlight.visualize.sheet import Block, Cell
from mmlight.visualize.to_rgb import Array, list_images, size_of, to_rgb
from mmlight.visualize.trace import View

MODES: Final = {"original": 20, "transformed": 20, "concat": 12, "pipeline": 4}
"""The modes, and how many samples each shows unless told otherwise."""


def make_sample_blocks(samples: Iterable[Sample], mode: str) -> list[Block]:
    """Lay out samples: one cell each, but in mode 'pipeline' a block each, with a cell per step."""
    shown = [sample for sample in samples if sample.views]
    if mode == "pipeline":
        return [Block(_to_steps(sample), _to_title(sample)) for sample in shown]
    return [Block([_to_cell(sample, mode) for sample in shown])] if shown else []


def describe_sample(sample: Sample, mode: str) -> str:
    """Tell in one line what is drawn of a sample."""
    if not sample.views:
        return (
            f"{sample.index:>6}  {sample.name}  rejected by {sample.rejected_by or 'a transform'}"
        )
    sizes = [describe_size(view) for view in _choose(sample.views, mode)]
    if mode == "pipeline":
        sizes = [
            f"{view.name} {describe_size(view)}{' (same)' * view.is_same}" for view in sample.views
        ]
    rejected = [f"rejected by {sample.rejected_by}"] if sample.rejected_by else []
    parts = [sample.path, sample.label or "no label", " > ".join(sizes), *rejected]
    return f"{sample.index:>6}  " + "  ".join(filter(None, parts))


def describe_size(view: View) -> str:
    """Return width and height of an image, or of each of several.

    Examples:
        >>> import numpy as np
        >>> from mmlight.visualize.to_rgb import Meaning
        >>> describe_size(View("Resize", [np.zeros((4, 6))] * 2, Meaning()))
        '2 of 6x4'
    """
    sizes = ["x".join(map(str, size_of(image))) for image in list_images(view.image)]
    different = list(dict.fromkeys(sizes))
    return ", ".join(
        size if sizes.count(size) == 1 else f"{sizes.count(size)} of {size}" for size in different
    )


def _choose(views: Sequence[View], mode: str) -> list[View]:
    first, last = views[0], views[-1]
    return {"original": [first], "transformed": [last], "concat": [first, last]}.get(
        mode, list(views)
    )


def _to_cell(sample: Sample, mode: str) -> Cell:
    views = _choose(sample.views, mode)
    images = [image for view in views for image in to_pixels(view)]
    size = " > ".join(describe_size(view) for view in views)
    rejected = [f"rejected by {sample.rejected_by}"] if sample.rejected_by else []
    return Cell(images, [sample.label or "no label", f"{sample.index}: {size}", *rejected])


def _to_steps(sample: Sample) -> list[Cell]:
    return [
        Cell(to_pixels(view), [view.name, describe_size(view) + ", same" * view.is_same])
        for view in sample.views
    ]


def _to_title(sample: Sample) -> str:
    parts = [sample.label or "no label", sample.path]
    rejected = f"rejected by {sample.rejected_by}" * bool(sample.rejected_by)
    return "   ".join([f"{sample.index}:", *filter(None, [*parts, rejected])])


def to_pixels(view: View) -> list[Array]:
    """Return the images of a view as uint8 `(H, W, 3)` RGB."""
    return [to_rgb(image, view.meaning) for image in list_images(view.image)]
