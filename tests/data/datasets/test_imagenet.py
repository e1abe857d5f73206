import pytest

from mmlight.data.datasets.imagenet import ImageNet, ImageNet21k, imagenet_classes
from mmlight.errors import DataError


def lists(root):
    (root / "meta").mkdir()
    for split in ("train", "val"):
        (root / "meta" / f"{split}.txt").write_text(f"{split}/1.jpg 7\n")


@pytest.mark.parametrize("split", ["train", "val"])
def test_imagenet_reads_list_when_split_has_one(tmp_path, split):
    lists(tmp_path)
    info = ImageNet(str(tmp_path), split).get_data_info(0)
    assert info["img_path"] == f"{tmp_path}/{split}/{split}/1.jpg"
    assert info["gt_label"] == 7


def test_imagenet_has_no_labels_when_test_split(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "1.jpg").touch()
    dataset = ImageNet(str(tmp_path), "test")
    assert "gt_label" not in dataset.get_data_info(0)
    assert imagenet_classes() == dataset.CLASSES


def test_imagenet_takes_own_classes_when_given(tmp_path):
    lists(tmp_path)
    assert tuple("abcdefgh") == ImageNet(str(tmp_path), "train", classes=list("abcdefgh")).CLASSES
    with pytest.raises(DataError, match="has label 7, but there are 2 classes"):
        ImageNet(str(tmp_path), "train", metainfo={"classes": ["a", "b"]})


def test_imagenet21k_knows_no_classes_when_listed(tmp_path):
    lists(tmp_path)
    assert ImageNet21k(str(tmp_path), "train").CLASSES is None


def test_imagenet_raises_when_split_is_unknown():
    with pytest.raises(ValueError, match="'val' or 'test', got 'valid'"):
        ImageNet("x", "valid")
    with pytest.raises(ValueError, match="'' or 'train', got 'val'"):
        ImageNet21k("x", "val")


def test_imagenet_classes_are_whole_when_asked():
    names = imagenet_classes()
    assert (len(names), names[0]) == (1000, "tench, Tinca tinca")
