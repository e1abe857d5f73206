"""Turns an annotation file with several labels per image into samples."""

from typing import Any

import numpy as np

from mmlight.data.datasets.base import BaseDataset


class MultiLabelDataset(BaseDataset):
    """Samples whose `gt_label` is a list of labels; arguments and errors as in `BaseDataset`.

    From: mmpretrain 1.2 `MultiLabelDataset`.
    """

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        labels = self._label_column()
        found: list[int] = self.get_data_info(idx)["gt_label"] if labels is None else labels[idx]
        return found


def find_present(scores: Any) -> list[int]:
    """Return the labels of the classes that are there, of scores `(K,)` of 1, 0 and -1.

    Examples:
        >>> find_present([0, 1, -1, 1])
        [1, 3]
    """
    labels: list[int] = np.flatnonzero(np.asarray(scores) == 1).tolist()
    return labels
