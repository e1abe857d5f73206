import numpy as np
import pytest

from mmlight.data.transforms import (
    AutoContrast,
    Brightness,
    ColorTransform,
    Contrast,
    Equalize,
    GaussianBlur,
    Invert,
    Posterize,
    Sharpness,
    Solarize,
    SolarizeAdd,
)

IMAGE = np.random.default_rng(0).integers(20, 200, (20, 30, 3), dtype=np.uint8)
OPERATIONS = [
    AutoContrast(prob=1.0),
    Brightness(0.5, prob=1.0),
    ColorTransform(0.5, prob=1.0),
    Contrast(0.5, prob=1.0),
    Equalize(prob=1.0),
    GaussianBlur(2, prob=1.0),
    Invert(prob=1.0),
    Posterize(2, prob=1.0),
    Sharpness(0.5, prob=1.0),
    Solarize(100, prob=1.0),
    SolarizeAdd(50, prob=1.0),
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: type(operation).__name__)
def test_operation_changes_a_copy_when_it_acts(operation):
    before = IMAGE.copy()
    img = operation({"img": IMAGE})["img"]
    assert img.dtype == np.uint8
    assert not np.array_equal(img, before)
    assert np.array_equal(IMAGE, before)


def test_operation_leaves_image_when_prob_is_zero():
    assert Invert(prob=0.0)({"img": IMAGE})["img"] is IMAGE


def test_posterize_raises_when_too_many_bits():
    with pytest.raises(ValueError, match="bits must be at most 8, got 9"):
        Posterize(9)
