import pytest

from mmlight.data.datasets.cub import CUB
from mmlight.errors import DataError
from tests.layouts import write_cub


@pytest.mark.parametrize(("split", "labels"), [("train", [0, 6, 6, 199]), ("test", [0, 199])])
def test_split_is_that_of_the_files_when_chosen(tmp_path, split, labels):
    dataset = CUB(str(write_cub(tmp_path)), split)
    assert sorted(dataset.get_gt_labels().tolist()) == labels
    assert dataset.get_data_info(0)["img_path"].startswith(f"{tmp_path}/images/001.Bird_1/")
    assert dataset.CLASSES[0] == "Black_footed_Albatross"


def test_files_may_lie_anywhere_when_named(tmp_path):
    write_cub(tmp_path / "a")
    (tmp_path / "a/images.txt").rename(tmp_path / "mine.txt")
    dataset = CUB(str(tmp_path / "a"), ann_file=str(tmp_path / "mine.txt"), data_prefix="/photos")
    assert dataset.get_data_info(0)["img_path"] == "/photos/001.Bird_1/Bird_1_1.jpg"


@pytest.mark.parametrize("name", ["images", "image_class_labels", "train_test_split"])
def test_dataset_raises_when_a_file_is_missing(tmp_path, name):
    (write_cub(tmp_path) / f"{name}.txt").unlink()
    with pytest.raises(DataError, match=rf"{name}\.txt: this file is missing"):
        CUB(str(tmp_path))
    with pytest.raises(DataError, match=rf"{name}\.txt: this file is missing"):
        CUB(str(tmp_path), lazy_init=True).check_files()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("train_test_split", "1 1\n9 0\n", r"train_test_split\.txt: image 2 is only in one of it"),
        (
            "image_class_labels",
            "1\n",
            r"image_class_labels\.txt:1: '1' is not a number and a value",
        ),
        ("images", "1 a.jpg\n\nx b.jpg\n", r"images\.txt:3: 'x b\.jpg' is not a number"),
    ],
)
def test_dataset_raises_when_files_are_damaged(tmp_path, name, text, message):
    (write_cub(tmp_path) / f"{name}.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        CUB(str(tmp_path))


def test_dataset_raises_when_split_is_unknown():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'val'"):
        CUB("x", "val")
