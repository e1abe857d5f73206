"""Draws a confusion matrix."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mmlight.errors import ConfigError

MAX_NAMED: Final = 60
"""So many classes get a name along the axes."""
MAX_COUNTED: Final = 20
"""So many classes get their counts written into the matrix."""


def draw_confusion_matrix(matrix: NDArray[np.int64], classes: Sequence[str]) -> Any:
    """Draw true classes as rows and predicted ones as columns; the color is the part of the row.

    Args:
        matrix: Number of images, int64 `(K, K)`.
        classes: `K` names.

    Returns:
        A matplotlib figure.

    Raises:
        ConfigError: If matplotlib is not installed.

    From: mmpretrain 1.2 `ConfusionMatrix.plot`, whose color is the count.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            "confusion_matrix.png",
            "matplotlib is not installed, which draws it",
            next_step="pip install 'mmlight[plots]'",
        ) from error
    count = len(classes)
    inches = min(max(4.0, 0.32 * count + 2), 20.0)
    figure = Figure(figsize=(inches + 1, inches), layout="constrained", dpi=110)
    axes = figure.add_subplot()
    parts = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(100 * parts, cmap="Blues", vmin=0, vmax=100)
    figure.colorbar(image, ax=axes, label="part of the true class [%]", shrink=0.8)
    axes.set(xlabel="predicted class", ylabel="true class")
    if count <= MAX_NAMED:
        axes.set_xticks(range(count), classes, rotation=90)
        axes.set_yticks(range(count), classes)
    if count <= MAX_COUNTED:
        for (row, column), number in np.ndenumerate(matrix):
            shade = "white" if parts[row, column] > 0.5 else "black"
            if number:
                axes.text(column, row, str(number), ha="center", va="center", color=shade)
    return figure
