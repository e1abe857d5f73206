import pytest

from mmlight.data.datasets.stanford_cars import StanfordCars
from mmlight.errors import DataError
from tests.layouts import write_cars, write_cars_together


@pytest.mark.parametrize(("split", "labels"), [("train", [195, 7]), ("test", [195, 6])])
def test_split_has_its_own_files_when_apart(tmp_path, split, labels):
    dataset = StanfordCars(str(write_cars(tmp_path)), split)
    assert dataset.get_gt_labels().tolist() == labels
    assert dataset.get_data_info(1)["img_path"] == f"{tmp_path}/cars_{split}/00002.jpg"
    assert dataset.test_mode == (split == "test")


@pytest.mark.parametrize(("split", "labels"), [("train", [0, 6]), ("test", [4, 195])])
def test_split_is_that_of_the_file_when_together(tmp_path, split, labels):
    dataset = StanfordCars(str(write_cars_together(tmp_path)), split)
    assert dataset.get_gt_labels().tolist() == labels
    assert dataset.get_data_info(0)["img_path"].startswith(f"{tmp_path}/car_ims/00000")


def test_files_may_lie_anywhere_when_named(tmp_path):
    write_cars(tmp_path)
    path = tmp_path / "devkit/cars_train_annos.mat"
    dataset = StanfordCars(ann_file=str(path), data_prefix="photos")
    assert dataset.get_data_info(0)["img_path"] == "photos/00001.jpg"


def test_dataset_raises_when_no_file_is_there(tmp_path):
    with pytest.raises(
        DataError, match=r"devkit/cars_test_annos_withlabels\.mat: this file is mis"
    ):
        StanfordCars(str(tmp_path), "test")
    with pytest.raises(ValueError, match="split must be one of train, test, got 'val'"):
        StanfordCars(str(tmp_path), "val")
