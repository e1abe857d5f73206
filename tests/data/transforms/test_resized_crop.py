import numpy as np
import pytest

from mmlight.data.transforms import EfficientNetRandomCrop, RandomResizedCrop

IMAGE = np.zeros((30, 60, 3), np.uint8)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_random_resized_crop_takes_height_first_when_not_square(generation):
    results = RandomResizedCrop((8, 16), generation=generation)({"img": IMAGE})
    assert results["img"].shape == (8, 16, 3)


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_efficientnet_random_crop_is_square_when_image_is_not(generation):
    results = EfficientNetRandomCrop(8, generation=generation)({"img": IMAGE})
    assert results["img"].shape == (8, 8, 3)


def test_random_resized_crop_takes_the_middle_when_no_attempt_fits():
    image = np.tile(np.arange(60, dtype=np.uint8), (30, 1))
    transform = RandomResizedCrop(30, max_attempts=0, aspect_ratio_range=(1, 1))
    assert np.array_equal(transform({"img": image})["img"], image[:, 15:45])


def test_crops_raise_when_range_is_reversed():
    with pytest.raises(
        ValueError, match=r"crop_ratio_range must be \(min, max\), got \(1.0, 0.5\)"
    ):
        RandomResizedCrop(8, crop_ratio_range=(1.0, 0.5))
    with pytest.raises(ValueError, match=r"must be >= 0, got -0.1, 32"):
        EfficientNetRandomCrop(8, min_covered=-0.1)
