import numpy as np
import pytest

from mmlight.data.transforms import color

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
GREY = IMAGE[..., 0]


@pytest.mark.parametrize(
    "adjust",
    [color.adjust_brightness, color.adjust_contrast, color.adjust_color, color.adjust_sharpness],
)
def test_adjust_leaves_image_when_factor_is_one(adjust):
    assert np.array_equal(adjust(IMAGE, 1.0), IMAGE)


@pytest.mark.parametrize(
    "adjust",
    [color.adjust_brightness, color.adjust_contrast, color.adjust_color, color.adjust_sharpness],
)
def test_adjust_keeps_type_when_float(adjust):
    found = adjust(IMAGE.astype(np.float32), 1.3)
    assert found.dtype == np.float32
    assert np.abs(found - adjust(IMAGE, 1.3)).max() < 2


def test_invert_and_solarize_work_when_grey():
    assert np.array_equal(color.invert(GREY), 255 - GREY)
    assert np.array_equal(color.solarize(GREY, 0), 255 - GREY)
    assert np.array_equal(color.solarize(GREY, 256), GREY)


def test_posterize_keeps_high_bits_when_few():
    assert np.array_equal(color.posterize(IMAGE, 3), IMAGE & 0b11100000)
    assert not color.posterize(IMAGE, 0).any()


def test_solarize_add_stops_at_255_when_sum_is_larger():
    assert color.solarize_add(np.array([[100, 200]], np.uint8), 200.0, 128).tolist() == [[255, 200]]


def test_histogram_functions_stretch_when_range_is_narrow():
    narrow = (IMAGE // 4 + 50).astype(np.uint8)
    for function in (color.auto_contrast, color.equalize):
        found = function(narrow)
        assert found.shape == IMAGE.shape
        assert found.max() > 250
        assert function(narrow[..., 0]).shape == GREY.shape


def test_histogram_functions_leave_image_when_one_color():
    flat = np.full((4, 4, 3), 9, np.uint8)
    assert np.array_equal(color.auto_contrast(flat), flat)
    assert np.array_equal(color.equalize(flat), flat)
    with pytest.raises(ValueError, match="image must be uint8 for a histogram, got float32"):
        color.equalize(flat.astype(np.float32))


def test_hue_turns_backwards_when_shift_is_negative():
    red = np.full((1, 1, 3), (0, 0, 255), np.uint8)
    third = 1 / 3
    assert color.adjust_hue(red, -third)[0, 0].argmax() == 0  # red - 120 degrees = blue
    assert color.adjust_hue(red, third)[0, 0].argmax() == 1  # red + 120 degrees = green
    colors = color.PillowColors(red)
    colors.adjust("hue", -third)
    assert colors.to_array()[0, 0].argmax() == 0
    # 256 steps are a full circle: -85 of them are 171 of them
    assert np.array_equal(
        color.adjust_hue(IMAGE, -85.5 / 255), color.adjust_hue(IMAGE, 171.5 / 255)
    )


def test_pillow_colors_come_back_when_unchanged():
    assert np.array_equal(color.PillowColors(IMAGE).to_array(), IMAGE)


def test_lighting_adds_shift_when_given():
    found = color.adjust_lighting(IMAGE, np.array([1.5, 0, 0]), to_rgb=True)
    assert np.array_equal(found[..., 0], IMAGE[..., 2] + 1.5)
