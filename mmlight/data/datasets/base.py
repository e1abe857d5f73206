"""Turns an annotation file into samples: the base of all datasets."""

import copy
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import yaml
from numpy.typing import NDArray
from torch.utils.data import Dataset

from mmlight.data.datasets.records import Records, pack_records
from mmlight.data.datasets.safe_pickle import read_pickle
from mmlight.data.transforms.compose import build_transforms
from mmlight.errors import DataError

Sample = dict[str, Any]
Transform = Callable[[Sample], Sample | None]
REMOTE = ("http://", "https://", "s3://")


class BaseDataset(Dataset[Any]):
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
        test_mode: Raise on a rejected sample instead of drawing another one.
        lazy_init: Load the samples at their first use.
        max_refetch: How many other samples to draw when the pipeline rejects one.
        classes: Class names, or a text file with one per line.

    Raises:
        DataError: If a file is missing, there is no sample, or a label has no class.

    From: mmpretrain 1.2 `BaseDataset`; also serves mmcls 0.25 `BaseDataset`. Samples are packed
    without pickle, and empty datasets and labels outside the classes are refused.
    """

    METAINFO: ClassVar[dict[str, Any]] = {}

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
    ) -> None:
        self.data_root = os.path.expanduser(data_root or "")
        self.ann_file = join_root(self.data_root, ann_file) if ann_file else ""
        prefixes = {"img_path": data_prefix} if isinstance(data_prefix, str) else dict(data_prefix)
        self.data_prefix = {
            key: join_root(self.data_root, value) for key, value in prefixes.items()
        }
        self._metainfo = {**copy.deepcopy(self.METAINFO), **_read_metainfo(metainfo, classes)}
        self.filter_cfg = filter_cfg
        self.serialize_data = serialize_data
        self.pipeline = build_transforms(pipeline)
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.data_list: Sequence[Sample] = []
        self._indices = indices
        self._loaded = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the samples now, unless that has been done."""
        if self._loaded:
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
        self._loaded = True

    def check_files(self) -> None:
        """Look for the files that loading reads, without reading them; for subclasses.

        Raises:
            DataError: If one is missing.
        """
        if self.ann_file and not os.path.isfile(self.ann_file):
            raise missing_file(self.ann_file)

    def load_data_list(self) -> Sequence[Sample]:
        """Return one dict per sample; the annotation file's metainfo fills gaps in `metainfo`."""
        content = _read_annotations(self.ann_file)
        for key, value in content["metainfo"].items():
            self._metainfo.setdefault(key, value)
        return [self.parse_data_info(dict(raw)) for raw in content["data_list"]]

    def parse_data_info(self, raw_data_info: Sample) -> Sample:
        """Return one sample of the annotation file with the prefixes put before its paths."""
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
        self.full_init()
        info = self.data_list[idx]
        if not isinstance(self.data_list, Records):
            info = copy.deepcopy(info)
        info["sample_idx"] = idx if idx >= 0 else len(self) + idx
        return info

    def prepare_data(self, idx: int) -> Any:
        """Return one sample after the pipeline; None when a transform rejects it."""
        results: Sample | None = self.get_data_info(idx)
        for transform in self.pipeline:
            if results is None:
                break
            results = transform(results)
        return results

    def __getitem__(self, idx: int) -> Any:
        data = self.prepare_data(idx)
        if data is None and self.test_mode:
            raise DataError(self.source, f"the pipeline rejected sample {idx} in test mode")
        for _ in range(self.max_refetch):
            if data is not None:
                break
            data = self.prepare_data(np.random.randint(0, len(self)))
        if data is None:
            raise DataError(
                self.source, f"the pipeline rejected {self.max_refetch + 1} samples in a row"
            )
        return data

    def __len__(self) -> int:
        self.full_init()
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

    def get_gt_labels(self) -> NDArray[np.int64]:
        """Labels of all samples, int64 `(N,)`."""
        self.full_init()
        if isinstance(self.data_list, Records):
            return np.array(self.data_list.columns["gt_label"], dtype=np.int64)
        return np.array([sample["gt_label"] for sample in self.data_list], dtype=np.int64)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        return [int(self.get_data_info(idx)["gt_label"])]

    def __repr__(self) -> str:
        lines = [f"Dataset {type(self).__name__}", f"    Source: {self.source}"]
        if self._loaded:
            lines.append(f"    Number of samples: {len(self)}")
        if self.CLASSES is not None:
            lines.append(f"    Number of categories: {len(self.CLASSES)}")
        return "\n".join([*lines, *(f"    {transform}" for transform in self.pipeline)])

    def _check_labels(self) -> None:
        columns = self.data_list.columns if isinstance(self.data_list, Records) else {}
        labels = columns.get("gt_label")
        if not isinstance(labels, np.ndarray) or labels.ndim != 1 or self.CLASSES is None:
            return
        wrong = np.flatnonzero((labels < 0) | (labels >= len(self.CLASSES)))
        if len(wrong):
            place = int(wrong[0])
            name = columns["img_path"][place] if "img_path" in columns else f"sample {place}"
            raise DataError(
                self.source,
                f"'{name}' has label {labels[place]}, but there are {len(self.CLASSES)} classes",
                expected=f"labels from 0 to {len(self.CLASSES) - 1}",
                next_step="Correct the label, or give all class names as 'classes'.",
            )


def join_root(root: str, path: str) -> str:
    """Put `root` before a relative path; absolute paths, URLs and paths without a root stay.

    Examples:
        >>> join_root("data", "train"), join_root("", "train"), join_root("data", "s3://b/x")
        ('data/train', 'train', 's3://b/x')
    """
    path = os.path.expanduser(path)
    if not root or os.path.isabs(path) or path.startswith(REMOTE):
        return path
    return os.path.join(root, path)


def read_lines(path: str) -> list[str]:
    """Read a text file, one item per line.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise missing_file(path) from err


def missing_file(path: str) -> DataError:
    """Return the error for a file that should be there."""
    return DataError(
        path,
        "this file is missing or cannot be read",
        next_step="Put the file there, or correct data_root, data_prefix or ann_file.",
    )


def _read_metainfo(
    metainfo: Mapping[str, Any] | None, classes: str | Sequence[str] | None
) -> dict[str, Any]:
    facts = dict(copy.deepcopy(metainfo)) if metainfo else {}
    for key, value in facts.items():
        if isinstance(value, str) and os.path.isfile(os.path.expanduser(value)):
            facts[key] = read_lines(os.path.expanduser(value))
    if isinstance(classes, str):
        classes = read_lines(os.path.expanduser(classes))
    return {"classes": tuple(classes), **facts} if classes is not None else facts


def _read_annotations(path: str) -> dict[str, Any]:
    if not os.path.isfile(path):
        raise missing_file(path or "ann_file")
    if path.endswith((".pkl", ".pickle")):
        content = read_pickle(path)
    else:
        text = Path(path).read_text(encoding="utf-8")
        content = json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    if not isinstance(content, dict) or not {"metainfo", "data_list"} <= content.keys():
        raise DataError(path, "the file lacks the keys 'metainfo' and 'data_list'")
    return content


def _subset(samples: Sequence[Sample], indices: int | Sequence[int]) -> Sequence[Sample]:
    if isinstance(indices, int):
        return samples[:indices] if indices >= 0 else samples[indices:]
    return samples.take(indices) if isinstance(samples, Records) else [samples[i] for i in indices]
