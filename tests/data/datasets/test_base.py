import json
import pickle

import numpy as np
import pytest

from mmlight.data.datasets.base import BaseDataset
from mmlight.data.storage.web import FsspecBackend
from mmlight.errors import DataError


class Small(BaseDataset):
    def __init__(self, samples=None, **kwargs):
        self.samples = [{"gt_label": i} for i in range(4)] if samples is None else samples
        super().__init__(**kwargs)

    def load_data_list(self):
        return self.samples


def write(path, content):
    path.write_text(json.dumps(content))
    return str(path)


def annotations(**metainfo):
    return {"metainfo": metainfo, "data_list": [{"img_path": "1.jpg", "gt_label": 1}]}


def test_get_data_info_counts_place_when_index_is_negative():
    assert Small().get_data_info(-1) == {"gt_label": 3, "sample_idx": 3}


def test_dataset_applies_pipeline_when_indexed():
    dataset = Small(pipeline=[lambda r: {**r, "a": 1}, lambda r: {**r, "b": r["a"] + 1}])
    assert dataset[2] == {"gt_label": 2, "sample_idx": 2, "a": 1, "b": 2}


def test_dataset_draws_another_when_sample_is_rejected():
    np.random.seed(0)
    dataset = Small(pipeline=[lambda r: r if r["gt_label"] == 3 else None])
    assert dataset[0]["gt_label"] == 3


def test_dataset_raises_when_test_sample_is_rejected():
    with pytest.raises(DataError, match="rejected sample 2 in test mode"):
        Small(pipeline=[lambda r: None], test_mode=True)[2]


def test_dataset_raises_when_all_samples_are_rejected():
    with pytest.raises(DataError, match="rejected 6 samples in a row"):
        Small(pipeline=[lambda r: None], max_refetch=5)[0]


def test_dataset_raises_when_empty():
    with pytest.raises(DataError, match="Small: the dataset is empty"):
        Small(samples=[])


@pytest.mark.parametrize("label", [2, -1])
def test_dataset_raises_when_label_has_no_class(label):
    samples = [{"img_path": "a.png", "gt_label": 0}, {"img_path": "b.png", "gt_label": label}]
    with pytest.raises(DataError, match=f"'b.png' has label {label}, but there are 2 classes"):
        Small(samples=samples, classes=["x", "y"])


def test_dataset_loads_late_when_lazy():
    dataset = Small(samples=[], lazy_init=True)
    dataset.samples = [{"gt_label": 1}]
    assert len(dataset) == 1


@pytest.mark.parametrize(("indices", "labels"), [(2, [0, 1]), (-1, [3]), ([3, 1], [3, 1])])
def test_dataset_keeps_part_when_indices_are_given(indices, labels):
    assert Small(indices=indices).get_gt_labels().tolist() == labels


def test_dataset_copies_samples_when_keys_differ():
    dataset = Small(samples=[{"gt_label": 0, "box": [1]}, {"gt_label": 1}])
    dataset.get_data_info(0)["box"].append(2)
    assert dataset.get_data_info(0)["box"] == [1]
    assert dataset.get_gt_labels().tolist() == [0, 1]
    assert dataset.get_cat_ids(1) == [1]


def test_labels_are_those_of_get_data_info_when_it_is_written_anew():
    class Shifted(Small):
        def get_data_info(self, idx):
            info = super().get_data_info(idx)
            return {**info, "gt_label": info["gt_label"] + 1}

    assert Shifted().get_gt_labels().tolist() == [1, 2, 3, 4]
    assert Shifted().get_cat_ids(0) == [1]
    assert Small().get_gt_labels().dtype == np.int64


def test_pipeline_can_be_called_when_a_user_prepares_data():
    class Own(Small):
        def prepare_data(self, idx):
            return self.pipeline(self.data_list[idx])

    assert Own(pipeline=[lambda r: {**r, "a": 1}])[1] == {"gt_label": 1, "a": 1}


@pytest.mark.parametrize(
    ("indices", "labels"), [(3, [0, 1, 2]), (-3, [1, 2, 3]), ([2, -1, 2], [2, 3, 2]), (0, [])]
)
@pytest.mark.parametrize("more", [{}, {"place": 3}])
def test_subset_has_the_samples_when_chosen(indices, labels, more):
    samples = [{"gt_label": i} for i in range(4)]
    samples[0].update(more)  # other keys than the rest: packed one by one
    dataset = Small(samples=samples, metainfo={"task": ["t"]}, pipeline=[lambda r: r])
    part = dataset.get_subset(indices)
    assert [part.get_data_info(i)["gt_label"] for i in range(len(part))] == labels
    assert [part.get_data_info(i)["sample_idx"] for i in range(len(part))] == [*range(len(part))]
    assert type(part) is Small
    assert len(dataset) == 4
    part.pipeline.transforms.clear()
    assert len(list(dataset.pipeline)) == 1
    dataset.get_subset_(indices)
    assert dataset.get_gt_labels().tolist() == labels


def test_samples_are_filtered_before_indices_are_taken():
    class Odd(Small):
        def filter_data(self):
            return [s for s in self.data_list if s["gt_label"] % self.filter_cfg["step"]]

    assert Odd(filter_cfg={"step": 2}, indices=[1]).get_gt_labels().tolist() == [3]


def test_each_sample_of_a_list_counts_when_parse_data_info_makes_several(tmp_path):
    class Frames(BaseDataset):
        def parse_data_info(self, raw_data_info):
            return [{**raw_data_info, "frame": i} for i in range(2)]

    path = write(tmp_path / "a.json", annotations())
    assert [Frames(path).get_data_info(i)["frame"] for i in (0, 1)] == [0, 1]


def test_dataset_raises_when_one_of_several_labels_has_no_class():
    samples = [
        {"img_path": f"{i}.png", "gt_label": labels}
        for i, labels in enumerate([[1, 0], [1], [0, 2], []])
    ]
    with pytest.raises(DataError, match=r"'2\.png' has label 2, but there are 2 classes"):
        Small(samples=samples, classes=["x", "y"])
    assert len(Small(samples=samples, classes=["x", "y", "z"])) == 4


def test_classes_come_from_file_when_a_path_is_given(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("cat\ndog bird\nfox\ncow\n")
    for options in ({"classes": str(path)}, {"metainfo": {"classes": str(path)}}):
        dataset = Small(**options)
        assert list(dataset.CLASSES) == ["cat", "dog bird", "fox", "cow"]
    assert dataset.class_to_idx["fox"] == 2
    assert dataset.metainfo["classes"] is not dataset.CLASSES


def test_metainfo_argument_wins_when_given_twice(tmp_path):
    path = write(tmp_path / "a.json", annotations(classes=["p", "q"], task="t"))
    dataset = BaseDataset(path, metainfo={"classes": ("x", "y")}, data_prefix="img")
    assert dataset.metainfo == {"classes": ("x", "y"), "task": "t"}
    assert dataset.get_data_info(0)["img_path"] == "img/1.jpg"


@pytest.mark.parametrize("ending", ["json", "yaml", "pkl"])
def test_annotations_are_read_when_format_differs(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    text = json.dumps(annotations(classes=["p", "q"]))
    path.write_bytes(pickle.dumps(json.loads(text)) if ending == "pkl" else text.encode())
    assert BaseDataset(str(path)).get_gt_labels().tolist() == [1]


@pytest.mark.parametrize("name", ["", "none.json"])
def test_dataset_raises_when_ann_file_is_missing(tmp_path, name):
    with pytest.raises(DataError, match=f"{name or 'ann_file'}: this file is missing"):
        BaseDataset(name and str(tmp_path / name))


def test_dataset_raises_when_annotations_lack_keys(tmp_path):
    with pytest.raises(DataError, match="lacks the keys 'metainfo' and 'data_list'"):
        BaseDataset(write(tmp_path / "a.json", {"images": []}))


def test_dataset_raises_when_prefix_has_no_key(tmp_path):
    path = write(tmp_path / "a.json", annotations())
    with pytest.raises(DataError, match="lacks the key 'depth' that data_prefix names"):
        BaseDataset(path, data_prefix={"depth": "d"})


def test_data_root_expands_home_when_it_has_one(monkeypatch):
    monkeypatch.setenv("HOME", "/h")
    assert BaseDataset(data_root="~/d", ann_file="a.json", lazy_init=True).ann_file == "/h/d/a.json"


def test_repr_names_source_and_transforms_when_printed():
    text = repr(Small(classes=list("abcd"), data_prefix="img", pipeline=[print]))
    assert "Source: img" in text
    assert "Number of samples: 4" in text
    assert "Number of categories: 4" in text
    assert "built-in function print" in text


@pytest.mark.parametrize("ending", ["json", "yaml", "pkl"])
def test_annotations_are_read_when_they_lie_elsewhere(ending):
    content = {"metainfo": {"classes": ["a"]}, "data_list": [{"img_path": "1.jpg", "gt_label": 0}]}
    raw = pickle.dumps(content) if ending == "pkl" else json.dumps(content).encode()
    FsspecBackend().put(raw, f"memory://base/ann.{ending}")
    FsspecBackend().put(b"name of a\n", "memory://base/classes.txt")
    dataset = BaseDataset(
        f"ann.{ending}",
        data_root="memory://base",
        data_prefix="train",
        classes="memory://base/classes.txt",
    )
    assert dataset[0]["img_path"] == "memory://base/train/1.jpg"
    assert dataset.CLASSES == ("name of a",)
    with pytest.raises(DataError, match=r"memory://base/no\.json: this file is missing"):
        BaseDataset("no.json", data_root="memory://base")
