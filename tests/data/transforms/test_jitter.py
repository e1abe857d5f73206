import random

import numpy as np
import pytest

from mmlight.data.transforms import ColorJitter, Lighting, RandomGrayscale

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("options", [{}, {"backend": "cv2"}, {"generation": "0.x"}])
def test_color_jitter_changes_image_when_amounts_are_given(options):
    np.random.seed(0)
    random.seed(0)
    img = ColorJitter(0.4, 0.4, 0.4, **options)({"img": IMAGE})["img"]
    assert img.dtype == np.uint8
    assert not np.array_equal(img, IMAGE)


def test_color_jitter_shifts_hue_both_ways_when_one_number():
    np.random.seed(0)
    for _ in range(10):
        assert ColorJitter(hue=0.5)({"img": IMAGE})["img"].shape == IMAGE.shape


def test_color_jitter_raises_when_amount_does_not_fit():
    with pytest.raises(ValueError, match="brightness must not be negative, got -1"):
        ColorJitter(-1)
    with pytest.raises(ValueError, match=r"contrast must be .* got \(2, 1\)"):
        ColorJitter(contrast=(2, 1))
    with pytest.raises(ValueError, match=r"in '0.x', got .*hue=0.1"):
        ColorJitter(hue=0.1, generation="0.x")


@pytest.mark.parametrize(("generation", "dtype"), [("0.x", np.float64), ("1.x", np.uint8)])
def test_lighting_keeps_type_when_new(generation, dtype):
    transform = Lighting([1.0], [[1.0], [1.0], [1.0]], generation=generation)
    assert transform({"img": IMAGE})["img"].dtype == dtype
    with pytest.raises(ValueError, match=r"eigvec must be \(3, 2\) as eigval is, got \(3, 1\)"):
        Lighting([1.0, 2.0], [[1.0], [1.0], [1.0]])


def test_grayscale_keeps_channels_when_old_or_asked():
    for options in ({"generation": "0.x"}, {"keep_channels": True}):
        img = RandomGrayscale(1.0, **options)({"img": IMAGE})["img"]
        assert img.shape == IMAGE.shape
        assert np.array_equal(img[..., 0], img[..., 2])
    assert RandomGrayscale(1.0)({"img": IMAGE})["img"].shape == (20, 30)
    assert np.array_equal(RandomGrayscale(0.0)({"img": IMAGE})["img"], IMAGE)
    with pytest.raises(ValueError, match=r"channel_weights must have 3 values, got \(1, 2\)"):
        RandomGrayscale(1.0, channel_weights=(1, 2))({"img": IMAGE})
