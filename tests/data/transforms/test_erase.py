import numpy as np
import pytest

from mmlight.data.transforms import RandomErasing

IMAGE = np.zeros((20, 30, 3), np.uint8)


@pytest.mark.parametrize("options", [{}, {"mode": "rand"}, {"mode": "rand", "fill_std": 5.0}])
def test_erase_fills_a_rectangle_of_a_copy_when_it_acts(options):
    img = RandomErasing(1.0, min_area_ratio=0.2, **options)({"img": IMAGE})["img"]
    assert 0.15 < np.any(img, axis=2).mean() < 0.45
    assert not IMAGE.any()


def test_erase_leaves_image_when_prob_is_zero():
    assert RandomErasing(0.0)({"img": IMAGE})["img"] is IMAGE


def test_erase_raises_when_argument_is_wrong():
    with pytest.raises(ValueError, match=r"area ratios must be .* got 0.5, 0.4"):
        RandomErasing(min_area_ratio=0.5)
    with pytest.raises(ValueError, match=r"aspect_range must be .* got \(2.0, 1.0\)"):
        RandomErasing(aspect_range=(2.0, 1.0))
    with pytest.raises(ValueError, match="mode must be one of 'const', 'rand', got 'pixel'"):
        RandomErasing(mode="pixel")
