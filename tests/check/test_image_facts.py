"""Every file is read to its end, and what is wrong with it is told apart."""

import os
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from mmlight.check.image_facts import Facts, Stderr, digest, examine_sample, load_image
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.transforms.load import LoadImageFromFile
from tests.runs import FASHION

PHOTO = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")


def damage(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(range(200)) + content[middle + 200 :]


def read(folder: Path, name: str, content: bytes | None, **options: Any) -> Facts:
    """Read a file that a list names."""
    (folder / "list.txt").write_text(f"{name} 1\n")
    if content is not None:
        (folder / name).write_bytes(content)
    steps = [LoadImageFromFile(**options), _never]
    dataset = CustomDataset(data_root=str(folder), ann_file="list.txt", pipeline=steps)
    with Stderr() as stderr:
        return examine_sample(dataset, 0, 2, stderr)


def _never(results: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("only loading is asked for")


def encode(form: str, mode: str = "RGB", **options: Any) -> bytes:
    import io

    buffer = io.BytesIO()
    Image.open(PHOTO).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize(
    ("form", "mode"), [("jpeg", "RGB"), ("jpeg", "L"), ("jpeg", "CMYK"), ("png", "RGBA")]
)
def test_reads_a_sound_file(backend: str, form: str, mode: str, tmp_path: Path) -> None:
    content = encode(form, mode)
    facts = read(tmp_path, "a", content, imdecode_backend=backend)
    assert facts[:2] == ("", "")
    assert (facts.width, facts.height, facts.mode) == (512, 600, mode)
    assert (facts.rotated, facts.labels, facts.key >> 32) == (False, (1,), len(content))


def test_tells_of_a_file_to_be_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = read(tmp_path, "a.jpg", encode("jpeg", exif=exif))
    assert (facts.rotated, facts.width, facts.height) == (True, 600, 512)


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "missing"),
        (b"", "empty"),
        (b"no image", "corrupt"),
        (PHOTO.read_bytes()[:20_000], "corrupt"),
        (encode("png")[:20_000], "corrupt"),
        (encode("bmp")[:20_000], "corrupt"),
    ],
)
def test_tells_what_is_wrong(
    backend: str, content: bytes | None, fault: str, tmp_path: Path
) -> None:
    facts = read(tmp_path, "a.jpg", content, imdecode_backend=backend)
    assert facts.fault == fault
    assert (facts.width, facts.height, facts.key) == (0, 0, 0)
    assert facts.labels == (1,)


def test_hears_what_the_decoder_complains_about(tmp_path: Path) -> None:
    facts = read(tmp_path, "a.jpg", damage(PHOTO.read_bytes()))
    assert facts.fault in ("corrupt", "damaged")
    assert "Corrupt JPEG data" in facts.detail
    assert facts.key
    assert os.fstat(2)  # the stream of errors is back


def test_dropping_a_file_is_a_fault(tmp_path: Path) -> None:
    facts = read(tmp_path, "a.jpg", b"no image", ignore_empty=True)
    assert facts[:2] == ("corrupt", "the pipeline drops it, for it cannot be read")


def test_reads_arrays_in_memory() -> None:
    dataset = FashionMNIST(data_root=str(FASHION), pipeline=[_never])
    with Stderr() as stderr:
        facts = [examine_sample(dataset, index, 10, stderr) for index in (3, 3, 4)]
    assert facts[0][:8] == ("", "", "", 28, 28, "L", False, facts[0].key)
    assert facts[0].labels == (3,)
    assert facts[0].key == facts[1].key != facts[2].key
    assert digest(dataset, 3) == digest(dataset, 3) != digest(dataset, 4)


def test_reads_a_dataset_without_a_pipeline() -> None:
    dataset = [{"img": np.zeros((4, 6, 4), np.uint8), "gt_label": [0, 2]}, ("text", 1)]
    with Stderr() as stderr:
        facts = [examine_sample(dataset, index, None, stderr) for index in (0, 1)]
    assert (facts[0].width, facts[0].height, facts[0].mode) == (6, 4, "RGBA")
    assert facts[0].labels == (0, 2)
    assert facts[1].fault == "corrupt"
    assert load_image([torch.ones(3, 4, 6)], torch.ones(3, 4, 6), 0).shape == (3, 4, 6)
    with pytest.raises(ValueError, match="sample 5 has no image"):
        load_image(dataset, {}, 5)


def test_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    for name, content in (("a", encode("png")), ("b", encode("png")), ("c", encode("jpeg"))):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "list.txt").write_text("a 0\nb 0\nc 0\n")
    dataset = CustomDataset(data_root=str(tmp_path), ann_file="list.txt")
    a, b, c = (digest(dataset, index) for index in range(3))
    assert a == b != c
    assert cv2.imread(str(tmp_path / "a")) is not None
