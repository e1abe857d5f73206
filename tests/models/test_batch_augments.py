import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.models.batch_augments import (
    CutMix,
    Identity,
    Mixup,
    RandomBatchAugment,
    ResizeMix,
    draw_box_between,
    draw_box_of_ratio,
)


@pytest.mark.parametrize("augment", [Mixup(0.4), CutMix(1.0), ResizeMix(1.0), Identity()])
def test_labels_sum_to_one_and_inputs_stay(augment) -> None:
    images, scores = torch.rand(5, 3, 9, 7), torch.eye(5)
    before = images.clone()
    mixed, labels = augment(images, scores)
    assert mixed.shape == images.shape
    assert torch.equal(images, before)
    torch.testing.assert_close(labels.sum(dim=1), torch.ones(5))


def test_cutmix_label_equals_pasted_area() -> None:
    np.random.seed(1)
    torch.manual_seed(1)
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 10, 10)
    mixed, labels = CutMix(1.0)(images, torch.eye(4))
    for index in range(4):
        share = (mixed[index] == index).float().mean()
        torch.testing.assert_close(labels[index, index], share)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_box_stays_inside_when_ratio_is_any(height: int, width: int, ratio: float) -> None:
    top, bottom, left, right = draw_box_of_ratio(height, width, ratio)
    assert 0 <= top <= bottom <= height
    assert 0 <= left <= right <= width


@given(st.integers(10, 40), st.integers(10, 40))
def test_box_has_sides_between_the_bounds(height: int, width: int) -> None:
    top, bottom, left, right = draw_box_between(height, width, (0.2, 0.8))
    assert int(0.2 * height) <= bottom - top < 0.8 * height
    assert int(0.2 * width) <= right - left < 0.8 * width
    assert top >= 0
    assert left >= 0
    assert bottom <= height
    assert right <= width


def test_leaves_batch_alone_with_the_remaining_probability() -> None:
    augment = RandomBatchAugment(Mixup(1.0), 0.0, num_classes=4)
    images = torch.rand(2, 3, 4, 4)
    mixed, labels = augment(images, torch.tensor([3, 0]))
    assert mixed is images
    assert labels.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]


@pytest.mark.parametrize("kind", [Mixup, CutMix, ResizeMix])
def test_raises_when_alpha_is_not_positive(kind) -> None:
    with pytest.raises(ValueError, match="alpha must be above 0, got 0"):
        kind(0)


def test_raises_when_minmax_has_not_two_values() -> None:
    with pytest.raises(ValueError, match=r"cutmix_minmax must have two values, got \(0\.1,\)"):
        CutMix(1.0, (0.1,))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"probs": [0.5, 0.1]}, r"probs must have 1 values like augments, got \[0\.5, 0\.1\]"),
        ({"probs": 1.5}, r"probs must sum to at most 1, got \[1\.5\]"),
        ({"generation": "2.x"}, "generation must be '0.x' or '1.x', got '2.x'"),
    ],
)
def test_raises_when_arguments_do_not_fit(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        RandomBatchAugment([Mixup(1.0)], num_classes=2, **kwargs)


def test_takes_several_classes_per_image_and_users_functions() -> None:
    augment = RandomBatchAugment(lambda images, scores: (images + 1, scores * 2), num_classes=3)
    images, scores = augment(torch.zeros(2, 1, 2, 2), [torch.tensor([0, 2]), torch.tensor([1])])
    assert images.min() == 1
    assert scores.tolist() == [[2, 0, 2], [0, 2, 0]]
