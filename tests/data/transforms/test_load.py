import cv2
import numpy as np
import pytest

from mmlight.data.transforms import LoadImageFromFile
from mmlight.errors import DataError


@pytest.fixture
def path(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6, 3), 7, np.uint8))
    return tmp_path / "a.png"


def test_load_adds_shapes_when_read(path):
    results = LoadImageFromFile(to_float32=True)({"img_path": path})
    assert results["img"].dtype == np.float32
    assert results["img_shape"] == results["ori_shape"] == (4, 6)


def test_load_knows_old_fields_when_generation_is_old(path):
    results = {"img_prefix": str(path.parent), "img_info": {"filename": "a.png"}}
    results = LoadImageFromFile(generation="0.x")(results)
    assert results["filename"] == results["img_path"] == str(path)
    assert results["ori_filename"] == "a.png"


def test_load_raises_or_drops_when_file_is_missing():
    with pytest.raises(DataError, match=r"none.jpg"):
        LoadImageFromFile()({"img_path": "none.jpg"})
    assert LoadImageFromFile(ignore_empty=True)({"img_path": "none.jpg"}) is None


def test_load_raises_when_backend_is_not_the_disk():
    with pytest.raises(
        ValueError, match=r"backend_args.backend must be one of 'disk', 'local', got 'petrel'"
    ):
        LoadImageFromFile(backend_args={"backend": "petrel"})
    with pytest.raises(ValueError, match=r"imdecode_backend must be .* got 'turbojpeg'"):
        LoadImageFromFile(imdecode_backend="turbojpeg")
