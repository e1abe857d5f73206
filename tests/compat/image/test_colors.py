import numpy as np
import pytest

from mmlight.compat.image import colors

IMAGE = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize("name", ["brightness", "contrast", "color"])
def test_image_stays_when_factor_is_one(name, backend):
    changed = getattr(colors, f"adjust_{name}")(IMAGE, 1.0, backend=backend)
    np.testing.assert_array_equal(changed, IMAGE)


def test_values_change_when_told():
    assert colors.iminvert(IMAGE)[0, 0].tolist() == [255, 254, 253]
    assert colors.solarize(IMAGE, 2)[0, 0].tolist() == [0, 1, 253]
    assert colors.posterize(IMAGE, 7)[0, 1].tolist() == [2, 4, 4]
    table = np.arange(255, -1, -1, dtype=np.uint8)
    np.testing.assert_array_equal(colors.lut_transform(IMAGE, table), colors.iminvert(IMAGE))
    assert colors.auto_contrast(IMAGE).max() == 255
    assert colors.auto_contrast(IMAGE, cutoff=(0, 50))[2:, :, 0].min() > 200
    assert colors.clahe(IMAGE[:, :, 0]).shape == (5, 7)


def test_eigenvectors_are_added_when_drawn():
    np.random.seed(0)
    changed = colors.adjust_lighting(IMAGE, np.array([10.0]), np.ones((3, 1)), 0.5, to_rgb=False)
    np.random.seed(0)
    np.testing.assert_allclose(changed - IMAGE, 10 * np.random.normal(0, 0.5))


def test_arguments_are_refused_when_wrong():
    with pytest.raises(ValueError, match=r"hue_factor must be in \[-0.5, 0.5\], got 0.6"):
        colors.adjust_hue(IMAGE, 0.6)
    with pytest.raises(ValueError, match="backend must be 'cv2' or 'pillow', got 'tf'"):
        colors.adjust_brightness(IMAGE, 1, "tf")
    with pytest.raises(ValueError, match=r"lut_table must have 256 values, got the shape \(3,\)"):
        colors.lut_transform(IMAGE, np.zeros(3))
    with pytest.warns(UserWarning, match="Pillow uses alpha only"):
        colors.adjust_color(IMAGE, 0.5, 0.2, backend="pillow")
