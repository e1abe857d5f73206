import numpy as np
import pytest

from mmlight.compat.base_dataset import (
    OldBaseDataset,
    OldCompose,
    OldConcatDataset,
    OldMultiLabelDataset,
    force_full_init,
)
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.packed import Constant, PackedScalars
from mmlight.data.datasets.records import Records
from mmlight.errors import DataError


class Three(OldBaseDataset):
    CLASSES = ("cat", "dog")

    def load_annotations(self):
        return [
            {
                "img_prefix": self.data_prefix,
                "img_info": {"filename": f"{i}.png"},
                "gt_label": np.array(i % 2, dtype=np.int64),
            }
            for i in range(3)
        ]


class Arrays(OldBaseDataset):
    def load_annotations(self):
        return [{"img": np.zeros((2, 2, 3), np.uint8), "gt_label": 0}]


class Empty(OldBaseDataset):
    def load_annotations(self):
        return []


def test_samples_are_those_of_load_annotations_when_read():
    dataset = Three("images", [lambda results: results], ann_file="list.txt", test_mode=True)
    assert (dataset.data_prefix, dataset.ann_file, dataset.test_mode) == (
        "images",
        "list.txt",
        True,
    )
    assert len(dataset) == 3
    sample = dataset[2]
    assert sample["img_path"] == "images/2.png"
    assert sample["img_info"] == {"filename": "2.png"}
    assert (sample["sample_idx"], int(sample["gt_label"])) == (2, 0)
    assert dataset.get_gt_labels().tolist() == [0, 1, 0]
    assert dataset.get_cat_ids(1) == [1]
    assert dataset.source == "list.txt"


def test_samples_are_copies_when_read():
    dataset = Arrays("", [])
    dataset[0]["img"][:] = 9
    assert dataset[0]["img"].max() == 0
    assert "img_path" not in dataset[0]


def test_classes_are_found_when_named_in_any_way(tmp_path):
    assert Three("", []).metainfo["classes"] == ("cat", "dog")
    assert Three("", []).class_to_idx == {"cat": 0, "dog": 1}
    assert Three("", [], classes=["a", "b"]).CLASSES == ["a", "b"]
    (tmp_path / "names.txt").write_text("x\ny\n")
    assert Three("", [], str(tmp_path / "names.txt")).CLASSES == ["x", "y"]
    assert Three.get_classes() == ("cat", "dog")
    assert Three.CLASSES == ("cat", "dog")
    assert Arrays("", []).CLASSES is None


def test_dicts_are_read_in_old_words_when_in_the_pipeline():
    dataset = Arrays("", [dict(type="Resize", size=(4, 6))])
    assert dataset[0]["img"].shape == (4, 6, 3)
    (crop,) = OldCompose([dict(type="RandomCrop", size=2)])
    assert crop.generation == "0.x"


def test_dataset_raises_when_empty():
    with pytest.raises(DataError, match="the dataset is empty"):
        Empty("folder", [])


def test_loading_must_be_written_when_deriving():
    class Nothing(OldBaseDataset):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Nothing("", [])


def test_samples_stay_the_users_own_until_they_are_packed():
    dataset = Three("images", [])
    for info in dataset.data_infos:
        info["gt_label"] += 1  # what users do after `super().__init__()`
    assert (len(dataset), dataset.get_cat_ids(0), dataset[0]["gt_label"]) == (3, [1], 1)
    assert type(dataset.data_infos) is list
    dataset.full_init()
    assert isinstance(dataset.data_infos, Records)
    columns = dataset.data_infos.columns
    assert isinstance(columns["img_prefix"], Constant)
    assert isinstance(columns["img_info"], Records)
    assert isinstance(columns["gt_label"], PackedScalars)
    sample = dataset[2]
    assert type(sample["gt_label"]) is np.ndarray
    assert (sample["img_info"], sample["img_path"]) == ({"filename": "2.png"}, "images/2.png")
    assert dataset.get_gt_labels().tolist() == [1, 2, 1]
    part = dataset.get_subset([2, 0])
    assert [part[i]["img_info"]["filename"] for i in (0, 1)] == ["2.png", "0.png"]
    dataset.data_infos = dataset.data_infos[:1]
    assert len(dataset) == 1


def test_unreadable_file_is_replaced_when_skipping():
    def read(results):
        if results["sample_idx"] == 1:
            raise DataError("1.png", "is no image")
        return results

    dataset = Three("images", [read], on_error="skip")
    assert [dataset[i]["counted"] for i in range(3)] == [True, False, True]


class Several(OldMultiLabelDataset):
    def load_annotations(self):
        return [{"gt_label": np.array([0, 1, -1, 1], np.int8)}]


def test_labels_are_those_of_present_classes_when_several():
    dataset = Several("", [])
    assert dataset.get_cat_ids(0) == [1, 3]
    assert dataset.get_gt_labels().tolist() == [[0, 1, -1, 1]]


def test_samples_are_loaded_when_a_method_forces_it():
    class Late(BaseDataset):
        def load_data_list(self):
            return [{"gt_label": 3}]

        @force_full_init
        def first(self, key):
            return self.data_list[0][key]

    assert Late(lazy_init=True).first("gt_label") == 3


def test_joined_datasets_may_differ_in_classes_when_0x():
    joined = OldConcatDataset([Three("a", []), Three("b", [], classes=["x", "y"])], False)
    assert (len(joined), joined.CLASSES, joined.separate_eval) == (6, ("cat", "dog"), False)
