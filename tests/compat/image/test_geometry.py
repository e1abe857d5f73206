import numpy as np
import pytest

from mmlight.compat.image import geometry

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def test_image_is_mirrored_when_flipped():
    np.testing.assert_array_equal(geometry.imflip(IMAGE), IMAGE[:, ::-1])
    np.testing.assert_array_equal(geometry.imflip(IMAGE, "diagonal"), IMAGE[::-1, ::-1])
    image = IMAGE.copy()
    assert geometry.imflip_(image, "vertical") is image
    np.testing.assert_array_equal(image, IMAGE[::-1])


def test_nothing_is_cut_off_when_bounds_follow():
    rotated = geometry.imrotate(IMAGE, 90, auto_bound=True)
    np.testing.assert_array_equal(rotated, np.rot90(IMAGE, -1))


def test_border_is_filled_when_moved():
    moved = geometry.imtranslate(IMAGE, 2, border_value=(7, 8, 9))
    assert moved[0, 0].tolist() == [7, 8, 9]
    np.testing.assert_array_equal(moved[:, 2:], IMAGE[:, :-2])
    assert geometry.imshear(IMAGE, 1.0, border_value=5)[3, 0].tolist() == [5, 5, 5]


def test_arguments_are_refused_when_wrong():
    with pytest.raises(ValueError, match=r"direction must be one of .* got 'up'"):
        geometry.imflip(IMAGE, "up")
    with pytest.raises(ValueError, match=r"direction must be one of .* got 'diagonal'"):
        geometry.imshear(IMAGE, 1, "diagonal")
    with pytest.raises(ValueError, match=r"border_value must have 3 values, got \(1, 2\)"):
        geometry.imtranslate(IMAGE, 1, border_value=(1, 2))
    with pytest.raises(ValueError, match=r"center must not be given .* got \(1, 1\)"):
        geometry.imrotate(IMAGE, 3, (1, 1), auto_bound=True)
