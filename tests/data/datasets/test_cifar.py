import pickle

import numpy as np
import pytest

from mmlight.data.datasets.cifar import CIFAR10, CIFAR100
from mmlight.errors import DataError


def write(root, cls, names, **batch):
    (root / cls.folder).mkdir(exist_ok=True)
    for name in names:
        (root / cls.folder / name).write_bytes(pickle.dumps(batch))


def test_cifar_returns_rgb_planes_last_when_indexed(tmp_path):
    data = np.arange(3072, dtype=np.uint8)[None]
    write(tmp_path, CIFAR100, ["test"], data=data, fine_labels=[42])
    info = CIFAR100(str(tmp_path), "test").get_data_info(0)
    assert info["img"].shape == (32, 32, 3)
    assert info["img"][0, 1].tolist() == [1, 1025 % 256, 2049 % 256]
    assert info["gt_label"] == 42


def test_cifar_protects_its_images_when_sample_is_changed(tmp_path):
    write(tmp_path, CIFAR10, ["test_batch"], data=np.zeros((1, 3072), np.uint8), labels=[1])
    dataset = CIFAR10(str(tmp_path), "test")
    dataset.get_data_info(0)["img"][:] = 9
    assert not dataset.get_data_info(0)["img"].any()


def test_cifar_raises_when_batch_is_missing(tmp_path):
    write(tmp_path, CIFAR10, ["data_batch_1"], data=np.zeros((1, 3072), np.uint8), labels=[1])
    with pytest.raises(DataError, match=r"data_batch_2: this file is missing(?s:.)*Unpack the"):
        CIFAR10(str(tmp_path))


def test_cifar_raises_when_batch_lacks_labels(tmp_path):
    write(tmp_path, CIFAR10, ["test_batch"], data=np.zeros((1, 3072), np.uint8))
    with pytest.raises(DataError, match="lacks the keys 'data' and 'labels'"):
        CIFAR10(str(tmp_path), "test")


def test_cifar_raises_when_label_has_no_class(tmp_path):
    write(tmp_path, CIFAR10, ["test_batch"], data=np.zeros((1, 3072), np.uint8), labels=[10])
    with pytest.raises(DataError, match="'sample 0' has label 10, but there are 10 classes"):
        CIFAR10(str(tmp_path), "test")


def test_cifar_warns_when_training_set_is_tested(tmp_path):
    names = [f"data_batch_{i}" for i in range(1, 6)]
    write(tmp_path, CIFAR10, names, data=np.zeros((2, 3072), np.uint8), labels=[1, 2])
    with pytest.warns(UserWarning, match="the training set is used"):
        assert len(CIFAR10(str(tmp_path), test_mode=True)) == 10
