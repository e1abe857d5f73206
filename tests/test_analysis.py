import csv
import json
import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_f1_score, multiclass_precision

from mmlight.analysis import Analysis, analyze
from mmlight.errors import DataError
from tests.runs import LENET_NEW, write_config

CLASSES = ["cat", "dog", "owl"]


def to_row(true, found, score=0.5):
    return {"gt_label": true, "pred_label": found, "pred_scores": np.array([score, 0.1, 0.1])}


def small():
    pairs = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0)]
    rows = [to_row(true, found, 0.5 + place / 100) for place, (true, found) in enumerate(pairs)]
    return Analysis(rows, CLASSES)


def test_analysis_counts_true_classes_in_rows():
    assert small().confusion_matrix().tolist() == [[2, 1, 0], [2, 1, 0], [0, 0, 0]]
    assert small().confusions(5) == [("dog", "cat", 2), ("cat", "dog", 1)]
    assert small().accuracy() == 50


def test_analysis_knows_no_figure_of_a_class_without_images():
    owl = small().per_class()[2]
    assert owl["images"] == 0
    assert all(math.isnan(owl[name]) for name in ("precision", "recall", "f1"))


def test_analysis_equals_torchmetrics_when_random():
    rng = np.random.default_rng(3)
    truth, found = rng.integers(0, 7, (2, 500))
    rows = Analysis([to_row(*pair) for pair in zip(truth, found, strict=True)], range(7))
    tensors = torch.from_numpy(found), torch.from_numpy(truth), 7
    for name, metric in (("precision", multiclass_precision), ("f1", multiclass_f1_score)):
        theirs = 100 * metric(*tensors, average=None)
        ours = torch.tensor([row[name] for row in rows.per_class()])
        torch.testing.assert_close(ours, theirs, atol=0.006, rtol=0)


def test_analysis_counts_each_class_of_an_image_when_several():
    rows = [to_row([0, 2], [0]), to_row([1], [1, 2]), to_row([2], [2])]
    found = Analysis(rows, CLASSES)
    assert found.confusion_matrix() is None
    assert found.confusions(5) == []
    assert [row["precision"] for row in found.per_class()] == [100, 100, 50]
    assert [row["recall"] for row in found.per_class()] == [100, 100, 50]
    assert found.accuracy() == pytest.approx(100 / 3)


def test_analysis_sorts_the_surest_first():
    assert small().surest(2, right=False) == [5, 4]
    assert small().surest(9, right=True) == [3, 1, 0]


def test_analysis_writes_tables(tmp_path):
    small().write_tables(tmp_path)
    rows = json.loads((tmp_path / "results.json").read_text())
    assert rows[2] == {"gt_label": 0, "pred_label": 1}
    table = list(csv.reader((tmp_path / "classes.csv").read_text().splitlines()))
    assert table[1] == ["cat", "3", "50.0", "66.67", "57.14"]
    matrix = list(csv.reader((tmp_path / "confusion.csv").read_text().splitlines()))
    assert matrix[1] == ["cat", "2", "1", "0"]


def test_analyze_refuses_when_images_have_no_labels(tmp_path, monkeypatch):
    monkeypatch.setattr("mmlight.analysis.predict_with", lambda *_: (None, [{"pred_label": 1}]))
    with pytest.raises(DataError, match=r"val_dataloader\.dataset: its images have no labels"):
        analyze(write_config(tmp_path, LENET_NEW), stage="val")
