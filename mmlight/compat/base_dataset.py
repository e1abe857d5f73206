"""The bases of users' own datasets in the style of mmcls 0.x: `load_annotations`."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from mmlight.compat.registries import mmcls
from mmlight.data.datasets.annotations import read_lines
from mmlight.data.datasets.base import BaseDataset, OnError, Sample
from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.multi_label import find_present
from mmlight.data.datasets.records import pack_records
from mmlight.data.transforms.compose import Compose
from mmlight.errors import DataError
from mmlight.registry import Registry

T = TypeVar("T")


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
        on_error: See `BaseDataset` of `mmlight.data.datasets.base`.

    Attributes:
        CLASSES: Class names in the order of their labels.
        data_infos: What `load_annotations` returned: dicts with `gt_label` and, for images in
            files, `img_prefix` and `img_info=dict(filename=...)`. `full_init`, which comes after
            all of `__init__`, packs them; then each access makes a copy.

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
        on_error: OnError = "raise",
    ) -> None:
        super().__init__(test_mode=test_mode, lazy_init=True, on_error=on_error)
        self.data_prefix: Any = os.path.expanduser(data_prefix) if data_prefix else data_prefix
        self.ann_file: Any = os.path.expanduser(ann_file) if ann_file else ann_file
        self.pipeline = OldCompose(pipeline)
        self.CLASSES = self.get_classes(classes)
        self.data_list = self.load_annotations()
        if not self.data_list:
            raise DataError(self.source, "the dataset is empty", next_step="Check the path.")
        self._fully_initialized = True

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
        """Pack the samples; they are loaded already."""
        self.data_list = pack_records(self.data_list)

    @property
    def data_infos(self) -> Any:
        """The samples."""
        return self.data_list

    @data_infos.setter
    def data_infos(self, samples: Sequence[Sample]) -> None:
        self.data_list = samples

    def get_data_info(self, idx: int) -> Sample:
        """Return a copy of one sample, with `img_path` and its place as `sample_idx`."""
        info = super().get_data_info(idx)
        name = info.get("img_info", {}).get("filename")
        if name is not None and "img_path" not in info:
            info["img_path"] = os.path.join(info.get("img_prefix") or "", name)
        label = info.get("gt_label")
        if isinstance(label, np.ndarray) and label.ndim and label.dtype.kind in "iu":
            info["gt_label"] = label.astype(np.int8)  # scores (K,), not labels as in 1.x
        return info

    @property
    def metainfo(self) -> dict[str, Any]:
        """The class names, as 'classes', if known."""
        return {} if self.CLASSES is None else {"classes": tuple(self.CLASSES)}

    @property
    def img_prefix(self) -> str:
        """Folder of the images."""
        return self.data_prefix or ""

    @property
    def source(self) -> str:
        """What an error text names."""
        return self.ann_file or self.img_prefix or type(self).__name__

    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, `(N,)` or, for several per image, `(N, K)`."""
        return np.array([info["gt_label"] for info in self.data_infos])

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        return [int(self.data_infos[idx]["gt_label"])]


def force_full_init(old_func: Callable[..., T]) -> Callable[..., T]:
    """Load the samples of a dataset before one of its methods runs.

    From: mmengine 0.10 `force_full_init`.
    """

    @wraps(old_func)
    def method(dataset: Any, *args: Any, **kwargs: Any) -> T:
        if not getattr(dataset, "_fully_initialized", False):
            dataset.full_init()
        return old_func(dataset, *args, **kwargs)

    return method


class OldConcatDataset(ConcatDataset):
    """Several datasets, one after the other; class names are those of the first.

    Args:
        datasets: Datasets of fixed length, or dicts that describe them.
        separate_eval: Kept for users' code; evaluation is that of the metrics.

    Raises:
        ValueError: If there is no dataset.

    From: mmcls 0.25 `ConcatDataset`.
    """

    def __init__(self, datasets: Sequence[Any], separate_eval: bool = True) -> None:
        super().__init__(datasets, generation="0.x")
        self.separate_eval = separate_eval


class OldMultiLabelDataset(OldBaseDataset):
    """Samples of `load_annotations` whose `gt_label` says for each class if it is there.

    `gt_label` is an array `(K,)`: 1 for a class that is there, 0 for one that is not, and -1 where
    that is hard to tell. Arguments and errors as in `OldBaseDataset`.

    From: mmcls 0.25 `MultiLabelDataset`.
    """

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        return find_present(self.data_infos[idx]["gt_label"])
