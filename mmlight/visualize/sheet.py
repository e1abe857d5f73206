"""Draws pictures of any size into a grid of equal cells, each with lines of text below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Array = NDArray[np.uint8]
Color = tuple[int, int, int]

RIGHT, WRONG, NEUTRAL = (0, 110, 0), (190, 0, 0), (25, 25, 25)
FAINT: Final = (115, 115, 115)
FRAME: Final = (215, 215, 215)
CELL_PX: Final = 192
MIN_CELL_PX: Final = 112
MARGIN_PX: Final = 16
GAP_PX: Final = 4
TEXT_PX, LINE_PX = 13, 17
TITLE_PX, TITLE_LINE_PX = 16, 26
LINES_PER_TEXT: Final = 2


@dataclass(frozen=True)
class Cell:
    """Pictures side by side, and the text below them.

    Args:
        images: uint8 `(H, W, 3)` RGB, of any size.
        texts: Each is one line, or two if it is long; the rest is cut.
        color: Color of the first text; the others are grey.
    """

    images: Sequence[Array]
    texts: Sequence[str] = ()
    color: Color = NEUTRAL


@dataclass(frozen=True)
class Block:
    """Cells that stand together, under a title of their own.

    Args:
        cells: At least one.
        title: Stands above them.
    """

    cells: Sequence[Cell]
    title: str = ""


def draw_sheet(
    blocks: Sequence[Block],
    *,
    title: str = "",
    columns: int | None = None,
    cell_px: int = CELL_PX,
) -> Array:
    """Draw cells into a grid.

    Pictures keep their aspect. A large one is shrunk; the pixels of a small one become squares.

    Args:
        blocks: At least one.
        title: Stands above all.
        columns: Cells in a row; None for what makes a picture of a handy shape.
        cell_px: Longest side of a picture [px].

    Returns:
        uint8 `(H, W, 3)` RGB.

    Examples:
        >>> photo = np.zeros((375, 500, 3), np.uint8)
        >>> draw_sheet([Block([Cell([photo], ["cat"])] * 2)]).shape
        (199, 432, 3)
    """
    fitted = [[_fit_cell(cell, cell_px) for cell in block.cells] for block in blocks]
    everything = [cell for cells in fitted for cell in cells]
    width = max(MIN_CELL_PX, *(sum(p.width + GAP_PX for p in c) - GAP_PX for c in everything))
    most = max(len(cells) for cells in fitted)
    columns = min(columns or choose_columns(most, width / cell_px), most)
    rows = [
        _Row(block.title if not start else "", block.cells[start:end], cells[start:end], width)
        for block, cells in zip(blocks, fitted, strict=True)
        for start, end in ((i, i + columns) for i in range(0, len(cells), columns))
    ]
    title_height = TITLE_LINE_PX if title else 0
    height = MARGIN_PX + title_height + sum(row.height for row in rows)
    sheet = Image.new("RGB", (MARGIN_PX + columns * (width + MARGIN_PX), height), "white")
    pen = ImageDraw.Draw(sheet)
    top = MARGIN_PX
    if title:
        text = shorten(title, sheet.width - 2 * MARGIN_PX, TITLE_PX)
        pen.text((MARGIN_PX, top - 4), text, NEUTRAL, _font(TITLE_PX))
        top += title_height
    for row in rows:
        row.draw(sheet, pen, top)
        top += row.height
    drawn: Array = np.asarray(sheet).copy()
    return drawn


def choose_columns(count: int, aspect: float = 1) -> int:
    """Return how many cells stand in a row so that few places stay empty and the shape is handy.

    Args:
        count: Number of cells.
        aspect: Width of a cell by its height.

    Examples:
        >>> choose_columns(3), choose_columns(20), choose_columns(16, 2)
        (3, 5, 4)
    """
    wished = max(1.0, (1.5 * count / aspect) ** 0.5)
    if count <= 4 / aspect:
        return count
    choices = range(max(1, round(wished) - 1), round(wished) + 2)
    return min(choices, key=lambda columns: (-count % columns, abs(columns - wished)))


@dataclass(frozen=True)
class _Row:
    """Cells that stand side by side; the title of a block stands above its first row."""

    title: str
    cells: Sequence[Cell]
    pictures: Sequence[Sequence[Image.Image]]
    width: int

    @property
    def picture_height(self) -> int:
        return max(picture.height for pictures in self.pictures for picture in pictures)

    @property
    def height(self) -> int:
        lines = max(len(self._wrap(cell)) for cell in self.cells)
        text = lines * LINE_PX + 6 if lines else 0
        return bool(self.title) * TITLE_LINE_PX + self.picture_height + text + MARGIN_PX

    def _wrap(self, cell: Cell) -> list[tuple[str, Color]]:
        return [
            (line, FAINT if number else cell.color)
            for number, text in enumerate(cell.texts)
            for line in wrap(text, self.width, TEXT_PX)
        ]

    def draw(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, top: int) -> None:
        if self.title:
            text = shorten(self.title, sheet.width - 2 * MARGIN_PX, TITLE_PX - 2)
            pen.text((MARGIN_PX, top), text, NEUTRAL, _font(TITLE_PX - 2))
            top += TITLE_LINE_PX
        bottom = top + self.picture_height
        for column, (cell, pictures) in enumerate(zip(self.cells, self.pictures, strict=True)):
            left = edge = MARGIN_PX + column * (self.width + MARGIN_PX)
            for picture in pictures:
                place = (left, bottom - picture.height)
                sheet.paste(picture, place)
                corner = (left + picture.width - 1, bottom - 1)
                pen.rectangle((*place, *corner), outline=FRAME) if _is_pale(picture) else None
                left += picture.width + GAP_PX
            for number, (line, color) in enumerate(self._wrap(cell)):
                pen.text((edge, bottom + 4 + number * LINE_PX), line, color, _font(TEXT_PX))


def _is_pale(picture: Image.Image) -> bool:
    """Tell whether a picture has a border that cannot be told from the paper."""
    array = np.asarray(picture)
    border = np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])
    return bool((border.min(axis=1) > 235).mean() > 0.2)


def _fit_cell(cell: Cell, size: int) -> list[Image.Image]:
    return [_fit(Image.fromarray(image), size) for image in cell.images]


def _fit(picture: Image.Image, size: int) -> Image.Image:
    longest = max(picture.size)
    factor = size // longest if longest <= size else size / longest
    width, height = (max(1, round(side * factor)) for side in picture.size)
    if factor == 1:
        return picture
    small = longest <= size
    return picture.resize(
        (width, height), Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    )


# -------------------------------------------------------------------------- text


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def shorten(text: str, width: float, size: int) -> str:
    """Cut a text that is wider than `width` [px], and mark that with three dots."""
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..."


def wrap(text: str, width: float, size: int, *, most: int = LINES_PER_TEXT) -> list[str]:
    """Break a text into lines that are at most `width` [px] wide.

    Args:
        text: Words; one that is too long is broken off with the rest.
        width: Width of a line [px].
        size: Size of the font [px].
        most: So many lines at most; what does not fit into the last is cut.

    Examples:
        >>> wrap("tench, Tinca tinca", 80, 13)
        ['tench, Tinca', 'tinca']
    """
    font = _font(size)
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most - 1:
        count = 1
        while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= width:
            count += 1
        lines.append(shorten(" ".join(words[:count]), width, size))
        words = words[count:]
    return [*lines, shorten(" ".join(words), width, size)] if words or not lines else lines
