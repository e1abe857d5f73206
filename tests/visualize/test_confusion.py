import sys

import numpy as np
import pytest

from mmlight.errors import ConfigError
from mmlight.visualize.confusion import draw_confusion_matrix

MATRIX = np.array([[3, 1], [0, 0]])


def test_draws_parts_of_the_true_class_and_counts():
    axes = draw_confusion_matrix(MATRIX, ["cat", "dog"]).axes[0]
    assert axes.images[0].get_array().tolist() == [[75, 25], [0, 0]]
    assert [text.get_text() for text in axes.texts] == ["3", "1"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]


def test_leaves_names_and_counts_away_when_there_are_many_classes():
    names = [str(number) for number in range(100)]
    axes = draw_confusion_matrix(np.eye(100, dtype=np.int64), names).axes[0]
    assert not axes.texts
    assert len(axes.get_yticklabels()) < 20


def test_names_the_package_when_matplotlib_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConfigError, match="matplotlib is not installed") as caught:
        draw_confusion_matrix(MATRIX, ["cat", "dog"])
    assert caught.value.next_step == "pip install 'mmlight[plots]'"
