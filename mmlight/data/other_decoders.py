"""Decodes image files by packages that mmlight does not bring along: PyTurboJPEG and tifffile."""

import io
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy.typing as npt

OTHER_DECODERS: Final = {
    "turbojpeg": "pip install PyTurboJPEG, and the library libturbojpeg",
    "tifffile": "pip install tifffile",
}
"""How to get each decoder; its name is that of its module."""
TURBO_COLORS: Final = ("color", "grayscale")


def check_decoder(backend: str, color_type: str) -> None:
    """Look whether a decoder is installed and knows a color type.

    Raises:
        ValueError: If not.
    """
    if backend == "turbojpeg" and color_type not in TURBO_COLORS:
        raise ValueError(
            f"color_type must be 'color' or 'grayscale' for turbojpeg, got {color_type!r}"
        )
    try:
        import_module(backend)
        if backend == "turbojpeg":
            _turbo()
    except (ImportError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # that of turbojpeg has several lines
        raise ValueError(
            f"imdecode_backend {backend!r} cannot be used: {reason} ({OTHER_DECODERS[backend]})"
        ) from error


def decode_by(backend: str, content: bytes, color_type: str) -> npt.NDArray[Any]:
    """Decode the bytes of an image file.

    Args:
        backend: 'turbojpeg' for JPEG files, or 'tifffile' for TIFF files.
        content: The bytes.
        color_type: 'color' or 'grayscale'; tifffile decodes whatever is there.

    Returns:
        From turbojpeg uint8 `(H, W, 3)` in BGR order or `(H, W)`, never turned as EXIF says; from
        tifffile the array of the file, in the file's order of channels.

    Raises:
        OSError: If they cannot be decoded.

    From: mmcv 1.7 and 2.x `imfrombytes`, backends turbojpeg and tifffile.
    """
    try:
        if backend == "turbojpeg":
            return _decode_jpeg(content, color_type)
        image: npt.NDArray[Any] = import_module("tifffile").imread(io.BytesIO(content))
    except (RuntimeError, ValueError) as error:  # tifffile's own error is a ValueError
        raise OSError(str(error)) from error
    return image


def _decode_jpeg(content: bytes, color_type: str) -> npt.NDArray[Any]:
    module = import_module("turbojpeg")
    pixels = module.TJPF_GRAY if color_type == "grayscale" else module.TJPF_BGR
    image: npt.NDArray[Any] = _turbo().decode(content, pixels)
    return image[:, :, 0] if image.shape[-1] == 1 else image  # (H, W, 1) -> (H, W)


@cache
def _turbo() -> Any:
    return import_module("turbojpeg").TurboJPEG()
