"""Says what a classifier gets right and wrong, class by class and image by image."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlight.errors import DataError
from mmlight.run import Overrides, Source, predict_with, read_spec
from mmlight.stage_data import no_data
from mmlight.visualize.confusion import draw_confusion_matrix
from mmlight.visualize.predictions import is_right, make_cell
from mmlight.visualize.sheet import Block, draw_sheet

COLUMNS: Final = ("class", "images", "precision", "recall", "f1")


@dataclass(frozen=True)
class Analysis:
    """Predictions beside the truth.

    Args:
        rows: One dict per image, as `predict` returns them, with `gt_label`.
        classes: Names of the `K` classes.
        dataset: The images, in the order of `rows`; for pictures.
        is_bgr: The order of their channels.

    From: mmcls 0.25 and mmpretrain 1.2 `tools/analysis_tools/analyze_results.py`, mmpretrain's
    `confusion_matrix.py`; the figures per class are ours.
    """

    rows: Sequence[Mapping[str, Any]]
    classes: Sequence[str]
    dataset: Any = ()
    is_bgr: bool = True

    def confusion_matrix(self) -> NDArray[np.int64] | None:
        """Count images by true class (rows) and predicted class (columns).

        Returns:
            int64 `(K, K)`, or None for images with several classes.
        """
        truth, found = self._labels("gt_label"), self._labels("pred_label")
        if not all(len(labels) == 1 for labels in [*truth, *found]):
            return None
        matrix = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(matrix, (np.concatenate(truth), np.concatenate(found)), 1)
        return matrix

    def per_class(self) -> list[dict[str, Any]]:
        """Return a row of `COLUMNS` per class: precision, recall and F1 in %, NaN without images.

        From: torchmetrics `Precision`, `Recall` and `F1Score` with `average=None`, which give 0
        where there is no image.
        """
        truth, found = self._membership("gt_label"), self._membership("pred_label")
        right = (truth & found).sum(axis=0)
        images, predicted = truth.sum(axis=0), found.sum(axis=0)
        with np.errstate(invalid="ignore"):  # 0 / 0
            parts = (right / predicted, right / images, 2 * right / (images + predicted))
        percent = np.round(100 * np.stack(parts, axis=1), 2)  # 3 x (K,) -> (K, 3)
        return [
            dict(zip(COLUMNS, (name, int(count), *row), strict=True))
            for name, count, row in zip(self.classes, images, percent.tolist(), strict=True)
        ]

    def confusions(self, count: int) -> list[tuple[str, str, int]]:
        """Return the most frequent mistakes: true class, predicted class, number of images."""
        matrix = self.confusion_matrix()
        if matrix is None:
            return []
        np.fill_diagonal(matrix, 0)
        order = np.argsort(-matrix, axis=None, kind="stable")[:count]
        pairs = zip(*np.unravel_index(order, matrix.shape), strict=True)
        return [
            (self.classes[true], self.classes[found], int(matrix[true, found]))
            for true, found in pairs
            if matrix[true, found]
        ]

    def surest(self, count: int, *, right: bool) -> list[int]:
        """Return the rows with the highest scores among those predicted right, or wrong."""
        chosen = [i for i, row in enumerate(self.rows) if _is_right(row) == right]
        return sorted(chosen, key=lambda i: -float(np.max(self.rows[i]["pred_scores"])))[:count]

    def accuracy(self) -> float:
        """Part of the images whose classes are all predicted, and no others [%]."""
        return 100 * sum(map(_is_right, self.rows)) / len(self.rows)

    def write_tables(self, folder: Path) -> None:
        """Write `results.json`, `classes.csv` and, for one class per image, `confusion.csv`."""
        lines = [json.dumps(_to_plain(row), default=str, ensure_ascii=False) for row in self.rows]
        text = "[\n" + ",\n".join(lines) + "\n]\n"
        (folder / "results.json").write_text(text, encoding="utf-8")
        table = [list(row.values()) for row in self.per_class()]
        _write_csv(folder / "classes.csv", [list(COLUMNS), *table])
        matrix = self.confusion_matrix()
        if matrix is not None:
            named = zip(self.classes, matrix.tolist(), strict=True)
            body = [[name, *row] for name, row in named]
            _write_csv(folder / "confusion.csv", [["true \\ predicted", *self.classes], *body])

    def write_pictures(self, folder: Path, count: int) -> None:
        """Write `right.png` and `wrong.png`, of the surest predictions, and `confusion.png`."""
        for name, right in (("right.png", True), ("wrong.png", False)):
            cells = [
                make_cell(
                    self.dataset[place]["inputs"],
                    self.rows[place],
                    self.rows[place]["gt_label"],
                    self.classes,
                    is_bgr=self.is_bgr,
                )
                for place in self.surest(count, right=right)
            ]
            if cells:
                Image.fromarray(draw_sheet([Block(cells)])).save(folder / name)
        matrix = self.confusion_matrix()
        if matrix is not None:
            draw_confusion_matrix(matrix, self.classes).savefig(folder / "confusion.png")

    def _labels(self, key: str) -> list[NDArray[np.int64]]:
        return [np.atleast_1d(np.asarray(row[key], np.int64)) for row in self.rows]

    def _membership(self, key: str) -> NDArray[np.bool_]:
        """Return which image belongs to which class, bool `(N, K)`."""
        belongs = np.zeros((len(self.rows), len(self.classes)), np.bool_)
        for place, labels in enumerate(self._labels(key)):
            belongs[place, labels] = True
        return belongs


def analyze(
    source: Source,
    checkpoint: str | None = None,
    overrides: Overrides = None,
    *,
    stage: str = "test",
) -> Analysis:
    """Predict the images of a stage and set the results beside their labels.

    Args:
        source: A config file, a Config or a Spec.
        checkpoint: Weights; None for the newest of the work directory.
        overrides: In the words of the config.
        stage: 'test' or 'val'.

    Raises:
        MMLightError: As in `predict`; also if the images have no labels.
    """
    spec = read_spec(source, overrides)
    if stage not in spec.data:
        raise no_data(stage)
    data = {**spec.data, "predict": spec.data[stage]}
    parts, rows = predict_with(replace(spec, data=data), checkpoint)
    if not rows or "gt_label" not in rows[0]:
        raise DataError(
            f"{stage}_dataloader.dataset",
            "its images have no labels to compare with",
            next_step="Choose labelled data with --stage val, or use mmlight predict.",
        )
    assert parts.data.predict is not None
    names = parts.model.classes
    count = len(rows[0]["pred_scores"])
    classes = [*names, *map(str, range(len(names), count))]
    is_bgr = getattr(parts.model.preprocessor, "to_rgb", True)
    return Analysis(rows, classes, parts.data.predict.dataset, is_bgr)


def _is_right(row: Mapping[str, Any]) -> bool:
    return is_right(row["pred_label"], row["gt_label"])


def _to_plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "pred_scores"}


def _write_csv(file: Path, rows: Sequence[Sequence[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
