import numpy as np
import pytest

from mmlight.data.transforms import Pad, RandomTranslatePad

IMAGE = np.zeros((4, 6, 3), np.uint8)


def test_pad_takes_width_first_when_size_is_given():
    results = Pad(size=(10, 5))({"img": IMAGE})
    assert results["img_shape"] == (5, 10)
    assert results["pad_shape"] == (5, 10, 3)
    assert results["pad_fixed_size"] == (10, 5)


def test_pad_rounds_up_when_divisor_is_given():
    assert Pad(size_divisor=4)({"img": IMAGE})["img_shape"] == (4, 8)
    assert Pad(pad_to_square=True, size_divisor=4)({"img": IMAGE})["img_shape"] == (8, 8)


@pytest.mark.parametrize(("generation", "color"), [("0.x", [9, 0, 0]), ("1.x", [9, 9, 9])])
def test_pad_fills_channels_when_value_is_one_number(generation, color):
    results = Pad(pad_to_square=True, pad_val=9, generation=generation)({"img": IMAGE})
    assert results["img"][5, 0].tolist() == color


def test_pad_raises_when_target_is_unclear():
    with pytest.raises(
        ValueError, match="one of size and size_divisor must be given, got None and None"
    ):
        Pad()
    with pytest.raises(ValueError, match=r"size must be None with pad_to_square, got \(1, 2\)"):
        Pad(size=(1, 2), pad_to_square=True)


def test_translate_pad_raises_when_image_does_not_fit():
    img = np.zeros((5, 4, 3), np.uint8)
    assert RandomTranslatePad(5)({"img": img})["img_shape"] == (5, 5)
    for pad in (RandomTranslatePad(4), RandomTranslatePad(5, aug_translate=True)):
        with pytest.raises(ValueError, match="size must be larger than the image of") as caught:
            pad({"img": img})
        assert str(pad.size) in str(caught.value)
