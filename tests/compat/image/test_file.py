import numpy as np
import pytest

from mmlight.compat.image.file import check_backend, imfrombytes, imread, imwrite, use_backend
from mmlight.errors import DataError

IMAGE = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


@pytest.fixture(autouse=True)
def _default_backend():
    yield
    use_backend("cv2")


def test_image_is_read_when_written(tmp_path):
    path = tmp_path / "new" / "a.png"
    assert imwrite(IMAGE, path)
    np.testing.assert_array_equal(imread(path), IMAGE)
    np.testing.assert_array_equal(imread(str(path), channel_order="rgb"), IMAGE[:, :, ::-1])
    np.testing.assert_array_equal(imread(path, backend="pillow"), IMAGE)
    assert imread(IMAGE) is IMAGE


def test_backend_is_used_when_chosen(tmp_path):
    imwrite(IMAGE, tmp_path / "a.png")
    use_backend("pillow")
    assert check_backend(None) == "pillow"
    with pytest.raises(ValueError, match="backend must be 'cv2' or 'pillow', got 'turbojpeg'"):
        use_backend("turbojpeg")
    with pytest.raises(ValueError, match="channel_order must be 'rgb' or 'bgr', got 'xyz'"):
        imread(tmp_path / "a.png", channel_order="xyz")


def test_nothing_is_returned_when_bytes_are_no_image():
    assert imfrombytes(b"no image") is None


def test_place_is_refused_when_unknown():
    with pytest.raises(DataError, match="nowhere:// cannot be read"):
        imread("nowhere://bucket/a.jpg")
    with pytest.raises(FileNotFoundError, match=r"missing\.jpg"):
        imread("missing.jpg")
