import numpy as np
import pytest

from mmlight.data.datasets.concat import ConcatDataset
from mmlight.data.datasets.k_fold import KFoldDataset
from mmlight.data.datasets.mnist import FashionMNIST
from tests.runs import FASHION


def images(**more):
    return FashionMNIST(str(FASHION), "test", indices=range(13), **more)


@pytest.mark.parametrize("seed", [None, 3])
def test_each_sample_is_in_one_fold_when_divided(seed):
    held_out = []
    for fold in range(4):
        options = {"fold": fold, "num_splits": 4, "seed": seed}
        train = KFoldDataset(images(), **options)
        test = KFoldDataset(images(), **options, test_mode=True)
        assert len(train) + len(test) == 13
        held_out += [test[i]["img"].tobytes() for i in range(len(test))]
        assert not {train[i]["img"].tobytes() for i in range(len(train))} & set(
            held_out[-len(test) :]
        )
    assert len(set(held_out)) == 13


def test_replacement_stays_in_its_part_when_a_sample_is_rejected():
    def reject(results):
        return None if results["sample_idx"] == 0 else results

    fold = KFoldDataset(images(pipeline=[reject]), num_splits=13 // 2)
    np.random.seed(0)
    drawn = {fold[0]["img"].tobytes() for _ in range(50)}
    assert drawn <= {fold[i]["img"].tobytes() for i in range(1, len(fold))}


def test_order_is_kept_when_the_dataset_cannot_be_cut():
    joined = ConcatDataset([images(), images()])
    fold = KFoldDataset(joined, fold=1, num_splits=2, seed=5, test_mode=True)
    assert fold.dataset is joined
    same = joined.get_gt_labels()[fold.places].tolist()
    assert fold.get_gt_labels().tolist() == same == [fold.get_cat_ids(i)[0] for i in range(13)]


def test_loading_waits_when_the_dataset_is_lazy():
    fold = KFoldDataset({"type": "FashionMNIST", "data_root": "nowhere", "lazy_init": True})
    assert not fold._fully_initialized
    assert len(fold.CLASSES) == 10


@pytest.mark.parametrize("fold", [-1, 5])
def test_fold_is_refused_when_there_is_none(fold):
    with pytest.raises(ValueError, match=f"fold must be from 0 to 4, got {fold}"):
        KFoldDataset(images(), fold=fold)
