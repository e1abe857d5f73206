"""The last steps of a pipeline: from numpy results to tensors."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmlight.data.image import Array
from mmlight.data.transforms.contract import Results

META_KEYS = (
    "sample_idx",
    "img_path",
    "ori_shape",
    "img_shape",
    "scale_factor",
    "flip",
    "flip_direction",
)


def to_chw(img: Array) -> Tensor:
    """Copy `(H, W, C)` or `(H, W)` into a new contiguous tensor `(C, H, W)` of the same dtype.

    Examples:
        >>> to_chw(np.zeros((4, 6, 3), np.uint8)).shape
        torch.Size([3, 4, 6])
    """
    if img.ndim == 2:
        return torch.from_numpy(np.array(img[None]))  # (H, W) -> (1, H, W)
    if img.shape[2] == 3 and img.dtype in (np.uint8, np.float32):
        out = np.empty((3, *img.shape[:2]), img.dtype)
        # several times faster than a transposed copy
        cv2.split(img, list(out))  # (H, W, C) -> (C, H, W)
        return torch.from_numpy(out)
    return torch.from_numpy(np.array(img.transpose(2, 0, 1), order="C"))  # (H, W, C) -> (C, H, W)


def to_tensor(value: Any) -> Tensor:
    """Turn an array, a sequence or a number (then of shape `(1,)`) into a tensor.

    Examples:
        >>> to_tensor(3)
        tensor([3])
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, int | float):
        return torch.tensor([value])
    if isinstance(value, Sequence) and not isinstance(value, str):
        return torch.tensor(value)
    raise ValueError(f"value must be an array, a sequence or a number, got {type(value).__name__}")


class PackInputs:
    """Pack the results into `inputs`, `target` and `metas`; everything else is left behind.

    `inputs` is a contiguous tensor `(C, H, W)` with the dtype of the image; a list of images gives
    a list. `target`, where there is a `gt_label`, is an int for a single label and a tensor for
    several; a `gt_score`, float `(K,)`, stands for it.

    Args:
        input_key: Name of the image.
        algorithm_keys: Further entries to keep under their own names.
        meta_keys: Entries to keep in `metas`, where they exist.

    Examples:
        >>> results = {"img": np.zeros((4, 6, 3), np.uint8), "gt_label": 2, "flip": True}
        >>> packed = PackInputs()(results)
        >>> packed["inputs"].shape, packed["target"], packed["metas"]
        (torch.Size([3, 4, 6]), 2, {'flip': True})

    From: mmpretrain 1.2 `PackInputs`, with plain values in place of its DataSample.
    """

    def __init__(
        self,
        input_key: str = "img",
        algorithm_keys: Sequence[str] = (),
        meta_keys: Sequence[str] = META_KEYS,
    ) -> None:
        self.input_key = input_key
        self.algorithm_keys = tuple(algorithm_keys)
        self.meta_keys = tuple(meta_keys)

    def __call__(self, results: Results) -> Results:
        """Pack the results into a new dict."""
        packed: Results = {key: results[key] for key in self.algorithm_keys if key in results}
        if self.input_key in results:
            packed["inputs"] = _to_input(results[self.input_key])
        if "gt_score" in results:
            packed["target"] = torch.as_tensor(results["gt_score"])
        elif "gt_label" in results:
            packed["target"] = _to_target(results["gt_label"])
        packed["metas"] = {key: results[key] for key in self.meta_keys if key in results}
        return packed


def _to_input(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_input(item) for item in value]
    if isinstance(value, Image.Image):
        value = np.asarray(value)
    if isinstance(value, Tensor):
        return value
    return to_chw(value) if value.ndim in (2, 3) else torch.from_numpy(value)


def _to_target(label: Any) -> int | Tensor:
    if isinstance(label, int | np.integer) or getattr(label, "ndim", None) == 0:
        return int(label)
    if isinstance(label, Tensor) and label.shape == (1,):
        return int(label)  # what ToTensor makes of a number
    target = torch.as_tensor(label)
    # int8 is what 0.x says for each class with
    is_scores = target.is_floating_point() or target.dtype in (torch.int8, torch.bool)
    return target if is_scores and target.numel() else target.long()


class ImageToTensor:
    """Turn images into tensors `(C, H, W)`.

    Args:
        keys: Names of the images.

    From: mmcls 0.25 `ImageToTensor` / mmcv 2.x `ImageToTensor`; here the tensor is contiguous.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)

    def __call__(self, results: Results) -> Results:
        """Convert the images."""
        for key in self.keys:
            results[key] = to_chw(results[key])
        return results


class ToTensor:
    """Turn entries into tensors, see `to_tensor`.

    Args:
        keys: Names of the entries; dots reach into nested dicts.

    From: mmcls 0.25 `ToTensor` / mmcv 2.x `ToTensor`.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)

    def __call__(self, results: Results) -> Results:
        """Convert the entries."""
        for key in self.keys:
            *parents, name = key.split(".")
            holder = results
            for parent in parents:
                holder = holder[parent]
            holder[name] = to_tensor(holder[name])
        return results


class Collect:
    """Keep some entries and leave the others behind.

    Args:
        keys: Names to keep; each must exist.
        meta_keys: Names to keep in a dict `img_metas`, where they exist. None adds no `img_metas`.

    From: mmcls 0.25 `Collect`, with a plain dict in place of its DataContainer / mmpretrain 1.2
        `Collect`, which has no `meta_keys`.
    """

    def __init__(self, keys: Sequence[str], meta_keys: Sequence[str] | None = None) -> None:
        self.keys = tuple(keys)
        self.meta_keys = None if meta_keys is None else tuple(meta_keys)

    def __call__(self, results: Results) -> Results:
        """Collect into a new dict."""
        data: Results = {}
        if self.meta_keys is not None:
            data["img_metas"] = {key: results[key] for key in self.meta_keys if key in results}
        return data | {key: results[key] for key in self.keys}
