import numpy as np
import pytest
from torch.utils.data import Subset

from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.datasets.repeat import RepeatDataset
from mmlight.data.samplers.labels import read_labels, to_repeats, to_weights
from tests.runs import FASHION

MANY = [[0], [0, 1], [0], [2, 1, 0], [0]]


class Many:
    """Tells several labels per image, one by one."""

    def __len__(self):
        return len(MANY)

    def get_cat_ids(self, index):
        return MANY[index]


class Arrays(Many):
    """As many labels for each image, which must not be taken for one."""

    def get_gt_labels(self):
        return np.array([[0, 1]] * len(MANY))


class Wrapper:
    """A user's own."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def get_cat_ids(self, index):
        return self.dataset.get_cat_ids(index)


def test_labels_are_read_at_once_or_one_by_one_when_single():
    dataset = FashionMNIST(data_root=str(FASHION), split="test")
    at_once, one_by_one = read_labels(dataset), read_labels(Wrapper(dataset))
    for labels in (at_once, one_by_one):
        assert np.bincount(labels.flat).tolist() == [100] * 10
        assert labels.owners.tolist() == list(range(1000))
    assert np.array_equal(at_once.flat, one_by_one.flat)


def test_labels_come_through_wrappers_when_nested():
    parts = [FashionMNIST(data_root=str(FASHION), split="test", indices=count) for count in (7, 11)]
    labels = np.concatenate([part.get_gt_labels() for part in parts])
    found = read_labels(RepeatDataset(ConcatDataset(parts), times=2))
    assert found.flat.tolist() == [*labels, *labels]


@pytest.mark.parametrize("make", [Many, Arrays])
def test_labels_keep_their_owners_when_several(make):
    labels = read_labels(make())
    assert labels.flat.tolist() == [0, 0, 1, 0, 0, 1, 2, 0]
    assert labels.owners.tolist() == [0, 1, 1, 2, 3, 3, 3, 4]


def test_classes_weigh_alike_when_several_labels():
    weights = to_weights(read_labels(Many())).numpy()
    assert weights == pytest.approx([0.2, 0.7, 0.2, 1.7, 0.2])
    assert weights.sum() == pytest.approx(3)  # one for each class


def test_repeats_follow_the_rarest_class_when_several_labels():
    assert to_repeats(read_labels(Many()), 0.5).tolist() == [1, 2, 1, 2, 1]
    assert to_repeats(read_labels(Many()), 0.0).tolist() == [1] * 5


def test_labels_are_asked_in_vain_when_the_dataset_has_none():
    with pytest.raises(ValueError, match="get_gt_labels or get_cat_ids, got Subset"):
        read_labels(Subset(Many(), [0]))


def test_labels_are_asked_in_vain_when_a_folder_has_no_classes(tmp_path):
    (tmp_path / "a.jpg").touch()
    dataset = CustomDataset(data_prefix=str(tmp_path), with_label=False)
    with pytest.raises(ValueError, match="dataset must have labels, got none for sample 0"):
        read_labels(dataset)
