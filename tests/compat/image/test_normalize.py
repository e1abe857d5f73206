import numpy as np
import pytest
import torch

from mmlight.compat.image import normalize

MEAN, STD = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
IMAGE = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def test_image_comes_back_when_denormalized():
    normal = normalize.imnormalize(IMAGE, MEAN, STD)
    assert normal.dtype == np.float32
    np.testing.assert_allclose(normal[0, 0], (np.array([2, 1, 0]) - MEAN) / STD, rtol=1e-6)
    np.testing.assert_allclose(normalize.imdenormalize(normal, MEAN, STD), IMAGE, atol=1e-4)


def test_array_is_overwritten_when_normalized_in_place():
    image = IMAGE.astype(np.float32)
    assert normalize.imnormalize_(image, MEAN, STD) is image
    np.testing.assert_array_equal(image, normalize.imnormalize(IMAGE, MEAN, STD))
    with pytest.raises(ValueError, match=r"img must be float .* got uint8"):
        normalize.imnormalize_(IMAGE, MEAN, STD)


def test_images_are_made_when_batch_is_given():
    batch = torch.ones(2, 3, 4, 5) * torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    images = normalize.tensor2imgs(batch)
    assert len(images) == 2
    assert images[1].shape == (4, 5, 3)
    assert images[1][0, 0].tolist() == [3, 2, 1]


def test_batch_is_refused_when_channels_do_not_fit():
    with pytest.raises(ValueError, match=r"got \(1, 2, 3, 3\)"):
        normalize.tensor2imgs(torch.ones(1, 2, 3, 3))
    with pytest.raises(ValueError, match="to_rgb must be False for one channel, got True"):
        normalize.tensor2imgs(torch.ones(1, 1, 3, 3))
