"""Reads, decodes and writes images."""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from mmlight.data.decode import CV2_FLAGS, decode_image
from mmlight.data.image import Array
from mmlight.data.storage.choose import choose_backend

supported_backends: Final = ["cv2", "turbojpeg", "pillow", "tifffile"]
_chosen = {"backend": "cv2"}


def use_backend(backend: str) -> None:
    """Choose the backend of all functions on images that are not told one.

    Args:
        backend: 'cv2' or 'pillow'.

    Raises:
        ValueError: For another backend.

    From: mmcv 1.7 and 2.2 `use_backend`. There the functions that resize and change colors keep the
        backend that was chosen when they were imported, 'cv2'; here as well.
    """
    _chosen["backend"] = check_backend(backend)


def check_backend(backend: str | None) -> str:
    """Return the backend, the chosen one for None.

    Raises:
        ValueError: If it is not 'cv2' or 'pillow'.
    """
    backend = _chosen["backend"] if backend is None else backend
    if backend not in ("cv2", "pillow"):
        raise ValueError(f"backend must be 'cv2' or 'pillow', got {backend!r}")
    return backend


def imread(
    img_or_path: Array | str | Path,
    flag: str = "color",
    channel_order: str = "bgr",
    backend: str | None = None,
    file_client_args: dict[str, Any] | None = None,
    *,
    backend_args: dict[str, Any] | None = None,
) -> Array | None:
    """Read an image.

    Args:
        img_or_path: A file or an address; an array is returned as it is.
        flag: 'color', 'grayscale', 'unchanged', 'color_ignore_orientation' or
            'grayscale_ignore_orientation'.
        channel_order: 'bgr' or 'rgb'; only for 'color', and for 'color_ignore_orientation' with
            Pillow.
        backend: 'cv2' or 'pillow'; None for the one chosen by `use_backend`.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.

    Returns:
        uint8 `(H, W, 3)`, or `(H, W)` for grey; None where cv2 cannot decode the file.

    Raises:
        OSError: If the file cannot be read.

    From: mmcv 1.7 and 2.2 `imread`, backends cv2 and pillow.
    """
    if isinstance(img_or_path, np.ndarray):
        return img_or_path
    client = choose_backend(str(img_or_path), file_client_args, backend_args)
    return imfrombytes(client.get(str(img_or_path)), flag, channel_order, backend)


def imfrombytes(
    content: bytes,
    flag: str | int = "color",
    channel_order: str = "bgr",
    backend: str | None = None,
) -> Array | None:
    """Decode the bytes of an image file; arguments as in `imread`.

    Args:
        content: The bytes.
        flag: See `imread`; for cv2 also one of its own numbers.
        channel_order: See `imread`.
        backend: See `imread`.

    From: mmcv 1.7 and 2.2 `imfrombytes`, backends cv2 and pillow.
    """
    backend = check_backend(backend)
    if backend == "cv2":
        number = CV2_FLAGS[flag] if isinstance(flag, str) else flag
        image = cv2.imdecode(np.frombuffer(content, np.uint8), number)
        turn = number == cv2.IMREAD_COLOR and channel_order == "rgb"
    else:
        if channel_order.lower() not in ("rgb", "bgr"):
            raise ValueError(f"channel_order must be 'rgb' or 'bgr', got {channel_order!r}")
        image = decode_image(content, color_type=str(flag), backend="pillow")
        turn = str(flag).startswith("color") and channel_order.lower() == "rgb"
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB) if turn and image is not None else image


def imwrite(
    img: Array,
    file_path: str | Path,
    params: list[int] | None = None,
    auto_mkdir: bool | None = None,
    file_client_args: dict[str, Any] | None = None,
    *,
    backend_args: dict[str, Any] | None = None,
) -> bool:
    """Write an image; its folder is made.

    Args:
        img: uint8 `(H, W, 3)`, BGR, or `(H, W)`.
        file_path: The file; its ending says the format.
        params: Options of `cv2.imencode`.
        auto_mkdir: Accepted; the folder is always made.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.

    Returns:
        Whether cv2 could encode it.

    From: mmcv 1.7 and 2.2 `imwrite`.
    """
    encoded, content = cv2.imencode(Path(file_path).suffix, img, params or [])
    client = choose_backend(str(file_path), file_client_args, backend_args)
    client.put(content.tobytes(), str(file_path))
    return encoded
