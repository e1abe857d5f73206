"""Reads one sample of a dataset to the last byte, and tells what is to be known about its image."""

import io
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
from PIL import Image

from mmlight.errors import MMLightError
from mmlight.visualize.labels import to_label_scores
from mmlight.visualize.sample import image_of, label_of
from mmlight.visualize.to_rgb import list_images, size_of

ORIENTATION: Final = 0x0112
# what the decoders of cv2 print about a file of which they have decoded only a part
BROKEN_OFF: Final = re.compile(r"premature|truncat|incomplete|not enough|unexpected end", re.I)
DAMAGED: Final = re.compile(r"corrupt|error", re.I)


class Facts(NamedTuple):
    """What is known about one sample.

    Args:
        fault: 'missing', 'empty', 'corrupt' (not decoded, or only in part), 'damaged' (decoded,
            with a complaint) or empty.
        detail: What is wrong.
        name: Its file; empty for an image in memory.
        width: Of the image as it is loaded [px]; 0 if it is not.
        height: As `width`.
        mode: Pillow's name of the kind of file ('RGB', 'L', 'RGBA', 'CMYK', ...).
        rotated: Whether the file asks to be shown turned.
        key: Equal for equal contents; 0 where nothing was read. Rarely equal for others.
        labels: Its classes.
    """

    fault: str
    detail: str
    name: str
    width: int
    height: int
    mode: str
    rotated: bool
    key: int
    labels: tuple[int, ...]


def examine_sample(dataset: Any, index: int, num_classes: int | None, stderr: "Stderr") -> Facts:
    """Read a sample to the last byte.

    The image is decoded by what loads it in the pipeline, all other transforms are left out.

    Args:
        dataset: A dataset that wraps no other.
        index: Number of the sample.
        num_classes: Number of classes, for labels that mark each class.
        stderr: Hears what decoders written in C complain about.
    """
    info = read_info(dataset, index)
    found = label_of(info) if isinstance(info, dict) else None
    labels = tuple(number for number, _ in to_label_scores(found, num_classes))
    name = path_of(info)
    content = _read_file(name)
    if content == b"":
        return Facts("empty", "it has no bytes", name, 0, 0, "", False, 0, labels)
    try:
        with stderr.heard() as complaints:
            image = load_image(dataset, info, index)
        width, height = size_of(image)
    except Exception as error:  # a transform of the user may fail in any way
        text = error.problem if isinstance(error, MMLightError) else f"{error}"
        is_gone = content is None and name and "://" not in name and not os.path.exists(name)
        fault, detail = ("missing", "") if is_gone else ("corrupt", " ".join(text.split()))
        return Facts(fault, detail, name, 0, 0, "", False, 0, labels)
    fault, detail = _judge(complaints)
    mode, rotated = _read_header(content, image)
    key = _key(content if content is not None else _pixels(image))
    return Facts(fault, detail, name, width, height, mode, rotated, key, labels)


def digest(dataset: Any, index: int) -> bytes:
    """Return 16 bytes that are equal only for equal contents: of the file, else of the pixels."""
    info = read_info(dataset, index)
    content = _read_file(path_of(info))
    if content is None:
        content = _pixels(load_image(dataset, info, index))
    return blake2b(content, digest_size=16).digest()


def read_info(dataset: Any, index: int) -> Any:
    """Return what a dataset knows about a sample; the sample where it has no such method."""
    info = getattr(dataset, "get_data_info", None)
    return dataset[index] if info is None else info(index)


def load_image(dataset: Any, info: Any, index: int) -> Any:
    """Return the image of a sample as the pipeline loads it, before anything else is done to it.

    Raises:
        ValueError: If there is no image, or the pipeline drops the sample.
        MMLightError: If the file cannot be read or decoded.
    """
    steps: Sequence[Any] = list(getattr(dataset, "pipeline", None) or ())
    while isinstance(info, dict) and "img" not in info and steps:
        step, *steps = steps
        info = step(info)
        if info is None:
            raise ValueError("the pipeline drops it, for it cannot be read")
    image = image_of(info)
    if image is None:
        raise ValueError(f"sample {index} has no image")
    return next(list_images(image))


def path_of(info: Any) -> str:
    """Return the file of a sample that `read_info` returned; nothing for an image in memory."""
    return str(info.get("img_path") or "") if isinstance(info, dict) else ""


def _read_file(name: str) -> bytes | None:
    """Return the bytes of a file on disk; None for what is stored elsewhere, or missing."""
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return None


def _pixels(image: Any) -> bytes:
    array = np.ascontiguousarray(image)
    return str((array.shape, array.dtype.str)).encode() + array.tobytes()


def _key(content: bytes) -> int:
    """Return the length of a content and its checksum as one number, 64 bits, never 0."""
    return ((len(content) & 0xFFFFFFFF) << 32 | zlib.crc32(content)) or 1


def _judge(complaints: list[str]) -> tuple[str, str]:
    for text in complaints:
        if BROKEN_OFF.search(text):
            return "corrupt", f"decoded only in part: {text}"
    bad = [text for text in complaints if DAMAGED.search(text)]
    return ("damaged", bad[0]) if bad else ("", "")


def _read_header(content: bytes | None, image: Any) -> tuple[str, bool]:
    if content is not None:
        try:
            with Image.open(io.BytesIO(content)) as picture:
                return picture.mode, picture.getexif().get(ORIENTATION, 1) not in (0, 1)
        except (OSError, ValueError, SyntaxError):
            pass  # a format that Pillow does not know
    if isinstance(image, Image.Image):
        return image.mode, False
    channels = image.shape[2] if getattr(image, "ndim", 2) == 3 else 1
    return {1: "L", 3: "RGB", 4: "RGBA"}.get(channels, f"{channels} channels"), False


class Stderr:
    """The stream of errors of this process, caught where C libraries write to it.

    Examples:
        >>> with Stderr() as stderr:
        ...     with stderr.heard() as lines:
        ...         _ = os.write(2, b"Corrupt JPEG data")
        >>> lines
        ['Corrupt JPEG data']
    """

    def __enter__(self) -> "Stderr":
        self._file = tempfile.TemporaryFile()
        self._before = os.dup(2)
        os.dup2(self._file.fileno(), 2)
        return self

    def __exit__(self, *_: object) -> None:
        os.dup2(self._before, 2)
        os.close(self._before)
        self._file.close()

    @contextmanager
    def heard(self) -> Iterator[list[str]]:
        """Collect the lines that are written within a block, after its end."""
        lines: list[str] = []
        start = os.lseek(2, 0, os.SEEK_END)
        try:
            yield lines
        finally:
            if os.lseek(2, 0, os.SEEK_END) > start:
                self._file.seek(start)
                lines += self._file.read().decode(errors="replace").splitlines()
