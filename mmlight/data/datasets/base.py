"""Turns an annotation file into samples: the base of all datasets."""

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset
from typing_extensions import Self

from mmlight.data.datasets.annotations import (
    join_root,
    missing_file,
    read_annotations,
    read_metainfo,
)
from mmlight.data.datasets.evaluation import SelfEvaluation
from mmlight.data.datasets.packed import Packed, PackedLists
from mmlight.data.datasets.records import Records, pack_records
from mmlight.data.datasets.skipping import UNREADABLE, SkipCount, mark_counted
from mmlight.data.storage import is_file
from mmlight.data.transforms.compose import Compose
from mmlight.errors import DataError

Sample = dict[str, Any]
Transform = Callable[[Sample], Sample | None]
OnError = Literal["raise", "skip"]


class BaseDataset(SelfEvaluation, Dataset[Any]):
    """Samples of an OpenMMLab 2.0 annotation file, or of `load_data_list` in a subclass.

    Args:
        ann_file: JSON, YAML or pickle with the keys 'metainfo' and 'data_list'; relative to
            `data_root`.
        metainfo: Facts about the data, above all 'classes'; goes before the file's and the class's
            own `METAINFO`.
        data_root: Folder that `ann_file` and `data_prefix` are relative to.
        data_prefix: Folder of the images, or one folder per key of a sample, as `{'img_path':
            'train'}`.
        filter_cfg: For `filter_data` of a subclass.
        indices: Keep the first `n` samples (last, if negative), or these indices.
        serialize_data: Accepted for the original's sake; samples are always packed, so it changes
            nothing.
        pipeline: Transforms, or dicts that describe them, applied in order; one that returns None
            rejects the sample.
        test_mode: Raise on a sample that the pipeline rejects, instead of drawing another one.
        lazy_init: Load the samples at their first use.
        max_refetch: How many other samples to draw when the pipeline rejects one.
        classes: Class names, or a text file with one per line.
        on_error: What to do with a file that cannot be read. 'raise' stops; 'skip' logs it and
            draws another sample, as for a rejected one. Samples then have 'counted': False for
            one that stands in for another, so that evaluation leaves it out.

    Raises:
        ValueError: If `on_error` is neither.
        DataError: If a file is missing, there is no sample, or a label has no class.

    From: mmpretrain 1.2 `BaseDataset`. Empty datasets and labels outside the classes are refused;
    `on_error` is ours.
    """

    METAINFO: ClassVar[dict[str, Any]] = {}
    file_client_args: Mapping[str, Any] | None = None
    """Where the files lie, unless their paths tell."""

    def __init__(
        self,
        ann_file: str | None = "",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = "",
        data_prefix: str | Mapping[str, str] = "",
        filter_cfg: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[Transform | Mapping[str, Any]] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        classes: str | Sequence[str] | None = None,
        on_error: OnError = "raise",
    ) -> None:
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error must be 'raise' or 'skip', got '{on_error}'")
        self.data_root = os.path.expanduser(data_root or "")
        self.ann_file = join_root(self.data_root, ann_file) if ann_file else ""
        prefixes = {"img_path": data_prefix} if isinstance(data_prefix, str) else dict(data_prefix)
        self.data_prefix = {
            key: join_root(self.data_root, value) for key, value in prefixes.items()
        }
        self._metainfo = {**copy.deepcopy(self.METAINFO), **read_metainfo(metainfo, classes)}
        self.filter_cfg = filter_cfg
        self.serialize_data = serialize_data
        self.pipeline = Compose(pipeline)
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.skipped = SkipCount() if on_error == "skip" else None
        self.data_list: Sequence[Sample] = []
        self._indices = indices
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the samples now, unless that has been done."""
        if self._fully_initialized:
            return
        self.data_list = self.load_data_list()
        self.data_list = pack_records(self.filter_data())
        if self._indices is not None:
            self.data_list = _subset(self.data_list, self._indices)
        if "classes" not in self._metainfo and "categories" in self._metainfo:
            ordered = sorted(self._metainfo["categories"], key=lambda category: category["id"])
            self._metainfo["classes"] = tuple(category["category_name"] for category in ordered)
        if not self.data_list:
            raise DataError(self.source, "the dataset is empty", next_step="Check the path.")
        self._check_labels()
        self._fully_initialized = True

    def check_files(self) -> None:
        """Look for the files that loading reads, without reading them; for subclasses.

        Raises:
            DataError: If one is missing.
        """
        if self.ann_file and not is_file(self.ann_file, self.file_client_args):
            raise missing_file(self.ann_file)

    def load_data_list(self) -> Sequence[Sample]:
        """Return one dict per sample; the annotation file's metainfo fills gaps in `metainfo`."""
        content = read_annotations(self.ann_file)
        for key, value in content["metainfo"].items():
            self._metainfo.setdefault(key, value)
        samples: list[Sample] = []
        for raw in content["data_list"]:
            parsed = self.parse_data_info(dict(raw))
            samples.extend(parsed if isinstance(parsed, list) else [parsed])
        return samples

    def parse_data_info(self, raw_data_info: Sample) -> Sample | list[Sample]:
        """Return one sample of the annotation file with the prefixes put before its paths.

        A subclass may return several samples.
        """
        for key, prefix in self.data_prefix.items():
            if key not in raw_data_info:
                raise DataError(
                    self.ann_file, f"a sample lacks the key '{key}' that data_prefix names"
                )
            raw_data_info[key] = os.path.join(prefix, raw_data_info[key])
        return raw_data_info

    def filter_data(self) -> Sequence[Sample]:
        """Return the samples of `self.data_list` to keep; for subclasses."""
        return self.data_list

    def get_data_info(self, idx: int) -> Sample:
        """Return a copy of one sample, with its place as 'sample_idx'."""
        self._ensure_loaded()
        info = self.data_list[idx]
        if isinstance(self.data_list, list):  # packed ones make a copy
            info = copy.deepcopy(info)
        info["sample_idx"] = idx if idx >= 0 else len(self) + idx
        return info

    def prepare_data(self, idx: int) -> Any:
        """Return one sample after the pipeline; None when a transform rejects it."""
        return self.pipeline(self.get_data_info(idx))

    def __getitem__(self, idx: int) -> Any:
        data = self._try(idx)
        counted = data is not None
        for _ in range(self.max_refetch):
            if data is not None:
                break
            data = self._try(np.random.randint(0, len(self)))
        if data is None:
            raise DataError(
                self.source, f"the pipeline rejected {self.max_refetch + 1} samples in a row"
            )
        return data if self.skipped is None else mark_counted(data, counted)

    def _try(self, idx: int) -> Any:
        """Return a prepared sample, None for one that is to be replaced."""
        try:
            data = self.prepare_data(idx)
        except UNREADABLE as error:
            if self.skipped is None:
                raise
            self.skipped.add(f"sample {idx} of {self.source}", error)
            return None
        if data is None and self.test_mode:
            raise DataError(self.source, f"the pipeline rejected sample {idx} in test mode")
        return data

    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Keep only the first `n` samples (the last, if negative), or these indices."""
        self._ensure_loaded()
        self.data_list = _subset(self.data_list, indices)

    def get_subset(self, indices: int | Sequence[int]) -> Self:
        """Return another dataset that has only these samples, see `get_subset_`."""
        self._ensure_loaded()
        shared = {id(item): item for item in (self.data_list, self.skipped)}
        part = copy.deepcopy(self, shared)
        part.get_subset_(indices)
        return part

    def __len__(self) -> int:
        self._ensure_loaded()
        return len(self.data_list)

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the facts about the data."""
        return copy.deepcopy(self._metainfo)

    @property
    def CLASSES(self) -> Sequence[str] | None:  # noqa: N802  (the originals' name)
        """Class names in the order of their labels, if known."""
        return self._metainfo.get("classes")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Label of each class name."""
        return {name: label for label, name in enumerate(self.CLASSES or ())}

    @property
    def img_prefix(self) -> str:
        """Folder of the images."""
        return self.data_prefix.get("img_path", "")

    @property
    def source(self) -> str:
        """What an error text names: the annotation file, or the folder."""
        return self.ann_file or next(iter(self.data_prefix.values()), "") or type(self).__name__

    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, int64 `(N,)`."""
        labels = self._label_column()
        if isinstance(labels, np.ndarray):
            return np.array(labels)
        return np.array([self.get_data_info(idx)["gt_label"] for idx in range(len(self))])

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        labels = self._label_column()
        return [int(self.get_data_info(idx)["gt_label"] if labels is None else labels[idx])]

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Source: {self.source}"]
        if self._fully_initialized:
            lines.append(f"    Number of samples: {len(self)}")
        if self.CLASSES is not None:
            lines.append(f"    Number of categories: {len(self.CLASSES)}")
        return "\n".join([*lines, *(f"    {transform}" for transform in self.pipeline)])

    def _ensure_loaded(self) -> None:
        if not self._fully_initialized:
            self.full_init()

    def _label_column(self) -> Any:
        """Return all labels as they are stored; None where only `get_data_info` knows them."""
        self._ensure_loaded()
        is_plain = type(self).get_data_info is BaseDataset.get_data_info
        if not is_plain or not isinstance(self.data_list, Records):
            return None
        return self.data_list.columns.get("gt_label")

    def _check_labels(self) -> None:
        columns = self.data_list.columns if isinstance(self.data_list, Records) else {}
        column = columns.get("gt_label")
        labels = column.flat if isinstance(column, PackedLists) else column
        if not isinstance(labels, np.ndarray) or labels.ndim != 1 or self.CLASSES is None:
            return
        wrong = np.flatnonzero((labels < 0) | (labels >= len(self.CLASSES)))
        if len(wrong):
            place = int(wrong[0])
            if isinstance(column, PackedLists):
                place = int(np.searchsorted(column.ends, place, side="right"))
            name = columns["img_path"][place] if "img_path" in columns else f"sample {place}"
            raise DataError(
                self.source,
                f"'{name}' has label {labels[wrong[0]]}, but there are {len(self.CLASSES)} classes",
                expected=f"labels from 0 to {len(self.CLASSES) - 1}",
                next_step="Correct the label, or give all class names as 'classes'.",
            )


def _subset(samples: Sequence[Sample], indices: int | Sequence[int]) -> Sequence[Sample]:
    if isinstance(indices, int):
        return samples[:indices] if indices >= 0 else samples[indices:]
    count = range(len(samples))
    places = [count[index] for index in indices]
    if isinstance(samples, (Records, Packed)):
        return samples.take(places)
    return [samples[place] for place in places]
