import pytest

from mmlight.data.datasets.list_set import (
    SUN397,
    Caltech101,
    FGVCAircraft,
    Food101,
    OxfordIIITPet,
)
from mmlight.errors import DataError
from tests import layouts

SETS = [
    (Caltech101, layouts.write_caltech101, "train", [1, 101], "101_ObjectCategories/accordion"),
    (Food101, layouts.write_food101, "train", [0, 0, 100], "images/apple_pie/1.jpg"),
    (FGVCAircraft, layouts.write_aircraft, "trainval", [56, 99], "data/images/102.jpg"),
    (OxfordIIITPet, layouts.write_pets, "trainval", [0, 36], "images/Abyssinian_1.jpg"),
    (SUN397, layouts.write_sun397, "train", [0, 8, 396], "SUN397/a/abbey/sun_a.jpg"),
]


@pytest.mark.parametrize(("cls", "write", "split", "labels", "path"), SETS)
def test_samples_are_those_of_the_list_when_read(tmp_path, cls, write, split, labels, path):
    dataset = cls(str(write(tmp_path)))
    assert (dataset.split, dataset.test_mode) == (split, False)
    assert dataset.get_gt_labels().tolist() == labels
    assert dataset.get_data_info(0)["img_path"].startswith(f"{tmp_path}/{path}")
    assert cls(str(tmp_path), "test").test_mode


@pytest.mark.parametrize(
    ("cls", "file", "line", "message"),
    [
        (Caltech101, "meta/train.txt", "a.jpg", "train.txt:2: 'a.jpg' is no line of Caltech101"),
        (Food101, "meta/train.txt", "soup/1", "no line of Food101: there is no class 'soup'"),
        (FGVCAircraft, "data/images_variant_trainval.txt", "1 Kite", "there is no class 'Kite'"),
        (OxfordIIITPet, "annotations/trainval.txt", "a 1", "'a 1' is no line of OxfordIIITPet"),
        (SUN397, "Partitions/Training_01.txt", "/x.jpg", "'/x.jpg' is no line of SUN397"),
    ],
)
def test_dataset_raises_when_a_line_is_damaged(tmp_path, cls, file, line, message):
    layouts.write_lines(tmp_path / file, ["", line])
    with pytest.raises(DataError, match=message):
        cls(str(tmp_path))


def test_labels_are_the_published_ones_when_classes_are_named_anew(tmp_path):
    names = [f"dish {i}" for i in range(101)]
    dataset = Food101(str(layouts.write_food101(tmp_path)), classes=names)
    assert (dataset.get_gt_labels().tolist(), dataset.CLASSES[100]) == ([0, 0, 100], "dish 100")


def test_dataset_raises_when_split_or_list_is_missing(tmp_path):
    with pytest.raises(ValueError, match="split must be one of trainval, test, got 'train'"):
        OxfordIIITPet("x", "train")
    with pytest.raises(DataError, match=r"meta/test\.txt: this file is missing"):
        Food101(str(tmp_path), "test")
