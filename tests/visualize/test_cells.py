"""Each mode shows the images it promises, with their names and sizes."""

from typing import Any

import numpy as np
import pytest

from mmlight.visualize.cells import describe_sample, make_sample_blocks
from mmlight.visualize.sample import Sample
from mmlight.visualize.to_rgb import Meaning
from mmlight.visualize.trace import View

PHOTO, CROP = np.full((6, 8, 3), (1, 2, 3), np.uint8), np.full((4, 4, 3), (4, 5, 6), np.uint8)
VIEWS = (
    View("LoadImageFromFile", PHOTO, Meaning()),
    View("CenterCrop", CROP, Meaning()),
    View("RandomFlip", [CROP, CROP], Meaning("RGB"), is_same=True),
)
SAMPLE = Sample(7, VIEWS, {}, "cat", "cat/a.png")


@pytest.mark.parametrize(
    ("mode", "widths", "size"),
    [
        ("original", [8], "8x6"),
        ("transformed", [4, 4], "2 of 4x4"),
        ("concat", [8, 4, 4], "8x6 > 2 of 4x4"),
    ],
)
def test_shows_a_cell_per_sample(mode: str, widths: list[int], size: str) -> None:
    (block,) = make_sample_blocks([SAMPLE, SAMPLE], mode)
    assert len(block.cells) == 2
    assert [image.shape[1] for image in block.cells[0].images] == widths
    assert list(block.cells[0].texts) == ["cat", f"7: {size}"]
    assert describe_sample(SAMPLE, mode) == f"     7  cat/a.png  cat  {size}"


def test_channels_are_shown_in_their_order() -> None:
    (block,) = make_sample_blocks([SAMPLE], "concat")
    photo, crop, _ = block.cells[0].images
    assert photo[0, 0].tolist() == [3, 2, 1]
    assert crop[0, 0].tolist() == [4, 5, 6]


def test_shows_a_block_per_sample_in_mode_pipeline() -> None:
    blocks = make_sample_blocks([SAMPLE, SAMPLE], "pipeline")
    assert [block.title for block in blocks] == ["7:   cat   cat/a.png"] * 2
    assert [list(cell.texts) for cell in blocks[0].cells] == [
        ["LoadImageFromFile", "8x6"],
        ["CenterCrop", "4x4"],
        ["RandomFlip", "2 of 4x4, same"],
    ]
    line = "LoadImageFromFile 8x6 > CenterCrop 4x4 > RandomFlip 2 of 4x4 (same)"
    assert describe_sample(SAMPLE, "pipeline").endswith(line)


def test_tells_of_rejected_samples() -> None:
    rejected: Any = Sample(1, VIEWS[:1], None, "", "", "Filter")
    (block,) = make_sample_blocks([rejected], "transformed")
    assert list(block.cells[0].texts) == ["no label", "1: 8x6", "rejected by Filter"]
    assert describe_sample(rejected, "original") == "     1  no label  8x6  rejected by Filter"
    unread: Any = Sample(2, (), None, "", "b.png", "Load")
    assert make_sample_blocks([unread], "transformed") == []
    assert describe_sample(unread, "transformed") == "     2  b.png  rejected by Load"
