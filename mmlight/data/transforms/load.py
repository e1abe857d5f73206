"""Reads the image of a sample from where it lies."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmlight.data.decode import CV2_FLAGS, decode_file, read_image
from mmlight.data.image import Array
from mmlight.data.other_decoders import OTHER_DECODERS, check_decoder
from mmlight.data.storage.choose import choose_backend, is_remote
from mmlight.data.storage.local import LocalBackend
from mmlight.data.transforms.contract import (
    Generation,
    Results,
    check_choice,
    check_generation,
    shape_of,
)
from mmlight.errors import DataError


class LoadImageFromFile:
    """Read `img_path` into `img`; add `img_shape` and `ori_shape`, `(H, W)`, in '0.x' `(H, W, C)`.

    Args:
        to_float32: Convert the pixels to float32; they keep their range 0 to 255.
        color_type: 'color', 'grayscale', 'unchanged', 'color_ignore_orientation' or
            'grayscale_ignore_orientation'.
        imdecode_backend: 'cv2', 'pillow', or 'turbojpeg' or 'tifffile' where they are installed.
        file_client_args: Where the files lie: `backend` ('disk', 'http', 'fsspec', 'lmdb',
            'memcached', 'petrel', 'ceph', 'archive' or a user's own) and its options; see
            `mmlight/data/storage/choose.py`. The word of 0.x.
        ignore_empty: Drop a sample that cannot be read (return None) instead of raising.
        backend_args: The same in the word of 1.x. Without a backend each path tells: an address
            such as 'https://...' or 's3://...', a member 'images.zip/1.jpg', or a file on disk.
        generation: '0.x' takes `img_prefix` and `img_info['filename']` where `img_path` is
            missing, and adds `filename`, `ori_filename` and an `img_norm_cfg` that says: not yet.

    Raises:
        ValueError: If an argument names an unknown backend or color type, or one whose package is
            not installed.

    From: mmcls 0.25 `LoadImageFromFile` / mmcv 2.x `LoadImageFromFile`. Differences: an unreadable
        file raises `DataError`; `ignore_empty` also covers files that exist but hold no image;
        addresses and archives are read without options in 0.x too.
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
        check_choice("imdecode_backend", imdecode_backend, ("cv2", "pillow", *OTHER_DECODERS))
        check_generation(generation)
        if imdecode_backend in OTHER_DECODERS:
            check_decoder(imdecode_backend, color_type)
        self.to_float32 = to_float32
        self.color_type = color_type
        self.imdecode_backend = imdecode_backend
        self.ignore_empty = ignore_empty
        self.generation = generation
        self.backend_args = backend_args
        self._backend: Any = None  # each path tells
        if file_client_args is not None or "backend" in (backend_args or {}):
            self._backend = choose_backend(None, file_client_args, backend_args)
        self._is_local = isinstance(self._backend, LocalBackend)

    @property
    def reads_disk(self) -> bool:
        """Whether paths without an address are those of files on disk."""
        return self._is_local or self._backend is None

    def __call__(self, results: Results) -> Results | None:
        """Read the image; raise `DataError` with the path where that fails."""
        path = self._path(results)
        try:
            img = self._read(path)
        except DataError:
            if self.ignore_empty:
                return None
            raise
        results["img"] = img.astype(np.float32) if self.to_float32 else img
        results["img_shape"] = results["ori_shape"] = shape_of(img, self.generation)
        if self.generation == "0.x":
            channels = 1 if img.ndim == 2 else img.shape[2]
            results["img_norm_cfg"] = {
                "mean": np.zeros(channels, np.float32),
                "std": np.ones(channels, np.float32),
                "to_rgb": False,
            }
        return results

    def _read(self, path: str) -> Array:
        if self._is_local or (self._backend is None and not is_remote(path)):
            return read_image(path, color_type=self.color_type, backend=self.imdecode_backend)
        backend = self._backend or choose_backend(path, backend_args=self.backend_args)
        try:
            content = backend.get(path)
        except OSError as error:
            raise DataError(path, f"the image cannot be read ({error})") from error
        return decode_file(content, path, color_type=self.color_type, backend=self.imdecode_backend)

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
