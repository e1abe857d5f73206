"""Turns CUB-200-2011 into samples."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from mmlight.data.datasets.annotations import join_root, missing_file, read_class_names, read_lines
from mmlight.data.datasets.base import BaseDataset, Sample
from mmlight.data.datasets.packed import PackedStrings
from mmlight.data.datasets.records import Records
from mmlight.errors import DataError


class CUB(BaseDataset):
    """CUB-200-2011, 200 kinds of birds.

    Args:
        data_root: Folder of the dataset, `CUB_200_2011`.
        split: 'train' or 'test'.
        test_mode: Raise on a rejected sample; does not choose the split.
        ann_file: Lines `number path`.
        data_prefix: Folder of the images.
        image_class_labels_file: Lines `number class`, of which classes count from 1.
        train_test_split_file: Lines `number 1` for training and `number 0` for test.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        ValueError: If `split` is neither.
        DataError: If a file is missing or damaged, or the files do not list the same images.

    From: mmpretrain 1.2 `CUB`; also serves mmcls 0.25 `CUB`, which alone lets the files lie
    anywhere.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("cub")}

    def __init__(
        self,
        data_root: str = "",
        split: str = "train",
        test_mode: bool = False,
        ann_file: str = "images.txt",
        data_prefix: str | Mapping[str, str] = "images",
        image_class_labels_file: str = "image_class_labels.txt",
        train_test_split_file: str = "train_test_split.txt",
        **kwargs: Any,
    ) -> None:
        if split not in ("train", "test"):
            raise ValueError(f"split must be 'train' or 'test', got '{split}'")
        self.split = split
        root = os.path.expanduser(data_root)
        self.image_class_labels_file = join_root(root, image_class_labels_file)
        self.train_test_split_file = join_root(root, train_test_split_file)
        super().__init__(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            test_mode=test_mode,
            **kwargs,
        )

    def check_files(self) -> None:
        """Look for the three files."""
        for path in (self.ann_file, self.image_class_labels_file, self.train_test_split_file):
            if not os.path.isfile(path):
                raise missing_file(path)

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples of the split, with 'img_path' and 'gt_label'."""
        names = _read_numbered(self.ann_file)
        classes = _read_numbered(self.image_class_labels_file)
        in_training = _read_numbered(self.train_test_split_file)
        for path, lines in (
            (self.image_class_labels_file, classes),
            (self.train_test_split_file, in_training),
        ):
            if lines.keys() != names.keys():
                number = min(lines.keys() ^ names.keys())
                problem = f"image {number} is only in one of it and {self.ann_file}"
                raise DataError(path, problem)
        wanted = "1" if self.split == "train" else "0"
        numbers = [number for number in names if in_training[number] == wanted]
        paths = PackedStrings(os.path.join(self.img_prefix, names[number]) for number in numbers)
        labels = np.array([int(classes[number]) - 1 for number in numbers], dtype=np.int64)
        return Records({"img_path": paths, "gt_label": labels})


def _read_numbered(path: str) -> dict[int, str]:
    """Read lines `number value`; blank ones are skipped."""
    values = {}
    for place, line in enumerate(read_lines(path), start=1):
        if line.strip():
            try:
                number, value = line.split()
                values[int(number)] = value
            except ValueError as err:
                raise DataError(f"{path}:{place}", f"'{line}' is not a number and a value") from err
    return values
