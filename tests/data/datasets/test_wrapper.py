import pickle

import pytest
from torch.utils.data import ConcatDataset as TorchConcatDataset
from torch.utils.data import Subset

from mmlight.compat.base_dataset import OldBaseDataset
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.class_balanced import ClassBalancedDataset
from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.k_fold import KFoldDataset
from mmlight.data.datasets.records import Records
from mmlight.data.datasets.repeat import RepeatDataset
from mmlight.data.datasets.wrapper import build_if_dict, find_classes, metainfo_of


class New(BaseDataset):
    METAINFO = {"classes": ("a", "b"), "task": ["x"]}  # noqa: RUF012

    def load_data_list(self):
        return [{"img_path": f"{i}.jpg", "gt_label": i % 2} for i in range(10)]


class Old(OldBaseDataset):
    CLASSES = ("a", "b")

    def load_annotations(self):
        return [
            {"img_prefix": "", "img_info": {"filename": f"{i}.jpg"}, "gt_label": i % 2}
            for i in range(10)
        ]


def wrap(dataset):
    fold = KFoldDataset(dataset, fold=1, num_splits=2, seed=1)
    return ClassBalancedDataset(RepeatDataset(ConcatDataset([fold, fold]), 2), 1.0)


@pytest.mark.parametrize("make", [New, lambda **more: Old("", [], **more)])
def test_everything_goes_through_when_wrappers_are_nested(make):
    wrapped = wrap(make())
    assert len(wrapped) == 40  # each class is in half of all: twice
    assert wrapped.CLASSES == ("a", "b")
    assert wrapped.class_to_idx == {"a": 0, "b": 1}
    labels = wrapped.get_gt_labels().tolist()
    assert labels == [wrapped[i]["gt_label"] for i in range(40)]
    assert labels == [wrapped.prepare_data(i)["gt_label"] for i in range(40)]
    assert [[label] for label in labels] == [wrapped.get_cat_ids(i) for i in range(40)]
    info = wrapped.get_data_info(-1)
    assert int(info["img_path"][0]) % 2 == info["gt_label"] == labels[-1]
    assert pickle.loads(pickle.dumps(wrapped))[7] == wrapped[7]


def test_facts_are_copies_when_read():
    wrapped = wrap(New())
    wrapped.metainfo["task"].append("y")
    assert wrapped.metainfo == {"classes": ("a", "b"), "task": ["x"]}


def test_samples_are_packed_when_a_0x_dataset_is_wrapped():
    dataset = Old("", [])
    dataset.data_infos[0]["gt_label"] = 1  # still the user's own dicts
    repeated = RepeatDataset(dataset, 1)
    assert isinstance(dataset.data_infos, Records)
    assert repeated.get_gt_labels().tolist()[:3] == [1, 1, 0]


def test_names_are_found_when_another_package_wraps():
    class Named:
        CLASSES = ["x"]  # noqa: RUF012

    assert metainfo_of(Named()) == {"classes": ("x",)}
    assert metainfo_of(Subset(Subset(New(), [0]), [0]))["classes"] == ("a", "b")
    assert metainfo_of([1]) == {}
    several = TorchConcatDataset([[1], Subset(New(), [0])])
    assert find_classes(several) == find_classes(RepeatDataset(several, 2)) == ("a", "b")
    assert find_classes([1]) == ()


def test_repr_shows_what_is_inside_when_printed():
    assert repr(RepeatDataset(New(), 2)).splitlines()[:2] == [
        "Dataset RepeatDataset",
        "    Dataset New",
    ]
    assert RepeatDataset(New(), 2).source == "New"


def test_live_dataset_stays_when_built():
    dataset = New()
    assert build_if_dict(dataset) is dataset
