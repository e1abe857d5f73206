"""The base of users' own datasets in the style of mmcls 0.x: `load_annotations`."""

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mmlight.compat.registries import mmcls
from mmlight.data.datasets.base import BaseDataset, Sample, read_lines
from mmlight.data.transforms.compose import Compose
from mmlight.errors import DataError
from mmlight.registry import Registry


class OldCompose(Compose):
    """`Compose` whose dicts are in 0.x words.

    From: mmcls 0.25 `Compose`.
    """

    registry: ClassVar[Registry] = mmcls.TRANSFORMS


class OldBaseDataset(BaseDataset, ABC):
    """Samples of `load_annotations`, which must be written.

    Args:
        data_prefix: Folder of the images.
        pipeline: Transforms, or dicts in 0.x words that describe them.
        classes: Class names, or a text file with one per line; the class's `CLASSES` when None.
        ann_file: Annotation file.
        test_mode: Whether this is for validation or test.

    Attributes:
        CLASSES: Class names in the order of their labels.
        data_infos: What `load_annotations` returned: dicts with `gt_label` and, for images in
            files, `img_prefix` and `img_info=dict(filename=...)`.

    Raises:
        DataError: If there is no sample.

    From: mmcls 0.25 `BaseDataset`. A sample also gets the `img_path` that its `img_info` means.
    """

    CLASSES: Any = None

    def __init__(
        self,
        data_prefix: str,
        pipeline: Sequence[Any],
        classes: str | Sequence[str] | None = None,
        ann_file: str | None = None,
        test_mode: bool = False,
    ) -> None:
        super().__init__(test_mode=test_mode, lazy_init=True)
        self.data_prefix: Any = os.path.expanduser(data_prefix) if data_prefix else data_prefix
        self.ann_file: Any = os.path.expanduser(ann_file) if ann_file else ann_file
        self.pipeline = list(OldCompose(pipeline))
        self.CLASSES = self.get_classes(classes)
        self.data_infos: list[Sample] = self.load_annotations()
        self.full_init()

    @abstractmethod
    def load_annotations(self) -> list[Sample]:
        """Return one dict per sample."""

    @classmethod
    def get_classes(cls, classes: str | Sequence[str] | None = None) -> Sequence[str] | None:
        """Return class names: those of a text file, those given, or the class's own."""
        if isinstance(classes, str):
            return read_lines(os.path.expanduser(classes))
        own: Sequence[str] | None = cls.CLASSES
        return own if classes is None else classes

    def full_init(self) -> None:
        """Check that there are samples; they are loaded already."""
        if not self.data_infos:
            raise DataError(self.source, "the dataset is empty", next_step="Check the path.")
        if self.CLASSES is not None:
            self._metainfo["classes"] = tuple(self.CLASSES)

    def get_data_info(self, idx: int) -> Sample:
        """Return a copy of one sample, with `img_path` and its place as `sample_idx`."""
        info = copy.deepcopy(self.data_infos[idx])
        info["sample_idx"] = idx if idx >= 0 else len(self) + idx
        name = info.get("img_info", {}).get("filename")
        if name is not None and "img_path" not in info:
            info["img_path"] = os.path.join(info.get("img_prefix") or "", name)
        return info

    def __len__(self) -> int:
        return len(self.data_infos)

    @property
    def img_prefix(self) -> str:
        """Folder of the images."""
        return self.data_prefix or ""

    @property
    def source(self) -> str:
        """What an error text names."""
        return self.ann_file or self.img_prefix or type(self).__name__

    def get_gt_labels(self) -> NDArray[np.int64]:
        """Labels of all samples, int64 `(N,)`."""
        return np.array([info["gt_label"] for info in self.data_infos], dtype=np.int64)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        return [int(self.data_infos[idx]["gt_label"])]
