"""Sends a blank image through a pipeline, to learn what the network gets, without any data."""

from typing import Any, Final

import numpy as np
from torch import Tensor

from mmlight.check.construct import fails
from mmlight.check.datasets import DataSource
from mmlight.check.findings import Findings
from mmlight.data.datasets.cifar import CIFAR10
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.mnist import MNIST
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.errors import UnsupportedValueError
from mmlight.spec import Call

SIZES: Final = ((600, 800), (2400, 3200))
"""Height and width of the blank images [px]: a usual one, and one that no crop is too large for."""
IN_MEMORY: Final = ((MNIST, (28, 28)), (CIFAR10, (32, 32, 3)))
"""Datasets that bring their images along, with the shape of these."""
Shape = tuple[int, int, int]


class _Failed(Exception):  # noqa: N818 - it never leaves this file
    """A step failed."""

    def __init__(self, call: Call, step: Any, error: Exception) -> None:
        super().__init__(call, step, error)
        self.call = call
        self.step = step
        self.error = error


def examine_pipeline(source: DataSource, found: Findings) -> Shape | None:
    """Run a pipeline once.

    Args:
        source: Its dataset.
        found: Gets what is wrong with it, whatever the image.

    Returns:
        Shape `(C, H, W)` of what it makes; None when that depends on the data, or is not known.
    """
    if source.pipeline is None or source.dataset is None:
        return None
    try:
        return _to_shape(source, _run(source, SIZES[0]), found)
    except _Failed as failed:
        makers = (type(failed.step).__module__, type(source.dataset).__module__)
        if not all(module.startswith("mmlight.") for module in makers):
            return None  # the user's own samples or steps may be unlike the blank ones
        _tell(source, failed, found)
        return None


def _run(source: DataSource, size: tuple[int, int]) -> Any:
    shape = next((s for kind, s in IN_MEMORY if isinstance(source.dataset, kind)), None)
    results: Any = {"sample_idx": 0}
    if shape is None:
        results["img_path"] = "blank"
    else:
        results["img"] = np.zeros(shape, np.uint8)
    if not isinstance(source.dataset, CustomDataset) or source.dataset.with_label:
        results["gt_label"] = 0
    for call, step in source.pipeline or ():
        if results is None:
            return None
        try:
            load = isinstance(step, LoadImageFromFile) and "img_path" in results
            results = {**results, **_load(step, size)} if load else step(results)
        except Exception as error:
            raise _Failed(call, step, error) from error
    return results


def _load(step: LoadImageFromFile, size: tuple[int, int]) -> dict[str, Any]:
    shape = size if step.color_type.startswith("grayscale") else (*size, 3)
    image = np.zeros(shape, np.float32 if step.to_float32 else np.uint8)
    return {"img": image, "img_shape": size, "ori_shape": size, "filename": "blank"}


def _tell(source: DataSource, failed: _Failed, found: Findings) -> None:
    call, error = failed.call, failed.error
    short = call.target.rsplit(".", 1)[-1]
    if isinstance(error, KeyError):
        found.add(
            UnsupportedValueError(
                call.path,
                f"{short} needs {error.args[0]!r}, which no step before it and no sample has",
                origin=call.origin or "",
                next_step="Put a step that brings it before this one, such as LoadImageFromFile.",
            )
        )
        return
    try:
        _run(source, SIZES[1])
    except _Failed as again:
        found.add(fails(again.call, again.error, doing="take what the steps before it make"))
    else:
        height, width = SIZES[0]
        text = f"It fails on images of {width}x{height} pixels: {error}."
        found.note(call.path, text, call.origin)


def _to_shape(source: DataSource, results: Any, found: Findings) -> Shape | None:
    if not isinstance(results, dict):
        return None
    path = f"{source.call.path}.pipeline"
    origin = source.call.origins.get("pipeline") or source.call.origin or ""
    inputs = results.get("inputs")
    if "inputs" not in results:
        found.add(
            UnsupportedValueError(
                path,
                f"the pipeline makes {', '.join(map(repr, results))}, and no 'inputs'",
                origin=origin,
                expected="'inputs' and 'target', which PackInputs makes",
                next_step="End the pipeline with dict(type='PackInputs').",
            )
        )
    elif "target" not in results and source.stage == "train":
        found.add(
            UnsupportedValueError(
                path,
                "the training samples have no 'target'",
                origin=origin,
                expected="'inputs' and 'target', which PackInputs makes of 'img' and 'gt_label'",
                next_step="Keep 'gt_label' to the end, and use a dataset with labels.",
            )
        )
    if not isinstance(inputs, Tensor) or inputs.ndim != 3:
        return None
    return inputs.shape[0], inputs.shape[1], inputs.shape[2]
