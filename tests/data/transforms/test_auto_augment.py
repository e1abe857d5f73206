import numpy as np
import pytest

from mmlight.data.transforms import AutoAugment, RandAugment
from mmlight.data.transforms.auto_augment import find_operation

IMAGE = np.zeros((4, 6, 3), np.uint8)


class Fill:
    """What a user may write: no base class, its own argument names."""

    def __init__(self, value=1, pad_val=None):
        self.value = value
        self.pad_val = pad_val

    def __call__(self, results):
        results["img"] = np.full_like(results["img"], int(self.value))
        results["pad_val"] = self.pad_val
        return results


def drop(results):
    return None


def test_find_operation_raises_when_unknown():
    assert find_operation("mmpretrain.Rotate").__name__ == "Rotate"
    assert find_operation("fractions.Fraction").__name__ == "Fraction"
    with pytest.raises(ValueError, match="or an import path, got 'Rotat'"):
        find_operation("Rotat")


def test_rand_augment_builds_the_users_class_when_old():
    steps = [{"type": Fill, "magnitude_key": "value", "magnitude_range": (0, 90)}]
    results = RandAugment(steps, 1, 3, generation="0.x", hparams={"pad_val": 4})({"img": IMAGE})
    assert results["img"].max() == 27
    assert results["pad_val"] == 4


def test_augments_use_the_users_class_when_new():
    results = RandAugment([{"type": Fill, "value": 8}], 1, 3)({"img": IMAGE})
    assert results["img"].max() == 8
    assert results["pad_val"] == 128
    results = AutoAugment([[{"type": Fill}]])({"img": IMAGE})
    assert results["pad_val"] is None  # as the original, which builds before it merges
    results = AutoAugment([[{"type": Fill}]], generation="0.x")({"img": IMAGE})
    assert results["pad_val"] == 128


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_augments_drop_the_sample_when_an_operation_does(generation):
    steps = [{"type": lambda: drop}]
    assert RandAugment(steps, 2, 3, generation=generation)({"img": IMAGE}) is None
    assert AutoAugment([steps], generation=generation)({"img": IMAGE}) is None


def test_augments_raise_when_policies_do_not_fit():
    with pytest.raises(ValueError, match="policies must be one of imagenet or a list, got 'cifar'"):
        AutoAugment("cifar")
    with pytest.raises(ValueError, match="policies must not be empty"):
        AutoAugment([])
    with pytest.raises(ValueError, match="each policy must be a dict with a type, got 'Rotate'"):
        AutoAugment([["Rotate"]])
    with pytest.raises(ValueError, match="num_policies must be positive, got 0"):
        RandAugment("timm_increasing", 0, 5)
    with pytest.raises(ValueError, match="magnitude_std must be a number or 'inf', got 'big'"):
        RandAugment("timm_increasing", 2, 5, magnitude_std="big")
    with pytest.raises(
        ValueError, match=r"magnitude_key and magnitude_range or none, got None and \(0, 1\)"
    ):
        RandAugment([{"type": "Brightness", "magnitude_range": (0, 1)}], 1, 5, generation="0.x")
