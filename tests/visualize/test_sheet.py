"""Pictures of any size lie in equal cells, whole and apart, with their text below."""

import numpy as np
import pytest
from PIL import ImageFont

from mmlight.visualize.sheet import (
    CELL_PX,
    GAP_PX,
    MARGIN_PX,
    RIGHT,
    WRONG,
    Block,
    Cell,
    choose_columns,
    draw_sheet,
    shorten,
    wrap,
)

RED, BLUE = (255, 0, 0), (0, 0, 255)


def plain(width: int, height: int, color: tuple[int, int, int] = RED) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


def find_box(sheet: np.ndarray, color: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what has a color."""
    rows, columns = np.nonzero((sheet == color).all(axis=2))
    return (
        int(columns.min()),
        int(rows.min()),
        int(np.ptp(columns)) + 1,
        int(np.ptp(rows)) + 1,
    )


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((500, 375), (192, 144)),
        ((28, 28), (168, 168)),
        ((192, 10), (192, 10)),
        ((1, 3000), (1, 192)),
        ((100, 20), (100, 20)),
    ],
)
def test_fits_a_picture_into_its_cell(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    sheet = draw_sheet([Block([Cell([plain(*size)])])])
    assert find_box(sheet, RED) == (MARGIN_PX, MARGIN_PX, *drawn)


def test_small_pixels_become_squares() -> None:
    image = np.random.default_rng(0).integers(0, 200, (28, 28, 3), np.uint8)
    sheet = draw_sheet([Block([Cell([image])])])
    inside = sheet[MARGIN_PX : MARGIN_PX + 168, MARGIN_PX : MARGIN_PX + 168]
    assert (inside == image.repeat(6, 0).repeat(6, 1)).all()


def test_large_photo_is_smoothed(hopper: np.ndarray) -> None:
    sheet = draw_sheet([Block([Cell([hopper])])])
    inside = sheet[MARGIN_PX : MARGIN_PX + 192, MARGIN_PX : MARGIN_PX + 164]
    assert abs(inside.mean() - hopper.mean()) < 1


def test_cells_are_equal_and_apart() -> None:
    cells = [Cell([plain(400, 100)], ["a"]), Cell([plain(100, 400, BLUE)], ["b"])]
    sheet = draw_sheet([Block(cells)], columns=2)
    assert find_box(sheet, RED)[:2] == (MARGIN_PX, MARGIN_PX + CELL_PX - 48)  # stands on its text
    assert find_box(sheet, BLUE)[:2] == (2 * MARGIN_PX + CELL_PX, MARGIN_PX)
    assert sheet.shape[1] == 3 * MARGIN_PX + 2 * CELL_PX


def test_pictures_of_a_cell_stand_side_by_side() -> None:
    sheet = draw_sheet([Block([Cell([plain(300, 300), plain(300, 300, BLUE)])])])
    assert find_box(sheet, BLUE)[0] - find_box(sheet, RED)[0] == CELL_PX + GAP_PX


def test_each_block_begins_a_row_with_its_title() -> None:
    blocks = [Block([Cell([plain(192, 9)])] * 3, "one"), Block([Cell([plain(192, 9, BLUE)])], "x")]
    sheet = draw_sheet(blocks, title="all", columns=2)
    left, top, *_ = find_box(sheet, BLUE)
    _, first, _, height = find_box(sheet, RED)
    assert left == MARGIN_PX
    assert top - (first + height) > MARGIN_PX + 10  # the title is between
    assert (sheet[first + height + MARGIN_PX : top] < 100).any()
    assert sheet.shape[1] == 3 * MARGIN_PX + 2 * CELL_PX


@pytest.mark.parametrize(("color", "channel"), [(RIGHT, 1), (WRONG, 0)])
def test_writes_the_first_text_in_its_color(color: tuple[int, int, int], channel: int) -> None:
    sheet = draw_sheet([Block([Cell([plain(192, 192, (0, 0, 0))], ["some words", "more"], color)])])
    text = sheet[MARGIN_PX + 192 :].reshape(-1, 3).astype(int)
    darkest = text[text.sum(axis=1).argmin()]
    assert darkest.argmax() == channel
    assert darkest.max() - darkest.min() > 60


def test_long_text_stays_in_its_cell() -> None:
    words = "rear admiral, a naval officer of the United States, in her best uniform"
    cells = [Cell([plain(192, 9)], [words]), Cell([plain(192, 9)])]
    sheet = draw_sheet([Block(cells)], columns=2)
    assert (sheet[:, MARGIN_PX + CELL_PX : 2 * MARGIN_PX + CELL_PX] == 255).all()
    below = sheet[MARGIN_PX + 12 :, : MARGIN_PX + CELL_PX]
    assert len(np.flatnonzero((below < 128).any(axis=(1, 2)))) > 20  # two lines


def test_pale_picture_gets_a_frame() -> None:
    sheet = draw_sheet([Block([Cell([plain(192, 192, (255, 255, 255))])])])
    assert find_box(sheet, (215, 215, 215)) == (MARGIN_PX, MARGIN_PX, 192, 192)


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 4), (12, 4), (16, 4), (20, 5), (7, 4)])
def test_chooses_a_handy_shape(count: int, columns: int) -> None:
    assert choose_columns(count) == columns


def test_text_is_cut_where_it_does_not_fit() -> None:
    font = ImageFont.load_default(13)
    assert shorten("tench", 500, 13) == "tench"
    cut = shorten("tench, Tinca tinca", 60, 13)
    assert cut.endswith("...")
    assert font.getlength(cut) <= 60
    lines = wrap("one two three four five six", 50, 13)
    assert len(lines) == 2
    assert all(font.getlength(line) <= 50 for line in lines)
    assert wrap("", 50, 13) == [""]
