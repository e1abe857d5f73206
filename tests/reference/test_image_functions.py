"""Functions on images against the originals, pixel by pixel, through the table of offers."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.reference.offered import GENERATIONS, Case, compare_calls
from tests.reference.original import Original


@pytest.fixture(params=GENERATIONS)
def original(request) -> Original:
    return request.getfixturevalue(request.param)


def make_images() -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(40), np.arange(31)) * 3
    return [
        draw.integers(0, 256, (17, 23, 3), dtype=np.uint8),
        np.stack([smooth % 256, 255 - smooth % 200, smooth % 90 + 60], axis=-1).astype(np.uint8),
        np.full((5, 6, 3), 77, np.uint8),
    ]


GREY = make_images()[0][:, :, 0]
MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
EIGEN = (np.array([55.46, 4.79, 1.15]), np.linspace(-1, 1, 9).reshape(3, 3))
BOXES = np.array([[2, 3, 8, 9], [-4, -2, 5, 30], [1, 1, 1, 1]])


def on_image(image: np.ndarray) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Return functions of one image, with their further arguments."""
    sizes: list[Any] = [
        *(
            ("imresize", ((11, 9),), {"interpolation": kind, "backend": backend})
            for backend, kinds in (
                ("cv2", ("nearest", "bilinear", "bicubic", "area", "lanczos")),
                ("pillow", ("nearest", "bilinear", "bicubic", "box", "lanczos", "hamming")),
            )
            for kind in kinds
        ),
        ("imresize", ((30, 41), True), {}),
        ("imresize_like", (np.zeros((7, 12)),), {}),
        ("imresize_to_multiple", (4,), {"size": (10, 13), "keep_ratio": True}),
        ("imresize_to_multiple", ((4, 3),), {"scale_factor": 1.3, "return_scale": True}),
        ("imrescale", ((40, 20),), {"return_scale": True}),
        ("imrescale", (0.7,), {"interpolation": "area"}),
        ("impad", (), {"shape": (45, 20), "pad_val": (1, 2, 3)}),
        *(
            ("impad", (), {"padding": (1, 2, 3, 4), "padding_mode": mode})
            for mode in ("constant", "edge", "reflect", "symmetric")
        ),
        ("impad", (), {"padding": (3, 1), "pad_val": 9}),
        ("impad", (), {"padding": 2, "pad_val": 9}),
        ("impad_to_multiple", (8,), {"pad_val": (5, 6, 7)}),
    ]
    warps: list[Any] = [
        *(("imflip", (way,), {}) for way in ("horizontal", "vertical", "diagonal")),
        *(("imflip_", (way,), {}) for way in ("horizontal", "vertical", "diagonal")),
        ("imrotate", (33,), {}),
        ("imrotate", (-71,), {"auto_bound": True, "scale": 1.2, "border_value": (1, 2, 3)}),
        ("imrotate", (20, (3, 4)), {"interpolation": "nearest", "border_mode": "reflect"}),
        ("imshear", (0.3,), {"border_value": 40}),
        ("imshear", (-0.2, "vertical", (1, 2, 3), "nearest"), {}),
        ("imtranslate", (3.6,), {"border_value": (9, 8, 7)}),
        ("imtranslate", (-4, "vertical", 100, "bicubic"), {}),
        *(("imcrop", (BOXES,), {"scale": scale}) for scale in (1.0, 1.5)),
        ("imcrop", (BOXES,), {"scale": 1.3, "pad_fill": [1, 2, 3]}),
        ("imcrop", (BOXES[0],), {}),
        ("cutout", (4,), {"pad_val": (1, 2, 3)}),
        ("cutout", ((6, 3),), {"pad_val": 8}),
    ]
    colors: list[Any] = [
        *(("imconvert", ("bgr", space), {}) for space in ("rgb", "hsv", "lab")),
        *((name, (), {}) for name in ("bgr2rgb", "rgb2bgr", "bgr2hsv", "hsv2bgr", "bgr2hls")),
        *((name, (), {"keepdim": True}) for name in ("bgr2gray", "rgb2gray")),
        *((name, (), {}) for name in ("bgr2gray", "rgb2gray", "hls2bgr", "iminvert")),
        *(("imnormalize", (MEAN, STD, flag), {}) for flag in (True, False)),
        *(("solarize", (*thr,), {}) for thr in ((), (60,))),
        *(("posterize", (bits,), {}) for bits in range(1, 9)),
        *(
            (f"adjust_{name}", (factor,), {"backend": backend})
            for name in ("brightness", "contrast", "color")
            for factor in (0, 0.4, 1, 1.9)
            for backend in ("cv2", "pillow", None)
        ),
        ("adjust_color", (0.5, 0.7, 3), {}),
        *(
            ("adjust_hue", (part,), {"backend": backend})
            for part in (0, 0.2, 0.5)
            for backend in ("cv2", "pillow")
        ),
        *(("adjust_sharpness", (factor,), {}) for factor in (0, 0.5, 1.7)),
        ("adjust_sharpness", (0.5, np.ones((3, 5)) / 15), {}),
        *(("adjust_lighting", EIGEN, {"to_rgb": flag}) for flag in (True, False)),
        *(("auto_contrast", (), {"cutoff": cut}) for cut in (0, 5, (10, 2), 30)),
        ("imequalize", (), {}),
        ("lut_transform", (np.arange(255, -1, -1, dtype=np.uint8),), {}),
    ]
    return [
        (f"mmcv.{name}", (image.copy(), *args), kwargs)
        for name, args, kwargs in (*sizes, *warps, *colors)
    ]


def test_pixels_are_equal_when_images_change(original):
    cases = [case for image in make_images() for case in on_image(image)]
    floats = make_images()[1].astype(np.float32)
    cases += [
        ("mmcv.imnormalize_", (floats.copy(), MEAN, STD), {}),
        ("mmcv.imdenormalize", (floats.copy(), MEAN, STD), {}),
        ("mmcv.imdenormalize", (floats.copy(), MEAN, STD, False), {}),
        ("mmcv.imrescale", (floats.copy(), 1.7), {}),
        ("mmcv.solarize", (floats.copy(),), {}),
        ("mmcv.gray2bgr", (GREY,), {}),
        ("mmcv.gray2rgb", (GREY,), {}),
        ("mmcv.clahe", (GREY,), {}),
        ("mmcv.clahe", (GREY, 4.0, (2, 3)), {}),
        ("mmcv.imcrop", (GREY, BOXES), {"pad_fill": 7, "scale": 2.0}),
        ("mmcv.cutout", (GREY, 5), {"pad_val": 7}),
        ("mmcv.imshear", (GREY, 0.2), {"border_value": 7}),
        ("mmcv.impad", (GREY,), {"padding": 2, "pad_val": 7}),
        ("mmcv.imnormalize", (GREY, MEAN[:1], STD[:1], False), {}),
        ("mmcv.tensor2imgs", (torch.rand(2, 3, 5, 4), tuple(MEAN), tuple(STD)), {}),
        ("mmcv.tensor2imgs", (torch.rand(2, 1, 5, 4) * 255,), {"to_rgb": False}),
        *(
            ("mmcv.rescale_size", ((500, 375), scale), {"return_scale": flag})
            for scale in (0.3, 2, (256, 200), (100, 900))
            for flag in (True, False)
        ),
    ]
    assert compare_calls(original, cases) > 350


def encode(mode: str, suffix: str, exif: int = 0) -> bytes:
    array = np.arange(13 * 9 * 4, dtype=np.uint8).reshape(9, 13, 4)
    channels = len(Image.new(mode, (1, 1)).getbands())
    picture = Image.fromarray(array[:, :, :channels].squeeze(), mode)
    tags = Image.Exif()
    if exif:
        tags[274] = exif
    buffer = io.BytesIO()
    picture.save(buffer, suffix, exif=tags)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_images_are_equal_when_decoded_and_written(original, tmp_path):
    files = [
        *(encode("RGB", "jpeg", exif) for exif in (0, 3, 6)),
        *(encode(mode, "png") for mode in ("RGB", "RGBA", "L", "LA")),
    ]
    flags = ("color", "grayscale", "unchanged", "color_ignore_orientation")
    cases: list[Case] = [
        ("mmcv.imfrombytes", (content, flag, order, backend), {})
        for content in files
        for flag in (*flags, "grayscale_ignore_orientation")
        for order in ("bgr", "rgb")
        for backend in ("cv2", "pillow")
    ]
    image = make_images()[0]
    for name in ("a.png", "new/folder/b.jpg"):
        path = str(tmp_path / name)
        cases += [("mmcv.imwrite", (image, path), {}), ("mmcv.imread", (path,), {})]
    cases.append(("mmcv.imread", (str(tmp_path / "a.png"), "color", "rgb"), {}))
    assert compare_calls(original, cases) == len(cases)
