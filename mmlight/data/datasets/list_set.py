"""Turns published datasets whose splits are list files into samples."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np

from mmlight.data.datasets.annotations import read_class_names, read_lines
from mmlight.data.datasets.base import BaseDataset, Sample
from mmlight.data.datasets.packed import PackedStrings
from mmlight.data.datasets.records import Records
from mmlight.errors import DataError

Listed = Iterator[tuple[str, int]]


class SplitFilesDataset(BaseDataset):
    """A dataset of fixed files in one folder; for subclasses.

    Args:
        data_root: Folder of the dataset.
        split: Which part; the first of `splits` by default. 'test' sets `test_mode`.
        **kwargs: Further arguments of `BaseDataset`; `ann_file` and `data_prefix` replace the
            published places.

    Attributes:
        splits: The annotation file of each part.
        folder: Folder of the images.

    Raises:
        ValueError: If there is no such part.
        DataError: If a file is missing or damaged.
    """

    splits: ClassVar[dict[str, str]]
    folder: ClassVar[str]

    def __init__(self, data_root: str = "", split: str | None = None, **kwargs: Any) -> None:
        self.split = next(iter(self.splits)) if split is None else split
        if self.split not in self.splits:
            raise ValueError(f"split must be one of {', '.join(self.splits)}, got '{split}'")
        kwargs.setdefault("ann_file", self.splits[self.split])
        kwargs.setdefault("data_prefix", self.folder)
        super().__init__(data_root=data_root, test_mode=self.split == "test", **kwargs)

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples, with 'img_path' and 'gt_label'."""
        paths, labels = PackedStrings(), []
        for name, label in self.list_samples():
            paths.append(os.path.join(self.img_prefix, name))
            labels.append(label)
        return Records({"img_path": paths, "gt_label": np.array(labels, dtype=np.int64)})

    @abstractmethod
    def list_samples(self) -> Listed:
        """Yield the path of each image, below the folder of the images, and its label."""


class ListDataset(SplitFilesDataset):
    """A dataset whose annotation files have one image per line; for subclasses.

    Arguments and errors as in `SplitFilesDataset`.
    """

    def list_samples(self) -> Listed:
        """Yield what the lines say; blank ones are skipped."""
        for number, line in enumerate(read_lines(self.ann_file), start=1):
            if not line.strip():
                continue
            try:
                yield self.parse_line(line)
            except (ValueError, IndexError, KeyError) as err:
                problem = f"'{line}' is no line of {type(self).__name__}: {err}"
                raise DataError(f"{self.ann_file}:{number}", problem) from err

    @abstractmethod
    def parse_line(self, line: str) -> tuple[str, int]:
        """Return the path of an image, below the folder of the images, and its label."""

    def find_label(self, name: str) -> int:
        """Return the label of a published class name, whatever 'classes' a user gave."""
        try:
            return _labels_by_name(self.METAINFO["classes"])[name]
        except KeyError as err:
            raise ValueError(f"there is no class '{name}'") from err


class Caltech101(ListDataset):
    """Caltech-101 with 102 classes: `101_ObjectCategories`, and `meta/train.txt` or `test.txt`.

    There is no official split; lines are `path label`. Arguments and errors as in
    `SplitFilesDataset`; `split` is 'train' or 'test'.

    From: mmpretrain 1.2 `Caltech101`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("caltech101")}
    splits: ClassVar[dict[str, str]] = {"train": "meta/train.txt", "test": "meta/test.txt"}
    folder: ClassVar[str] = "101_ObjectCategories"

    def parse_line(self, line: str) -> tuple[str, int]:
        """Read `path label`."""
        path, label = line.split()
        return path, int(label)


class Food101(ListDataset):
    """Food-101: `images`, and `meta/train.txt` or `meta/test.txt`.

    Arguments and errors as in `SplitFilesDataset`; `split` is 'train' or 'test'.

    From: mmpretrain 1.2 `Food101`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("food101")}
    splits: ClassVar[dict[str, str]] = {"train": "meta/train.txt", "test": "meta/test.txt"}
    folder: ClassVar[str] = "images"

    def parse_line(self, line: str) -> tuple[str, int]:
        """Read `class/image`."""
        name, image = line.split("/")
        return f"{name}/{image}.jpg", self.find_label(name)


class FGVCAircraft(ListDataset):
    """FGVC-Aircraft with its 100 variants: `data/images`, and `data/images_variant_*.txt`.

    Arguments and errors as in `SplitFilesDataset`; `split` is 'trainval', 'train', 'val' or 'test'.

    From: mmpretrain 1.2 `FGVCAircraft`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("fgvc_aircraft")}
    splits: ClassVar[dict[str, str]] = {
        split: f"data/images_variant_{split}.txt" for split in ("trainval", "train", "val", "test")
    }
    folder: ClassVar[str] = "data/images"

    def parse_line(self, line: str) -> tuple[str, int]:
        """Read `image variant`; variants have spaces."""
        image, *variant = line.split()
        return f"{image}.jpg", self.find_label(" ".join(variant))


class OxfordIIITPet(ListDataset):
    """Oxford-IIIT Pets: `images`, and `annotations/trainval.txt` or `annotations/test.txt`.

    Arguments and errors as in `SplitFilesDataset`; `split` is 'trainval' or 'test'.

    From: mmpretrain 1.2 `OxfordIIITPet`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("oxford_iiit_pet")}
    splits: ClassVar[dict[str, str]] = {
        "trainval": "annotations/trainval.txt",
        "test": "annotations/test.txt",
    }
    folder: ClassVar[str] = "images"

    def parse_line(self, line: str) -> tuple[str, int]:
        """Read `image class species breed`, of which classes count from 1."""
        image, label, _, _ = line.split()
        return f"{image}.jpg", int(label) - 1


class SUN397(ListDataset):
    """SUN397: `SUN397`, and `Partitions/Training_01.txt` or `Partitions/Testing_01.txt`.

    Some images are no JPEGs though their names end in `.jpg`: read them with
    `dict(type='LoadImageFromFile', imdecode_backend='pillow')`. Arguments and errors as in
    `SplitFilesDataset`; `split` is 'train' or 'test'.

    From: mmpretrain 1.2 `SUN397`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("sun397")}
    splits: ClassVar[dict[str, str]] = {
        "train": "Partitions/Training_01.txt",
        "test": "Partitions/Testing_01.txt",
    }
    folder: ClassVar[str] = "SUN397"

    def parse_line(self, line: str) -> tuple[str, int]:
        """Read `/a/abbey/image.jpg`; classes may have several folders."""
        return line[1:], self.find_label("_".join(line.split("/")[2:-1]))


@cache
def _labels_by_name(names: tuple[str, ...]) -> dict[str, int]:
    return {name: label for label, name in enumerate(names)}
