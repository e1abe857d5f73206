import numpy as np
import pytest

from mmlight.data import image as im

RAMP = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_resize_image_takes_width_first_when_not_square(backend):
    assert im.resize_image(RAMP, (7, 5), backend=backend).shape == (5, 7, 3)


def test_crop_image_is_a_view_when_inside():
    crop = im.crop_image(RAMP, top=1, left=1, height=9, width=2)
    assert crop.shape == (1, 2, 3)
    assert np.shares_memory(crop, RAMP)


def test_pad_image_fills_one_channel_when_value_is_one_number():
    padded = im.pad_image(RAMP, left=1, top=0, right=0, bottom=0, value=9)
    assert padded[0, 0].tolist() == [9, 0, 0]
    padded = im.pad_image(RAMP, left=1, top=0, right=0, bottom=0, value=[9, 8, 7])
    assert padded[0, 0].tolist() == [9, 8, 7]


@pytest.mark.parametrize(("mode", "row"), [("reflect", [2, 1, 0]), ("symmetric", [1, 0, 0])])
def test_pad_image_mirrors_when_mode_says_so(mode, row):
    line = np.array([[0, 1, 2]], np.uint8)
    assert im.pad_image(line, left=2, top=0, right=0, bottom=0, mode=mode)[0, :3].tolist() == row


@pytest.mark.parametrize(
    ("direction", "axes"), [("horizontal", 1), ("vertical", 0), ("diagonal", (0, 1))]
)
def test_flip_image_is_contiguous_when_flipped(direction, axes):
    flipped = im.flip_image(RAMP, direction)
    assert np.array_equal(flipped, np.flip(RAMP, axes))
    assert flipped.flags.c_contiguous


def test_rotate_image_turns_clockwise_when_angle_is_positive():
    image = np.arange(9, dtype=np.uint8).reshape(3, 3)
    options = {"center": None, "scale": 1.0, "border": 0, "interpolation": "nearest"}
    assert np.array_equal(im.rotate_image(image, 90, **options), np.rot90(image, -1))


def test_translate_and_shear_move_pixels_when_horizontal():
    image = np.full((3, 4), 5, np.uint8)
    options = {"direction": "horizontal", "border": 9, "interpolation": "nearest"}
    assert im.translate_image(image, 1, **options)[0].tolist() == [9, 5, 5, 5]
    assert im.shear_image(image, 1, **options)[2].tolist() == [9, 9, 5, 5]


def test_normalize_image_reverses_color_only_when_three_channels():
    mean, std = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 8.0])
    expected = (RAMP[..., ::-1].astype(np.float32) - mean) / std
    assert np.allclose(im.normalize_image(RAMP, mean, std, to_rgb=True), expected)
    grey = RAMP[..., 0]
    found = im.normalize_image(grey, mean[:1], std[:1], to_rgb=True)
    assert np.allclose(found, (grey.astype(np.float32) - 1) / 2)
    assert RAMP.dtype == np.uint8
