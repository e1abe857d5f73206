"""Turns the image sets and XML files of Pascal VOC into samples."""

import os
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from mmlight.data.datasets.annotations import join_root, missing_file, read_class_names, read_lines
from mmlight.data.datasets.base import Sample
from mmlight.data.datasets.multi_label import MultiLabelDataset, find_present
from mmlight.data.transforms.contract import Generation, check_generation
from mmlight.errors import DataError

SPLITS: Final = ("train", "val", "trainval", "test")
FOLDERS: Final = {"img_path": "JPEGImages", "ann_path": "Annotations"}


class VOC(MultiLabelDataset):
    """Pascal VOC with 20 classes, several per image.

    Args:
        data_root: Folder of a year, such as `VOC2007`.
        split: 'train', 'val', 'trainval' or 'test'; '' when `image_set_path` says it.
        image_set_path: List of images, relative to `data_root`; `ImageSets/Main/<split>.txt` by
            default.
        data_prefix: Folders of the images ('img_path') and of their XML files ('ann_path'). Without
            the latter, samples have no labels, which takes `test_mode` and no training split.
        test_mode: Raise on a rejected sample; does not choose the split.
        metainfo: Facts about the data; its 'classes' replace the names, and objects of other names
            are left out.
        generation: '1.x' gives lists: 'gt_label', and 'gt_label_difficult' with the classes of
            objects that are marked as difficult. '0.x' gives 'gt_label' as int8 `(K,)`: 1 for a
            class that is there, 0 for one that is not, and for a class with difficult objects only
            what `difficult_as_positive` says.
        difficult_as_positive: Only for '0.x': True makes it 1, False 0, and None -1.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        ValueError: If an argument is none of these.
        DataError: If a file is missing or damaged.

    From: mmpretrain 1.2 `VOC` / mmcls 0.25 `VOC`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("voc")}

    def __init__(
        self,
        data_root: str = "",
        split: str = "trainval",
        image_set_path: str = "",
        data_prefix: str | Mapping[str, str | None] | None = None,
        test_mode: bool = False,
        metainfo: Mapping[str, Any] | None = None,
        *,
        generation: Generation = "1.x",
        difficult_as_positive: bool | None = None,
        **kwargs: Any,
    ) -> None:
        _check_split(split, image_set_path, test_mode)
        check_generation(generation)
        if difficult_as_positive is not None and generation == "1.x":
            raise ValueError(
                "difficult_as_positive is for generation='0.x', in 1.x the metrics have it,"
                f" got {difficult_as_positive}"
            )
        self.split = split
        self.generation = generation
        self.difficult_as_positive = difficult_as_positive
        self.image_set_path = join_root(
            os.path.expanduser(data_root),
            image_set_path or os.path.join("ImageSets", "Main", f"{split}.txt"),
        )
        super().__init__(
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=_find_folders(data_prefix, split, test_mode),
            test_mode=test_mode,
            **kwargs,
        )

    @property
    def ann_prefix(self) -> str | None:
        """Folder of the XML files, None without labels."""
        return self.data_prefix.get("ann_path")

    def check_files(self) -> None:
        """Look for the list of images."""
        if not os.path.isfile(self.image_set_path):
            raise missing_file(self.image_set_path)

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples, with 'img_path' and what `generation` says."""
        names = [line for line in read_lines(self.image_set_path) if line]
        return [
            {"img_path": os.path.join(self.img_prefix, f"{name}.jpg"), **self._read_labels(name)}
            for name in names
        ]

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        found = super().get_cat_ids(idx)
        return found if self.generation == "1.x" else find_present(found)

    def _read_labels(self, name: str) -> Sample:
        clear: set[int] | None = None
        difficult: set[int] | None = None
        if self.ann_prefix is not None:
            clear, difficult = self._read_xml(os.path.join(self.ann_prefix, f"{name}.xml"))
        if self.generation == "1.x":
            return {"gt_label": _to_list(clear), "gt_label_difficult": _to_list(difficult)}
        scores = np.zeros(len(self.CLASSES or ()), dtype=np.int8)
        mark = -1 if self.difficult_as_positive is None else int(self.difficult_as_positive)
        scores[list(difficult or ())] = mark
        scores[list(clear or ())] = 1
        return {"gt_label": scores}

    def _read_xml(self, path: str) -> tuple[set[int], set[int]]:
        """Return the classes with clear objects, and those with difficult ones."""
        found: tuple[set[int], set[int]] = (set(), set())
        labels = self.class_to_idx
        try:
            for item in ET.parse(path).getroot().findall("object"):
                label = labels.get(item.findtext("name", ""))
                if label is not None:
                    found[bool(int(item.findtext("difficult", "0")))].add(label)
        except OSError as err:
            raise missing_file(path) from err
        except (ET.ParseError, ValueError) as err:
            raise DataError(path, f"is no annotation of VOC: {err}") from err
        return found


def _check_split(split: str, image_set_path: str, test_mode: bool) -> None:
    if split not in (*SPLITS, "") or not (split or image_set_path):
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got '{split}'")
    if split in ("train", "trainval") and test_mode:
        warnings.warn(f"split='{split}' with test_mode=True: that set is used", stacklevel=3)


def _find_folders(
    given: str | Mapping[str, str | None] | None, split: str, test_mode: bool
) -> dict[str, str]:
    folders = {"img_path": given} if isinstance(given, str) and given else dict(given or FOLDERS)
    needs_labels = split in ("train", "trainval") or not test_mode
    if not folders.get("img_path") or (needs_labels and not folders.get("ann_path")):
        missing = "ann_path" if folders.get("img_path") else "img_path"
        raise ValueError(f"data_prefix must name a folder as '{missing}', got {given}")
    return {key: folder for key, folder in folders.items() if folder is not None}


def _to_list(labels: set[int] | None) -> list[int] | None:
    return None if labels is None else list(labels)
