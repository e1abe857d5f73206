import json

import numpy as np
import pytest
import torch
from torch.utils import data

from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.samplers import ClassBalancedSampler, WeightedRandomSampler
from mmlight.errors import DataError
from tests.runs import FASHION

WORLDS = (1, 2, 4)


@pytest.fixture(scope="module")
def skewed():
    """Real labels, of which some classes have few."""
    dataset = FashionMNIST(data_root=str(FASHION), split="test")
    labels = dataset.get_gt_labels()
    kept = [i for i, label in enumerate(labels) if label > 2 or i < 60]
    return FashionMNIST(data_root=str(FASHION), split="test", indices=kept)


def joined(make, world, epoch=0):
    ranks = []
    for rank in range(world):
        sampler = make(rank=rank, world_size=world)
        sampler.set_epoch(epoch)
        ranks.append(list(sampler))
        assert len(sampler) == len(ranks[-1])
    return [index for places in zip(*ranks, strict=True) for index in places]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("replacement", [True, False])
def test_order_is_torchs_when_weighted(world, replacement):
    weights = np.random.default_rng(0).random(30)
    for epoch in range(3):

        def make(**place):
            return WeightedRandomSampler(range(30), weights, 21, replacement, seed=5, **place)

        found = joined(make, world, epoch)
        theirs = list(
            data.WeightedRandomSampler(
                weights, 21, replacement, generator=torch.Generator().manual_seed(5 + epoch)
            )
        )
        assert found == (theirs * 2)[: len(found)]
        assert len(found) == -(-21 // world) * world


@pytest.mark.parametrize("suffix", [".npy", ".json", ".txt"])
def test_weights_come_from_a_file_when_named(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    weights = [0.0, 0.5, 0.25]
    if suffix == ".npy":
        np.save(path, weights)
    else:
        path.write_text(json.dumps(weights) if suffix == ".json" else "0.0\n0.5\n0.25\n")
    assert WeightedRandomSampler("abc", str(path)).weights.tolist() == weights


@pytest.mark.parametrize("world", WORLDS)
def test_classes_are_equally_likely_when_balanced(skewed, world):
    labels = skewed.get_gt_labels()
    assert np.bincount(labels).min() < 15

    def make(**place):
        return ClassBalancedSampler(skewed, num_samples=20_000, seed=1, **place)

    counts = np.bincount(labels[joined(make, world)])
    assert counts == pytest.approx(np.full(10, 2000), abs=6 * 2000**0.5)
    same = joined(lambda **place: WeightedRandomSampler(skewed, seed=1, **place), world)
    short = joined(lambda **place: ClassBalancedSampler(skewed, seed=1, **place), world)
    assert same == short


@pytest.mark.parametrize("world", WORLDS)
def test_rare_classes_are_repeated_when_there_is_a_threshold(skewed, world):
    labels = skewed.get_gt_labels()
    order = joined(lambda **place: ClassBalancedSampler(skewed, 0.1, **place), world)
    counts = np.bincount(order, minlength=len(skewed))
    rare = np.isin(labels, np.flatnonzero(np.bincount(labels) < 15))
    assert set(counts[~rare]) <= {1, 2}
    assert counts[rare].min() >= 2
    again = joined(lambda **place: ClassBalancedSampler(skewed, 0.1, **place), world, epoch=1)
    assert again != order
    assert abs(len(again) - len(order)) == 0


@pytest.mark.parametrize("make", [WeightedRandomSampler, ClassBalancedSampler])
def test_sampler_goes_on_when_started_later(skewed, make):
    sampler = make(skewed, seed=3, rank=1, world_size=2)
    whole = list(sampler)
    sampler.start = 7
    assert list(sampler) == whole[7:]


WRONG = [
    ({"weights": [1.0]}, r"weights must be 3 numbers, got the shape \(1,\)"),
    ({"weights": [1.0, -2.0, 1.0]}, r"finite and not negative, got -2\.0"),
    ({"weights": [1.0, float("nan"), 1.0]}, "finite and not negative, got nan"),
    ({"weights": [0, 0, 0]}, "num_samples is 3, but only 0 weights are above 0"),
    ({"weights": [1, 1, 0], "replacement": False}, "num_samples is 3, but only 2 weights"),
    ({"weights": [1, 1, 0], "num_samples": 0}, "num_samples must be at least 1, got 0"),
]


@pytest.mark.parametrize(("words", "text"), WRONG)
def test_weights_are_refused_when_they_cannot_be_drawn_by(words, text):
    with pytest.raises(ValueError, match=text):
        WeightedRandomSampler("abc", **words)


@pytest.mark.parametrize("content", [None, "1.0 two 3.0"])
def test_file_of_weights_is_refused_when_it_cannot_be_read(tmp_path, content):
    path = tmp_path / "weights.txt"
    if content:
        path.write_text(content)
    with pytest.raises(DataError, match="two" if content else "No such file") as caught:
        WeightedRandomSampler("abc", str(path))
    assert caught.value.path == str(path)


def test_arguments_are_refused_when_they_exclude_each_other(skewed):
    with pytest.raises(ValueError, match="num_samples must be None with oversample_thr, got 5"):
        ClassBalancedSampler(skewed, 0.1, 5)
    with pytest.raises(ValueError, match=r"oversample_thr must be in \[0, 1\], got 1\.5"):
        ClassBalancedSampler(skewed, 1.5)
