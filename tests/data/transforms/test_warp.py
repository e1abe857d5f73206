import numpy as np
import pytest

from mmlight.data.transforms import Cutout, Rotate, Shear, Translate

IMAGE = np.full((20, 30, 3), 9, np.uint8)
ALWAYS = {"prob": 1.0, "random_negative_prob": 0.0}


def test_translate_fills_what_comes_in_when_moved():
    img = Translate(0.5, direction="vertical", pad_val=5, **ALWAYS)({"img": IMAGE})["img"]
    assert np.all(img[:10] == 5)
    assert np.all(img[10:] == 9)


def test_shear_raises_when_direction_is_unknown():
    assert Shear(0.5, **ALWAYS)({"img": IMAGE})["img"][19, 0].tolist() == [128] * 3
    with pytest.raises(
        ValueError, match="direction must be one of 'horizontal', 'vertical', got 'up'"
    ):
        Shear(0.5, direction="up")


def test_rotate_fills_first_channel_when_pad_is_one_number():
    assert Rotate(45.0, **ALWAYS)({"img": IMAGE})["img"][0, 0].tolist() == [128, 0, 0]
    img = Rotate(45.0, pad_val=[1, 2, 3], center=[3, 3], **ALWAYS)({"img": IMAGE})["img"]
    assert img[19, 29].tolist() in ([1, 2, 3], [9, 9, 9])


def test_cutout_fills_a_box_of_a_copy_when_it_acts():
    img = Cutout((4, 6.7), pad_val=0, prob=1.0)({"img": IMAGE})["img"]
    assert 0 < np.sum(img == 0) <= 4 * 6 * 3
    assert np.all(IMAGE == 9)
