import numpy as np
import pytest

from mmlight.data.transforms import CenterCrop, EfficientNetCenterCrop, RandomCrop

IMAGE = np.arange(30 * 60, dtype=np.uint16).astype(np.uint8).reshape(30, 60)


def test_center_crop_takes_width_first_when_not_square():
    results = CenterCrop((20, 10))({"img": IMAGE})
    assert np.array_equal(results["img"], IMAGE[10:20, 20:40])
    assert results["img_shape"] == results["pad_shape"] == (10, 20)


def test_center_crop_pads_when_asked():
    assert CenterCrop(50)({"img": IMAGE})["img"].shape == (30, 50)
    assert CenterCrop(50, auto_pad=True)({"img": IMAGE})["img"].shape == (50, 50)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_random_crop_takes_height_first_when_not_square(generation):
    transform = RandomCrop((10, 20), generation=generation)
    assert {transform({"img": IMAGE})["img"].shape for _ in range(20)} == {(10, 20)}


def test_random_crop_raises_when_old_and_image_is_small():
    with pytest.raises(
        ValueError, match=r"crop_size must fit the image of \(30, 60\), got \(40, 40\)"
    ):
        RandomCrop(40, generation="0.x")({"img": IMAGE})
    assert RandomCrop(40)({"img": IMAGE})["img"].shape == (30, 40)
    assert RandomCrop(40, pad_if_needed=True, generation="0.x")({"img": IMAGE})["img"].shape == (
        40,
        40,
    )


def test_random_crop_pads_when_asked():
    assert RandomCrop((34, 60), padding=(0, 2))({"img": IMAGE})["img"].shape == (34, 60)
    with pytest.raises(
        ValueError, match=r"padding must be one, two or four integers, got \(1, 2, 3\)"
    ):
        RandomCrop(3, padding=(1, 2, 3))


def test_efficientnet_center_crop_is_square_when_image_is_not():
    assert EfficientNetCenterCrop(24)({"img": IMAGE})["img"].shape == (24, 24)
    with pytest.raises(ValueError, match="crop_padding >= 0, got 24, -1"):
        EfficientNetCenterCrop(24, crop_padding=-1)
