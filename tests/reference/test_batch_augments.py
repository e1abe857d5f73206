"""Batch augments against the originals: the same seeds give the same images and labels."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mmlight.models.batch_augments import (
    BatchAugment,
    CutMix,
    Identity,
    Mixup,
    RandomBatchAugment,
    ResizeMix,
)
from tests.reference.original import Original

KINDS: dict[str, type[BatchAugment]] = {
    "Mixup": Mixup,
    "CutMix": CutMix,
    "ResizeMix": ResizeMix,
    "Identity": Identity,
}
CASES = [
    ([("Mixup", {"alpha": 0.2})], None),
    ([("CutMix", {"alpha": 1.0})], None),
    ([("CutMix", {"alpha": 1.0, "correct_lam": False})], None),
    ([("CutMix", {"alpha": 1.0, "cutmix_minmax": [0.2, 0.8]})], None),
    ([("CutMix", {"alpha": 1.0, "cutmix_minmax": [0.2, 0.8], "correct_lam": False})], None),
    ([("ResizeMix", {"alpha": 1.0})], None),
    ([("ResizeMix", {"alpha": 1.0, "lam_min": 0.3, "interpolation": "bicubic"})], None),
    ([("Mixup", {"alpha": 0.8}), ("CutMix", {"alpha": 1.0})], None),
    ([("Mixup", {"alpha": 0.8}), ("CutMix", {"alpha": 1.0})], [0.5, 0.3]),
    ([("Mixup", {"alpha": 0.8}), ("CutMix", {"alpha": 1.0})], [0.5, 0.5]),
    ([("Mixup", {"alpha": 0.8})], [0.4]),
]
SEEDS = range(12)


def theirs(augments, probs, images, labels, seeds):
    """Run `RandomBatchAugment` once per seed, then draw once more from each generator."""
    import random

    import numpy as np
    import torch
    from mmpretrain.models import RandomBatchAugment

    augment = RandomBatchAugment([{"type": k, **v} for k, v in augments], probs and list(probs))
    results = []
    for seed in seeds:
        for start in (random.seed, np.random.seed, torch.manual_seed):
            start(seed)
        scores = torch.nn.functional.one_hot(labels, 6) if labels.ndim == 1 else labels
        mixed = augment(images.clone(), scores)
        results.append((*mixed, random.random(), np.random.rand(), torch.rand(1)))
    return results


def theirs_old(augments, probs, images, labels, seeds):
    """Run `Augments` once per seed, then draw once more from each generator."""
    import random

    import numpy as np
    import torch
    from mmcls.models.utils import Augments

    names = {"Mixup": "BatchMixup", "CutMix": "BatchCutMix", "ResizeMix": "BatchResizeMix"}
    probs = probs or [1.0 / len(augments)] * len(augments)
    augment = Augments(
        [
            {"type": names.get(kind, kind), "num_classes": 6, "prob": prob, **kwargs}
            for (kind, kwargs), prob in zip(augments, probs, strict=True)
        ]
    )
    results = []
    for seed in seeds:
        for start in (random.seed, np.random.seed, torch.manual_seed):
            start(seed)
        mixed = augment(images.clone(), labels)
        results.append((*mixed, random.random(), np.random.rand(), torch.rand(1)))
    return results


def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    images = torch.randn(6, 3, 12, 17, generator=generator)
    return images, torch.randint(6, (6,), generator=generator)


def run_ours(
    augments: list[tuple[str, dict[str, Any]]],
    probs: list[float] | None,
    generation: Any,
    images: Tensor,
    labels: Tensor,
) -> list[Any]:
    built = [KINDS[kind](**kwargs) for kind, kwargs in augments]
    augment = RandomBatchAugment(built, probs, num_classes=6, generation=generation)
    results = []
    untouched = images.clone()
    for seed in SEEDS:
        for start in (random.seed, np.random.seed, torch.manual_seed):
            start(seed)
        mixed = augment(images, labels)
        assert mixed[1].dtype == torch.float32
        results.append((*mixed, random.random(), np.random.rand(), torch.rand(1)))
    assert torch.equal(images, untouched)
    return results


def assert_equal(ours: list[Any], expected: list[Any]) -> None:
    for one, other in zip(ours, expected, strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1].float())
        assert one[2:] == other[2:]


@pytest.mark.parametrize(("augments", "probs"), CASES, ids=str)
def test_same_seed_same_batch_as_mmpretrain(
    mmpretrain: Original, augments: list[Any], probs: list[float] | None
) -> None:
    images, labels = batch()
    expected = mmpretrain(theirs, augments, probs, images, labels, list(SEEDS))
    assert_equal(run_ours(augments, probs, "1.x", images, labels), expected)


@pytest.mark.parametrize(
    ("augments", "probs"),
    [*CASES, ([("Mixup", {"alpha": 0.8}), ("Identity", {})], [0.25, 0.75])],
    ids=str,
)
def test_same_seed_same_batch_as_mmcls(
    mmcls: Original, augments: list[Any], probs: list[float] | None
) -> None:
    images, labels = batch()
    expected = mmcls(theirs_old, augments, probs, images, labels, list(SEEDS))
    evenly = probs or [1.0 / len(augments)] * len(augments)
    assert_equal(run_ours(augments, evenly, "0.x", images, labels), expected)


def test_soft_labels_stay_soft_as_in_mmpretrain(mmpretrain: Original) -> None:
    images, _ = batch()
    labels = torch.softmax(torch.randn(6, 6), dim=1).double()
    augments = [("Mixup", {"alpha": 0.5})]
    expected = mmpretrain(theirs, augments, None, images, labels, list(SEEDS))
    assert_equal(run_ours(augments, None, "1.x", images, labels), expected)
