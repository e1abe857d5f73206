import gzip
import pickle
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.cifar import CIFAR10, CIFAR100
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.imagenet import ImageNet, ImageNet21k
from mmlight.data.datasets.mnist import MNIST, FashionMNIST
from tests.reference.their_dataset import check_equal, theirs_0x, theirs_1x

MINI = Path(__file__).parents[2] / "datasets" / "fashion-mnist-mini"


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    names = ["train/b/2.png", "train/b/10.PNG", "train/a/z/deep.jpg", "train/a/k.jpeg"]
    names += ["train/a-b/x.bmp", "train/B/1.jpg", "train/a/z-1.jpg", "train/.hid/q.png"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (8, 9, 3), dtype=np.uint8))
    (tmp_path / "train/a/.hidden.png").write_bytes(b"")
    (tmp_path / "train/a/notes.txt").write_text("no image")
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta/train.txt").write_text("b/2.png 999\na/with space.jpg 0\n  a/k.jpeg 17  \n")
    (tmp_path / "meta/val.txt").write_text("x.jpg 1\n")
    return tmp_path


CUSTOM = [
    {"data_prefix": "train"},
    {"data_prefix": "train/"},
    {"data_prefix": {"img_path": "train"}},
    {"data_prefix": "train", "extensions": (".PNG",), "classes": list("vwxyz")},
    {"data_prefix": "train", "with_label": False},
    {"data_prefix": "train", "ann_file": "meta/train.txt"},
    {"ann_file": "meta/train.txt"},
    {"data_prefix": "train", "ann_file": "meta/train.txt", "with_label": False},
    {"data_prefix": "train", "ann_file": "meta/train.txt", "indices": 2},
    {"data_prefix": "train", "ann_file": "meta/train.txt", "indices": [2, 0]},
]


@pytest.mark.filterwarnings("ignore:.*no image in the class folders")
@pytest.mark.parametrize("options", CUSTOM)
def test_custom_dataset_equals_mmpretrain(mmpretrain, folder, options):
    options = {"data_root": str(folder), **options}
    check_equal(CustomDataset(**options), mmpretrain(theirs_1x, "CustomDataset", options))


@pytest.mark.parametrize("ann_file", [None, "meta/train.txt"])
def test_custom_dataset_equals_mmcls(mmcls, folder, ann_file):
    options = {"data_prefix": str(folder / "train")}
    if ann_file:
        options["ann_file"] = str(folder / ann_file)
    theirs = mmcls(theirs_0x, "CustomDataset", options)
    check_equal(CustomDataset(**options), theirs, index=False)


@pytest.mark.parametrize("cls", [ImageNet, ImageNet21k])
@pytest.mark.parametrize(
    "options", [{"split": "train"}, {"data_prefix": "train", "ann_file": "meta/train.txt"}]
)
def test_imagenet_equals_mmpretrain_when_listed(mmpretrain, folder, cls, options):
    options = {"data_root": str(folder), **options}
    check_equal(cls(**options), mmpretrain(theirs_1x, cls.__name__, options))


def test_imagenet21k_equals_mmpretrain_when_multi_label(mmpretrain, folder):
    options = {"data_root": str(folder), "split": "train", "multi_label": False}
    check_equal(ImageNet21k(**options), mmpretrain(theirs_1x, "ImageNet21k", options))
    options["multi_label"] = True
    with pytest.raises(RuntimeError, match="`multi_label` option is not supported"):
        mmpretrain(theirs_1x, "ImageNet21k", options)
    with pytest.raises(ValueError, match="multi_label must be False, got True"):
        ImageNet21k(**options)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_imagenet_equals_mmpretrain_when_folders(mmpretrain, tmp_path, split):
    for number in range(1000):
        path = tmp_path / split / f"n{number:08}"
        path.mkdir(parents=True)
        (path / "1.JPEG").touch()
    options = {"data_root": str(tmp_path), "split": split}
    check_equal(ImageNet(**options), mmpretrain(theirs_1x, "ImageNet", options))


def test_imagenet_equals_mmcls_when_listed(mmcls, folder):
    prefix, ann_file = str(folder / "train"), str(folder / "meta/train.txt")
    options = {"data_prefix": prefix, "ann_file": ann_file}
    check_equal(ImageNet(**options), mmcls(theirs_0x, "ImageNet", options), index=False)


def test_base_dataset_equals_mmpretrain_when_annotations(mmpretrain, tmp_path):
    (tmp_path / "ann.json").write_text(
        '{"metainfo": {"categories": [{"id": 1, "category_name": "b"},'
        ' {"id": 0, "category_name": "a"}]},'
        ' "data_list": [{"img_path": "1.jpg", "gt_label": 1}, {"img_path": "2.jpg", "w": 3}]}'
    )
    options = {"data_root": str(tmp_path), "ann_file": "ann.json", "data_prefix": "img"}
    check_equal(BaseDataset(**options), mmpretrain(theirs_1x, "BaseDataset", options))


def write_cifar(root, cls, rng):
    folder = root / cls.folder
    folder.mkdir()
    for name in (*cls.files["train"], *cls.files["test"]):
        labels = rng.integers(0, 10, 4).tolist()
        batch = {"data": rng.integers(0, 256, (4, 3072), dtype=np.uint8), cls.label_key: labels}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))


@pytest.mark.parametrize("cls", [CIFAR10, CIFAR100])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("key", ["data_root", "data_prefix"])
def test_cifar_equals_mmpretrain(mmpretrain, tmp_path, cls, split, key):
    write_cifar(tmp_path, cls, np.random.default_rng(1))
    options = {key: str(tmp_path), "split": split}
    theirs = mmpretrain(theirs_1x, cls.__name__, options, unchecked=True)
    check_equal(cls(**options), theirs)


@pytest.mark.parametrize("cls", [CIFAR10, CIFAR100])
@pytest.mark.parametrize("test_mode", [False, True])
def test_cifar_equals_mmcls(mmcls, tmp_path, cls, test_mode):
    write_cifar(tmp_path, cls, np.random.default_rng(2))
    options = {"data_prefix": str(tmp_path), "test_mode": test_mode}
    theirs = mmcls(theirs_0x, cls.__name__, options, unchecked=True)
    ours = cls(data_prefix=str(tmp_path), split="test" if test_mode else "train")
    samples, classes = theirs
    # mmcls hands on a view of the batches' planes; the values are the same.
    for sample in samples:
        sample["img"] = np.ascontiguousarray(sample["img"])
    check_equal(ours, (samples, classes), index=False)


def write_idx(path, array):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.tobytes())


def write_mnist(root, rng):
    for stem, count in (("train", 7), ("t10k", 4)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        write_idx(root / f"{stem}-images-idx3-ubyte", images)
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        write_idx(root / f"{stem}-labels-idx1-ubyte", labels)


@pytest.mark.parametrize("cls", [MNIST, FashionMNIST])
@pytest.mark.parametrize("test_mode", [False, True])
def test_mnist_equals_mmpretrain(mmpretrain, tmp_path, cls, test_mode):
    write_mnist(tmp_path, np.random.default_rng(3))
    options = {"data_root": str(tmp_path), "test_mode": test_mode}
    if test_mode:
        options["split"] = "test"
    check_equal(cls(**options), mmpretrain(theirs_1x, cls.__name__, options))


@pytest.mark.parametrize("cls", [MNIST, FashionMNIST])
@pytest.mark.parametrize("test_mode", [False, True])
def test_mnist_equals_mmcls(mmcls, tmp_path, cls, test_mode):
    write_mnist(tmp_path, np.random.default_rng(4))
    options = {"data_prefix": str(tmp_path), "test_mode": test_mode}
    theirs = mmcls(theirs_0x, cls.__name__, options)
    check_equal(cls(**options), theirs, index=False)


def test_fashion_mnist_equals_mmpretrain_when_real(mmpretrain, tmp_path):
    for path in MINI.glob("*.gz"):
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    options = {"split": "test", "test_mode": True}
    ours = FashionMNIST(data_root=str(MINI), **options)
    options["data_root"] = str(tmp_path)
    check_equal(ours, mmpretrain(theirs_1x, "FashionMNIST", options))


def theirs_refetch(root, seed):
    import numpy as np
    from mmpretrain.datasets import CustomDataset

    def reject_even(results):
        return results if results["sample_idx"] % 2 else None

    dataset = CustomDataset(data_root=root, data_prefix="train", pipeline=[reject_even])
    np.random.seed(seed)
    return [dataset[i]["sample_idx"] for i in range(len(dataset))]


def test_dataset_draws_as_mmpretrain_when_samples_are_rejected(mmpretrain, folder):
    def reject_even(results):
        return results if results["sample_idx"] % 2 else None

    dataset = CustomDataset(data_root=str(folder), data_prefix="train", pipeline=[reject_even])
    np.random.seed(5)
    ours = [dataset[i]["sample_idx"] for i in range(len(dataset))]
    assert ours == mmpretrain(theirs_refetch, str(folder), 5)
