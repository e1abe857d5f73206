import numpy as np
import pytest
from PIL import Image

from mmlight.data.transforms import NumpyToPIL, PILToNumpy, Transpose


@pytest.mark.parametrize("turn", [False, True])
def test_image_is_the_same_when_there_and_back(turn):
    img = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    picture = NumpyToPIL(to_rgb=turn)({"img": img})["img"]
    assert isinstance(picture, Image.Image)
    assert picture.getpixel((0, 0)) == ((2, 1, 0) if turn else (0, 1, 2))
    back = PILToNumpy(to_bgr=turn, dtype="float32")({"img": picture})["img"]
    assert back.dtype == np.float32
    assert (back == img).all()


def test_axes_move_when_transposed():
    results = Transpose(["a", "b"], (1, 0))({"a": np.zeros((2, 3)), "b": np.zeros((4, 5))})
    assert [results["a"].shape, results["b"].shape] == [(3, 2), (5, 4)]
