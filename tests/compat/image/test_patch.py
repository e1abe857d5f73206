import numpy as np

from mmlight.compat.image.patch import cutout, imcrop

IMAGE = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8)


def test_last_pixel_is_inside_when_cropped():
    np.testing.assert_array_equal(imcrop(IMAGE, np.array([1, 2, 3, 4])), IMAGE[2:5, 1:4])
    assert [p.shape for p in imcrop(IMAGE, np.array([[0, 0, 0, 0], [5, 5, 99, 99]]))] == [
        *((1, 1), (1, 3))
    ]


def test_outside_is_filled_when_asked():
    patch = imcrop(IMAGE, np.array([-2, -1, 1, 0]), pad_fill=200)
    assert patch.tolist() == [[200] * 4, [200, 200, 0, 1]]


def test_box_is_filled_when_cut_out():
    np.random.seed(0)
    out = cutout(IMAGE, (2, 3), pad_val=99)
    assert (out == 99).sum() == 6
    assert (IMAGE == 99).sum() == 0
