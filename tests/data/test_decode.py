import cv2
import numpy as np
import pytest

from mmlight.data.decode import read_image
from mmlight.errors import DataError

RAMP = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def test_read_image_raises_when_file_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"no_such.jpg") as caught:
        read_image(str(tmp_path / "no_such.jpg"))
    assert caught.value.next_step == "Put the file there, or take it out of the annotations."


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
@pytest.mark.parametrize("content", [b"", b"no image"])
def test_read_image_raises_when_file_holds_no_image(tmp_path, backend, content):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken.jpg") as caught:
        read_image(str(path), backend=backend)
    if backend == "cv2":
        assert caught.value.problem == "the file holds no image that can be decoded"


@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_read_image_gives_bgr_when_png(tmp_path, backend):
    path = str(tmp_path / "a.png")
    cv2.imwrite(path, RAMP)
    assert np.array_equal(read_image(path, backend=backend), RAMP)
    assert read_image(path, color_type="grayscale", backend=backend).shape == (2, 4)
