import numpy as np
import pytest

from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.datasets.repeat import RepeatDataset
from tests.runs import FASHION


@pytest.fixture(scope="module")
def images():
    return FashionMNIST(str(FASHION), "test", indices=range(7))


def test_dataset_comes_again_when_repeated(images):
    repeated = RepeatDataset(images, 3)
    assert len(repeated) == 21
    for place in (0, 6, 7, 20, -1):
        np.testing.assert_array_equal(repeated[place]["img"], images[place % 7]["img"])
    assert repeated.get_gt_labels().tolist() == images.get_gt_labels().tolist() * 3
    with pytest.raises(IndexError):
        repeated[21]


def test_times_are_refused_when_none_is_left(images):
    with pytest.raises(ValueError, match="times must be at least 1, got 0"):
        RepeatDataset(images, 0)
