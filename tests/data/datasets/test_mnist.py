import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from mmlight.data.datasets.mnist import MNIST, FashionMNIST, read_idx
from mmlight.errors import DataError

MINI = Path(__file__).parents[3] / "datasets" / "fashion-mnist-mini"


def idx(array):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def write(folder, stem="train", count=3, packed=False, labels=None):
    folder.mkdir(parents=True, exist_ok=True)
    images = np.full((count, 28, 28), 5, np.uint8)
    labels = np.arange(count, dtype=np.uint8) if labels is None else labels
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        raw = idx(array)
        path = folder / f"{stem}-{name}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(raw) if packed else raw)


def test_fashion_mnist_reads_both_splits_when_real():
    train, test = FashionMNIST(str(MINI)), FashionMNIST(str(MINI), "test")
    assert (len(train), len(test)) == (6000, 1000)
    assert np.bincount(test.get_gt_labels()).tolist() == [100] * 10
    info = test.get_data_info(0)
    assert (info["img"].shape, info["img"].dtype, type(info["gt_label"])) == (
        (28, 28),
        np.uint8,
        int,
    )
    info["img"][:] = 0  # a copy, free to be changed
    assert test.get_data_info(0)["img"].any()


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_finds_files_when_folder_differs(tmp_path, below, packed):
    write(tmp_path / below, packed=packed)
    assert MNIST(str(tmp_path)).get_gt_labels().tolist() == [0, 1, 2]


@pytest.mark.parametrize("options", [{"split": "test"}, {"test_mode": True}])
def test_mnist_reads_test_files_when_either_word_says_so(tmp_path, options):
    write(tmp_path, "t10k", 2)
    assert len(MNIST(data_prefix=str(tmp_path), **options)) == 2


def test_mnist_raises_when_file_is_missing(tmp_path):
    text = r"train-images-idx3-ubyte: this file is missing(?s:.)*Put train-images-idx3-ubyte\.gz"
    with pytest.raises(DataError, match=text):
        MNIST(str(tmp_path))


def test_mnist_raises_when_counts_differ(tmp_path):
    write(tmp_path, labels=np.zeros(2, np.uint8))
    with pytest.raises(DataError, match="3 images, but 2 labels"):
        MNIST(str(tmp_path))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\0\0\x08\x03", "is no idx file of bytes in 3 dimensions"),
        (idx(np.zeros(3, np.uint8)) + bytes(20), "is no idx file of bytes in 3 dimensions"),
        (idx(np.zeros((2, 2, 2), np.uint8))[:-1], r"holds 7 bytes, but its head says \[2, 2, 2\]"),
    ],
)
def test_read_idx_raises_when_file_is_damaged(tmp_path, raw, text):
    path = tmp_path / "a"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=text):
        read_idx(path, dimensions=3)


def test_read_idx_raises_when_packing_is_damaged(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(b"no gzip")
    with pytest.raises(DataError, match=r"a\.gz: cannot be read"):
        read_idx(path, dimensions=1)
