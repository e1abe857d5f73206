import numpy as np
import pytest

from mmlight.data.transforms import Resize, ResizeEdge

IMAGE = np.zeros((30, 60, 3), np.uint8)


def test_resize_adds_fields_when_done():
    results = Resize(scale=(20, 15))({"img": IMAGE})
    assert results["img_shape"] == (15, 20)
    assert results["scale"] == (20, 15)
    assert results["scale_factor"] == (20 / 60, 15 / 30)


def test_resize_keeps_ratio_when_asked():
    assert Resize(scale=(100, 20), keep_ratio=True)({"img": IMAGE})["img"].shape == (20, 40, 3)


def test_resize_takes_factor_when_no_scale():
    assert Resize(scale_factor=0.5)({"img": IMAGE})["img"].shape == (15, 30, 3)


@pytest.mark.parametrize(
    ("edge", "shape"),
    [("short", (15, 30)), ("height", (15, 30)), ("long", (7, 15)), ("width", (7, 15))],
)
def test_resize_edge_keeps_aspect_when_edge_is_given(edge, shape):
    assert ResizeEdge(15, edge=edge)({"img": IMAGE})["img_shape"] == shape


def test_resize_edge_keeps_pixels_when_size_fits():
    assert ResizeEdge(30)({"img": IMAGE})["img"] is IMAGE


def test_resize_raises_when_argument_is_wrong():
    with pytest.raises(ValueError, match="scale or scale_factor must be given"):
        Resize()
    with pytest.raises(ValueError, match=r"interpolation must be .* got 'area'"):
        Resize(scale=3, backend="pillow", interpolation="area")
    with pytest.raises(ValueError, match=r"edge must be .* got 'shrt'"):
        ResizeEdge(3, edge="shrt")
    with pytest.raises(ValueError, match="scale must be positive, got -1"):
        ResizeEdge(-1)
