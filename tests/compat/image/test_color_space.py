import numpy as np
import pytest

from mmlight.compat.image import color_space

IMAGE = np.array([[[10, 200, 30], [0, 0, 255]]], np.uint8)


@pytest.mark.parametrize("name", ["rgb", "hsv", "hls"])
def test_image_comes_back_when_converted_twice(name):
    there = getattr(color_space, f"bgr2{name}")(IMAGE)
    assert not np.array_equal(there, IMAGE)
    back = getattr(color_space, f"{name}2bgr")(there)
    assert np.abs(back.astype(int) - IMAGE).max() <= 3
    np.testing.assert_array_equal(color_space.imconvert(IMAGE, "bgr", name), there)


def test_dimension_stays_when_kept():
    assert color_space.bgr2gray(IMAGE).shape == (1, 2)
    assert color_space.rgb2gray(IMAGE, keepdim=True).shape == (1, 2, 1)
    grey = color_space.bgr2gray(IMAGE)
    np.testing.assert_array_equal(color_space.gray2bgr(grey), color_space.gray2rgb(grey))
