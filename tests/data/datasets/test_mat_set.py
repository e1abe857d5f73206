import sys

import pytest
from scipy.io import savemat

from mmlight.data.datasets.mat_set import DTD, Flowers102, join_fields, read_field, read_mat
from mmlight.errors import DataError
from tests.layouts import to_structs, write_dtd, write_flowers


@pytest.mark.parametrize(
    ("split", "labels"), [("train", [0]), ("val", [46]), (None, [0, 46]), ("test", [1, 8])]
)
def test_textures_are_those_of_the_split_when_chosen(tmp_path, split, labels):
    dataset = DTD(str(write_dtd(tmp_path)), split)
    assert dataset.get_gt_labels().tolist() == labels
    assert dataset.get_data_info(0)["img_path"].startswith(f"{tmp_path}/images/banded/banded_000")
    assert len(dataset.CLASSES) == 47


@pytest.mark.parametrize(
    ("split", "images"),
    [("train", [6, 3]), ("val", [2, 1]), (None, [6, 3, 2, 1]), ("test", [5, 4])],
)
def test_flowers_are_those_of_the_split_when_chosen(tmp_path, split, images):
    dataset = Flowers102(str(write_flowers(tmp_path)), split)
    names = [dataset.get_data_info(i)["img_path"] for i in range(len(dataset))]
    assert names == [f"{tmp_path}/jpg/image_{number:05}.jpg" for number in images]
    labels = [77, 102, 1, 5, 6, 9]
    assert dataset.get_gt_labels().tolist() == [labels[number - 1] - 1 for number in images]
    assert dataset.CLASSES is None


def test_one_value_is_a_list_when_a_file_holds_no_more(tmp_path):
    path = str(tmp_path / "a.mat")
    savemat(path, {"cars": to_structs(name=["a.jpg"], label=[3]), "one": 5})
    content = read_mat(path)
    assert read_field(content, path, "cars", "name") == ["a.jpg"]
    assert read_field(content, path, "one") == [5]


def test_fields_are_refused_when_missing_or_of_other_length(tmp_path):
    path = str(tmp_path / "a.mat")
    savemat(path, {"cars": to_structs(name=["a", "b"])})
    with pytest.raises(DataError, match=r"a\.mat: the field 'cars\.label' is missing"):
        read_field(read_mat(path), path, "cars", "label")
    with pytest.raises(DataError, match=r"a\.mat: the fields differ in length: 1, 2"):
        join_fields(path, [1], [1, 2])


def test_flowers_are_refused_when_an_image_has_no_label(tmp_path):
    write_flowers(tmp_path)
    savemat(tmp_path / "imagelabels.mat", {"labels": [[1, 2, 3]]})
    with pytest.raises(DataError, match=r"imagelabels\.mat: image 6 has no label, there are 3"):
        Flowers102(str(tmp_path), "train")


def test_file_is_refused_when_missing_or_damaged(tmp_path):
    with pytest.raises(DataError, match=r"none\.mat: this file is missing"):
        read_mat(str(tmp_path / "none.mat"))
    (tmp_path / "a.mat").write_text("no matrix, but a text that is long enough for a header" * 9)
    with pytest.raises(DataError, match=r"a\.mat: is no MATLAB file: "):
        read_mat(str(tmp_path / "a.mat"))


def test_package_is_named_when_scipy_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DataError, match="pip install scipy") as caught:
        DTD(str(write_dtd(tmp_path)))
    assert caught.value.path.endswith("imdb.mat")
