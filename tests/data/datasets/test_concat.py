import numpy as np
import pytest
from torch.utils.data import ConcatDataset as TorchConcatDataset
from torch.utils.data import Subset, TensorDataset, default_collate

from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.mnist import FashionMNIST
from tests.runs import FASHION


def images(count, **more):
    return FashionMNIST(str(FASHION), "test", indices=range(count), **more)


def test_samples_follow_each_other_when_joined():
    parts = [images(3), images(1), images(4)]
    joined = ConcatDataset(parts)
    assert (len(joined), joined.cumulative_sizes) == (8, [3, 4, 8])
    assert isinstance(joined, TorchConcatDataset)
    labels = [label for part in parts for label in part.get_gt_labels()]
    assert joined.get_gt_labels().tolist() == labels
    assert [joined[i]["gt_label"] for i in range(8)] == labels
    assert [joined[i]["gt_label"] for i in range(-8, 0)] == labels
    assert [joined.get_cat_ids(i) for i in range(8)] == [[label] for label in labels]
    assert joined.get_data_info(4)["sample_idx"] == 0
    for index in (8, -9):
        with pytest.raises(IndexError):
            joined[index]


def test_dicts_are_built_when_joined():
    config = {"type": "FashionMNIST", "data_root": str(FASHION), "split": "test", "indices": 2}
    assert len(ConcatDataset([images(3), config])) == 5


def test_facts_are_those_of_the_first_when_0x():
    other = images(1, metainfo={"classes": [f"c{i}" for i in range(10)]})
    joined = ConcatDataset([images(1), other], generation="0.x")
    assert joined.CLASSES[0] == "T-shirt/top"
    message = r"same 'classes' in metainfo, .* got \('T-shirt/top'.* for number 1"
    with pytest.raises(ValueError, match=message):
        ConcatDataset([images(1), other])
    assert len(ConcatDataset([images(1), other], ignore_keys="classes")) == 2


def test_loading_waits_when_lazy():
    config = {"type": "FashionMNIST", "data_root": str(FASHION), "lazy_init": True}
    joined = ConcatDataset([config], lazy_init=True)
    assert not joined.datasets[0]._fully_initialized
    assert joined[0]["img"].shape == (28, 28)
    assert joined.datasets[0]._fully_initialized


def test_list_is_refused_when_empty():
    with pytest.raises(ValueError, match=r"datasets must name at least one, got \[\]"):
        ConcatDataset([])


def test_torch_wrappers_work_when_they_are_inside_or_around():
    inside = ConcatDataset([Subset(images(5), [4, 1]), TorchConcatDataset([images(2)])])
    labels = images(5).get_gt_labels()
    assert [inside[i]["gt_label"] for i in range(4)] == labels[[4, 1, 0, 1]].tolist()
    assert inside.CLASSES[1] == "Trouser"
    around = Subset(TorchConcatDataset([ConcatDataset([images(2), images(3)])]), [4, 0])
    assert [around[i]["gt_label"] for i in (0, 1)] == labels[[2, 0]].tolist()
    batch = default_collate(around.__getitems__([0, 1]))
    assert batch["img"].shape == (2, 28, 28)
    plain = TensorDataset(np_tensor())
    assert ConcatDataset([images(1), plain])[1][0].item() == 7


def np_tensor():
    import torch

    return torch.from_numpy(np.array([7]))
