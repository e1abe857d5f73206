"""Turns the pickled batches of CIFAR-10 and CIFAR-100 into samples."""

import os
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from mmlight.data.datasets.base import Sample
from mmlight.data.datasets.records import Records
from mmlight.data.datasets.safe_pickle import read_pickle
from mmlight.data.datasets.split import SplitDataset
from mmlight.errors import DataError

CIFAR10_CLASSES: Final = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse",
"ship", "truck")  # fmt: skip
CIFAR100_CLASSES: Final = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
    "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
    "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox",
    "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom",
    "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake",
    "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
    "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip


class CIFAR10(SplitDataset):
    """CIFAR-10 from its Python batches; `img` is RGB uint8 `(32, 32, 3)`.

    Args:
        data_root: Folder that holds 'cifar-10-batches-py'.
        split: 'train' or 'test'.
        metainfo: Facts about the data; its 'classes' replace the names.
        download: Accepted for the original's sake; nothing is ever downloaded.
        data_prefix: Folder that holds the batches' folder, relative to `data_root`.
        test_mode: Raise on a rejected sample; does not choose the split.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        ValueError: If `split` is neither, or no folder is given.
        DataError: If a batch is missing, or is no batch.

    From: mmpretrain 1.2 `CIFAR10`; also serves mmcls 0.25 `CIFAR10`, where `test_mode` chooses the
    split. Batches are read without running code from them; checksums are not compared.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": CIFAR10_CLASSES}
    folder: ClassVar[str] = "cifar-10-batches-py"
    files: ClassVar[dict[str, tuple[str, ...]]] = {
        "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test": ("test_batch",),
    }
    label_key: ClassVar[str] = "labels"

    def check_files(self) -> None:
        """Look for the batches of the split."""
        for name in self.files[self.split]:
            self._find_batch(name)

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples, with 'img' and 'gt_label'."""
        if self.split == "train" and self.test_mode:
            warnings.warn(
                "split='train' with test_mode=True: the training set is used", stacklevel=2
            )
        batches = [self._read_batch(name) for name in self.files[self.split]]
        flat = np.concatenate([np.asarray(batch["data"], dtype=np.uint8) for batch in batches])
        images = flat.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)  # (N, 3072) -> (N, H, W, C)
        labels = np.concatenate([np.asarray(batch[self.label_key], np.int64) for batch in batches])
        return Records({"img": np.ascontiguousarray(images), "gt_label": labels})

    def _find_batch(self, name: str) -> str:
        path = os.path.join(self.data_prefix["root"], self.folder, name)
        if not os.path.isfile(path):
            raise DataError(
                path,
                "this file is missing",
                next_step=f"Unpack the Python version of {type(self).__name__} into"
                f" {self.data_prefix['root'] or '.'}, so that {self.folder}/{name} lies in it.",
            )
        return path

    def _read_batch(self, name: str) -> dict[str, Any]:
        path = self._find_batch(name)
        batch = read_pickle(path)
        if not isinstance(batch, dict) or not {"data", self.label_key} <= batch.keys():
            raise DataError(path, f"the batch lacks the keys 'data' and '{self.label_key}'")
        return batch


class CIFAR100(CIFAR10):
    """CIFAR-100 with its fine labels; arguments and errors as in `CIFAR10`.

    From: mmpretrain 1.2 `CIFAR100` / mmcls 0.25 `CIFAR100`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": CIFAR100_CLASSES}
    folder: ClassVar[str] = "cifar-100-python"
    files: ClassVar[dict[str, tuple[str, ...]]] = {"train": ("train",), "test": ("test",)}
    label_key: ClassVar[str] = "fine_labels"
