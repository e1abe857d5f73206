"""Reads the image of a sample from disk."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmlight.data.image import CV2_FLAGS, read_image
from mmlight.data.transforms.contract import Generation, Results, check_choice, check_generation
from mmlight.errors import DataError


class LoadImageFromFile:
    """Read `img_path` into `img`; add `img_shape` and `ori_shape`, both `(H, W)`.

    Args:
        to_float32: Convert the pixels to float32; they keep their range 0 to 255.
        color_type: 'color', 'grayscale', 'unchanged', 'color_ignore_orientation' or
            'grayscale_ignore_orientation'.
        imdecode_backend: 'cv2' or 'pillow'.
        file_client_args: Old word for `backend_args`.
        ignore_empty: Drop a sample that cannot be read (return None) instead of raising.
        backend_args: Only files on disk are read: None, or `backend` 'disk' or 'local'.
        generation: '0.x' takes `img_prefix` and `img_info['filename']` where `img_path` is
            missing, and adds `filename` and `ori_filename`.

    Raises:
        ValueError: If an argument names another backend or color type.

    From: mmcls 0.25 `LoadImageFromFile` / mmcv 2.x `LoadImageFromFile`. Differences: an unreadable
        file raises `DataError`; `ignore_empty` also covers files that exist but hold no image; in
        '0.x' the shapes have no channel.
    """

    def __init__(
        self,
        to_float32: bool = False,
        color_type: str = "color",
        imdecode_backend: str = "cv2",
        file_client_args: Mapping[str, Any] | None = None,
        ignore_empty: bool = False,
        *,
        backend_args: Mapping[str, Any] | None = None,
        generation: Generation = "1.x",
    ) -> None:
        check_choice("color_type", color_type, CV2_FLAGS)
        check_choice("imdecode_backend", imdecode_backend, ("cv2", "pillow"))
        check_generation(generation)
        for name, value in (("file_client_args", file_client_args), ("backend_args", backend_args)):
            check_choice(f"{name}.backend", (value or {}).get("backend", "disk"), ("disk", "local"))
        self.to_float32 = to_float32
        self.color_type = color_type
        self.imdecode_backend = imdecode_backend
        self.ignore_empty = ignore_empty
        self.generation = generation

    def __call__(self, results: Results) -> Results | None:
        """Read the image; raise `DataError` with the path where that fails."""
        path = self._path(results)
        try:
            img = read_image(path, color_type=self.color_type, backend=self.imdecode_backend)
        except DataError:
            if self.ignore_empty:
                return None
            raise
        results["img"] = img.astype(np.float32) if self.to_float32 else img
        results["img_shape"] = results["ori_shape"] = img.shape[:2]
        return results

    def _path(self, results: Results) -> str:
        if self.generation == "1.x":
            return str(results["img_path"])
        if "img_path" not in results:
            name = results["img_info"]["filename"]
            results["img_path"] = os.path.join(results.get("img_prefix") or "", name)
        results["filename"] = results["img_path"]
        results.setdefault(
            "ori_filename", results.get("img_info", {}).get("filename", results["img_path"])
        )
        return str(results["img_path"])
