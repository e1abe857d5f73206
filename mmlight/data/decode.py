"""Turns image files into arrays: uint8 `(H, W, 3)` in BGR order or grey `(H, W)`, as cv2 does."""

import io
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageOps

from mmlight.data.image import Array
from mmlight.data.other_decoders import decode_by
from mmlight.errors import DataError

CV2_FLAGS: Final = {
    "color": cv2.IMREAD_COLOR,
    "grayscale": cv2.IMREAD_GRAYSCALE,
    "unchanged": cv2.IMREAD_UNCHANGED,
    "color_ignore_orientation": cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_COLOR,
    "grayscale_ignore_orientation": cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_GRAYSCALE,
}
# what stands behind the transparent pixels of a grey image with alpha
CANVAS_RGB: Final = (124, 117, 104)


def read_image(path: str, *, color_type: str = "color", backend: str = "cv2") -> Array:
    """Read an image file.

    Args:
        path: A file on disk.
        color_type: 'color', 'grayscale', 'unchanged', 'color_ignore_orientation' or
            'grayscale_ignore_orientation'.
        backend: See `decode_image`.

    Returns:
        uint8 `(H, W, 3)` in BGR order, or `(H, W)` for the grey types.

    Raises:
        DataError: If the file is missing or holds no image.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as err:
        raise DataError(
            str(path),
            f"the image cannot be read ({err})",
            next_step="Put the file there, or take it out of the annotations.",
        ) from err
    return decode_file(content, path, color_type=color_type, backend=backend)


def decode_file(
    content: bytes, path: str, *, color_type: str = "color", backend: str = "cv2"
) -> Array:
    """Decode the bytes that were read from `path`; see `read_image`.

    Raises:
        DataError: If they are no image.
    """
    try:
        image = decode_image(content, color_type=color_type, backend=backend)
    except (OSError, cv2.error) as err:
        raise DataError(str(path), f"the image cannot be read ({err})") from err
    if image is None:
        next_step = "Replace the file, or take it out of the annotations."
        raise DataError(
            str(path), "the file holds no image that can be decoded", next_step=next_step
        )
    return image


def decode_image(
    content: bytes, *, color_type: str = "color", backend: str = "cv2"
) -> Array | None:
    """Decode the bytes of an image file; None where cv2 cannot, or where there are none.

    Args:
        content: The bytes.
        color_type: See `read_image`.
        backend: 'cv2' or 'pillow', which decode the same JPEG to slightly different pixels, or
            'turbojpeg' or 'tifffile', see `decode_by`.

    From: mmcv 1.7 and 2.x `imfrombytes`.
    """
    if backend == "cv2":
        encoded = np.frombuffer(content, np.uint8)
        return cv2.imdecode(encoded, CV2_FLAGS[color_type]) if content else None
    if backend != "pillow":
        return decode_by(backend, content, color_type)
    with Image.open(io.BytesIO(content)) as picture:
        return _from_pillow(picture, color_type)


def _from_pillow(picture: Image.Image, color_type: str) -> Array:
    if color_type == "unchanged":
        image = np.array(picture)
        if image.ndim == 3 and image.shape[2] >= 3:
            image[:, :, :3] = image[:, :, 2::-1]
        return image
    if not color_type.endswith("ignore_orientation"):
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == "LA":
        canvas = Image.new("RGB", picture.size, CANVAS_RGB)
        canvas.paste(picture.convert("RGBA"), mask=picture.getchannel("A"))
        picture = canvas
    picture = picture.convert("RGB")
    if color_type.startswith("grayscale"):
        return np.array(picture.convert("L"))
    return cv2.cvtColor(np.array(picture), cv2.COLOR_RGB2BGR)
