"""Turns the idx files of MNIST and Fashion-MNIST, packed or not, into samples."""

import gzip
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torchvision import datasets as tv

from mmlight.data.datasets.base import Sample
from mmlight.data.datasets.records import Records
from mmlight.data.datasets.split import SplitDataset
from mmlight.errors import DataError

UINT8 = 0x08  # idx type code


class MNIST(SplitDataset):
    """MNIST from its idx files; `img` is grey uint8 `(28, 28)`.

    The files `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    `t10k-labels-idx1-ubyte`, each with or without `.gz`, lie in the folder itself or where
    torchvision puts them: `raw/` or `<class name>/raw/` below it. Only the files of the chosen
    split are needed.

    Args:
        data_root: Folder of the files.
        split: 'train' or 'test'.
        metainfo: Facts about the data; its 'classes' replace the names.
        download: Accepted for the original's sake; nothing is ever downloaded.
        data_prefix: Folder of the files, relative to `data_root`.
        test_mode: Choose the test split, too, and raise on a rejected sample.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        ValueError: If `split` is neither, or no folder is given.
        DataError: If a file is missing or damaged.

    From: mmpretrain 1.2 `MNIST`; also serves mmcls 0.25 `MNIST`. The original 1.2 heeds only
    `test_mode` and reads the training files for `split='test', test_mode=False`; here that is the
    test split, as its documentation says.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": tuple(tv.MNIST.classes)}

    def check_files(self) -> None:
        """Look for the two files of the split."""
        self._find_both()

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples, with 'img' and 'gt_label'."""
        images_path, labels_path = self._find_both()
        images = read_idx(images_path, dimensions=3)
        labels = read_idx(labels_path, dimensions=1)
        if len(images) != len(labels):
            raise DataError(str(images_path), f"{len(images)} images, but {len(labels)} labels")
        return Records({"img": images, "gt_label": labels.astype(np.int64)})

    def _find_both(self) -> tuple[Path, Path]:
        stem = "t10k" if self.test_mode or self.split == "test" else "train"
        return self._find(f"{stem}-images-idx3-ubyte"), self._find(f"{stem}-labels-idx1-ubyte")

    def _find(self, name: str) -> Path:
        root = Path(self.data_prefix["root"])
        for folder in (root, root / "raw", root / type(self).__name__ / "raw"):
            for path in (folder / name, folder / f"{name}.gz"):
                if path.is_file():
                    return path
        raise DataError(
            os.fspath(root / name),
            "this file is missing, and so is its .gz",
            next_step=f"Put {name}.gz of {type(self).__name__} into {root}.",
        )


class FashionMNIST(MNIST):
    """Fashion-MNIST; files, arguments and errors as in `MNIST`.

    From: mmpretrain 1.2 `FashionMNIST` / mmcls 0.25 `FashionMNIST`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": tuple(tv.FashionMNIST.classes)}


def read_idx(path: Path, *, dimensions: int) -> NDArray[np.uint8]:
    """Read an idx file of bytes.

    Args:
        path: The file; unpacked on the fly when its name ends in `.gz`.
        dimensions: How many dimensions the array must have.

    Returns:
        The array, uint8, read-only.

    Raises:
        DataError: If the file is damaged, holds another type, or another number of dimensions.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as err:
        raise DataError(str(path), f"cannot be read: {err}") from err
    head = 4 + 4 * dimensions
    if len(raw) < head or raw[:4] != bytes([0, 0, UINT8, dimensions]):
        raise DataError(str(path), f"is no idx file of bytes in {dimensions} dimensions")
    shape = [int(size) for size in np.frombuffer(raw[4:head], dtype=">u4")]
    if len(raw) - head != math.prod(shape):
        raise DataError(str(path), f"holds {len(raw) - head} bytes, but its head says {shape}")
    return np.frombuffer(raw, dtype=np.uint8, offset=head).reshape(shape)  # flat -> (N, ...)
