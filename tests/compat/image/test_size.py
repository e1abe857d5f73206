import numpy as np
import pytest

from mmlight.compat.image import size

IMAGE = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)


def test_factors_are_returned_when_asked():
    resized, width, height = size.imresize(IMAGE, (15, 40), return_scale=True)
    assert (resized.shape, width, height) == ((40, 15, 3), 0.5, 2.0)
    assert size.imresize_like(IMAGE, np.zeros((7, 9))).shape == (7, 9, 3)
    assert size.imrescale(IMAGE, (15, 15), return_scale=True)[1] == 0.5


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"size": (17, 9)}, (12, 20)),
        ({"size": 17, "keep_ratio": True}, (12, 20)),
        ({"scale_factor": 0.5}, (12, 16)),
    ],
)
def test_size_is_rounded_up_when_multiple_is_asked(options, shape):
    assert size.imresize_to_multiple(IMAGE, 4, **options).shape[:2] == shape


def test_borders_are_added_when_padded():
    assert size.impad(IMAGE, shape=(25, 10)).shape == (25, 30, 3)
    assert size.impad(IMAGE, padding=(1, 2)).shape == (24, 32, 3)
    assert size.impad(IMAGE, padding=(1, 2, 3, 4)).shape == (26, 34, 3)
    assert size.impad_to_multiple(IMAGE, 16).shape == (32, 32, 3)


def test_arguments_are_refused_when_wrong():
    with pytest.raises(ValueError, match=r"one of size and scale_factor .* got None and None"):
        size.imresize_to_multiple(IMAGE, 4)
    with pytest.raises(ValueError, match="scale must be positive, got -2"):
        size.rescale_size((3, 4), -2)
    with pytest.raises(TypeError, match=r"scale must be a number or a tuple, got \[3\]"):
        size.rescale_size((3, 4), [3])
    with pytest.raises(ValueError, match=r"padding must have 2 or 4 values, got \(1, 2, 3\)"):
        size.impad(IMAGE, padding=(1, 2, 3))
    with pytest.raises(ValueError, match=r"one of shape and padding .* got \(3, 3\) and 1"):
        size.impad(IMAGE, shape=(3, 3), padding=1)
    with pytest.raises(ValueError, match="img must be uint8 for Pillow, got float64"):
        size.imresize(IMAGE / 1.0, (3, 3), backend="pillow")
    with pytest.raises(ValueError, match="backend must be 'cv2' or 'pillow', got 'tf'"):
        size.imresize(IMAGE, (3, 3), backend="tf")
