"""Transforms that resize, crop, pad and mirror, against both originals."""

import cv2
import numpy as np
import pytest

from tests.reference.photos import picture
from tests.reference.pixels import SEEDS, compare, each

GEOMETRY_1X = [
    dict(type="Resize", scale=32),
    dict(type="Resize", scale=(60, 41), interpolation="bicubic", clip_object_border=False),
    dict(type="Resize", scale=(60, 41), keep_ratio=True, backend="pillow"),
    dict(type="Resize", scale_factor=0.7, interpolation="area"),
    dict(type="Resize", scale_factor=(0.7, 1.3), keep_ratio=True),
    *[
        dict(type="ResizeEdge", scale=64, edge=edge)
        for edge in ("short", "long", "width", "height")
    ],
    dict(type="ResizeEdge", scale=60, backend="pillow", interpolation="bicubic"),
    dict(type="ResizeEdge", scale=23, interpolation="lanczos"),
    dict(type="CenterCrop", crop_size=30, clip_object_border=True),
    dict(type="CenterCrop", crop_size=(33, 20)),
    dict(type="CenterCrop", crop_size=(200, 100), auto_pad=True),
    dict(type="CenterCrop", crop_size=100, auto_pad=True, pad_cfg=dict(type="Pad", pad_val=7)),
    dict(type="RandomCrop", crop_size=16),
    dict(type="RandomCrop", crop_size=(20, 50)),
    dict(type="RandomCrop", crop_size=16, padding=4),
    dict(type="RandomCrop", crop_size=16, padding=(1, 2), pad_val=9),
    dict(type="RandomCrop", crop_size=16, padding=(1, 2, 3, 4), padding_mode="reflect"),
    dict(type="RandomCrop", crop_size=(33, 40), pad_if_needed=True, pad_val=9),
    dict(type="RandomCrop", crop_size=(33, 40), pad_if_needed=True, padding_mode="reflect"),
    dict(type="RandomResizedCrop", scale=32),
    dict(type="RandomResizedCrop", scale=(20, 50), backend="pillow", interpolation="bicubic"),
    dict(
        type="RandomResizedCrop",
        scale=32,
        crop_ratio_range=(0.9, 1.0),
        aspect_ratio_range=(2.0, 3.0),
    ),
    dict(type="RandomResizedCrop", scale=32, max_attempts=0, aspect_ratio_range=(0.9, 1.1)),
    dict(type="EfficientNetRandomCrop", scale=32),
    dict(type="EfficientNetRandomCrop", scale=32, max_attempts=0),
    dict(type="EfficientNetRandomCrop", scale=32, crop_ratio_range=(0.8, 1.0), min_covered=0.9),
    dict(type="EfficientNetCenterCrop", crop_size=32),
    dict(type="EfficientNetCenterCrop", crop_size=48, crop_padding=0, interpolation="bilinear"),
    dict(type="RandomFlip", prob=0.5, swap_seg_labels=None),
    dict(type="RandomFlip", prob=0.3, direction="vertical"),
    dict(type="RandomFlip", prob=0.7, direction=["horizontal", "vertical", "diagonal"]),
    dict(type="RandomFlip", prob=[0.3, 0.5], direction=["horizontal", "diagonal"]),
    dict(type="Pad", size=(70, 50)),
    dict(type="Pad", size=(70, 130), pad_val=9),
    dict(type="Pad", size_divisor=32, padding_mode="edge"),
    dict(type="Pad", pad_to_square=True, pad_val=dict(img=4)),
    dict(type="Pad", pad_to_square=True, size_divisor=16, padding_mode="reflect"),
]
GEOMETRY_0X = [
    dict(type="Resize", size=32),
    dict(type="Resize", size=(41, 60), interpolation="bicubic"),
    *[
        dict(type="Resize", size=(64, -1), adaptive_side=side)
        for side in ("short", "long", "width", "height")
    ],
    dict(type="Resize", size=(17, -1)),
    dict(type="Resize", size=(60, -1), backend="pillow", interpolation="bicubic"),
    dict(type="CenterCrop", crop_size=30),
    dict(type="CenterCrop", crop_size=(20, 33)),
    dict(type="RandomCrop", size=16),
    dict(type="RandomCrop", size=(17, 20), padding=(5, 0)),
    dict(type="RandomCrop", size=16, padding=4, pad_val=9),
    dict(type="RandomCrop", size=(33, 40), pad_if_needed=True, pad_val=9),
    dict(type="RandomCrop", size=(19, 26), pad_if_needed=True, padding_mode="symmetric"),
    dict(type="RandomResizedCrop", size=32),
    dict(type="RandomResizedCrop", size=(20, 50), backend="pillow", interpolation="bicubic"),
    dict(type="RandomResizedCrop", size=32, scale=(0.9, 1.0), ratio=(2.0, 3.0)),
    dict(type="RandomResizedCrop", size=32, max_attempts=0, ratio=(0.9, 1.1)),
    dict(type="RandomResizedCrop", size=32, max_attempts=0, ratio=(4.0, 5.0)),
    dict(type="RandomResizedCrop", size=32, efficientnet_style=True),
    dict(type="RandomResizedCrop", size=32, efficientnet_style=True, max_attempts=0),
    dict(
        type="RandomResizedCrop",
        size=32,
        efficientnet_style=True,
        scale=(0.8, 1.0),
        min_covered=0.9,
    ),
    dict(type="CenterCrop", crop_size=32, efficientnet_style=True),
    dict(
        type="CenterCrop",
        crop_size=48,
        efficientnet_style=True,
        crop_padding=0,
        interpolation="bicubic",
    ),
    dict(type="RandomFlip"),
    dict(type="RandomFlip", flip_prob=0.3, direction="vertical"),
    dict(type="Pad", size=(50, 70)),
    dict(type="Pad", size=(130, 70), pad_val=9),
    dict(type="Pad", size=(130, 70), pad_val=(1, 2, 3)),
    dict(type="Pad", pad_to_square=True, padding_mode="reflect"),
]


@pytest.fixture(scope="module")
def images():
    """Wide, tall, tiny."""
    return [picture(500, 375), picture(90, 120, 1), picture(23, 17, 2)]


@pytest.fixture(scope="module")
def odd():
    """Grey, with a fourth channel, one pixel wide, one pixel high, one pixel, by columns."""
    grey = cv2.cvtColor(picture(90, 60, 3), cv2.COLOR_BGR2GRAY)
    alpha = np.dstack([picture(60, 90, 4), picture(60, 90, 5)[:, :, :1]])
    columns = np.asfortranarray(picture(60, 40, 9))
    thin = [picture(1, 90, 6), picture(90, 1, 7), picture(1, 1, 8)]
    return [grey, grey[:28, :28].copy(), alpha, *thin, columns]


def test_matches_mmpretrain_when_geometry(mmpretrain, images):
    assert not compare(mmpretrain, "1.x", each(GEOMETRY_1X, images))


def test_matches_mmcls_when_geometry(mmcls, images):
    assert not compare(mmcls, "0.x", each(GEOMETRY_0X, images))


def test_matches_mmpretrain_when_geometry_of_odd_images(mmpretrain, odd):
    failed = compare(mmpretrain, "1.x", each(GEOMETRY_1X, odd))
    # of one pixel
    assert failed == {"EfficientNetRandomCrop", "EfficientNetCenterCrop", "RandomResizedCrop"}


def test_matches_mmcls_when_geometry_of_odd_images(mmcls, odd):
    cases = [*GEOMETRY_0X, dict(type="Normalize", mean=[33.46], std=[78.87], to_rgb=True)]
    failed = compare(mmcls, "0.x", each(cases, odd))
    # in EfficientNet's style of one pixel; three values to pad one channel or four
    assert failed == {"RandomResizedCrop", "CenterCrop", "Pad"}


def test_matches_both_when_geometry_of_a_huge_image(mmcls, mmpretrain):
    huge = picture(6000, 4000)
    assert not compare(mmpretrain, "1.x", each(GEOMETRY_1X[::6], [huge], SEEDS[:2]))
    assert not compare(mmcls, "0.x", each(GEOMETRY_0X[::6], [huge], SEEDS[:2]))
    large = picture(3000, 2000)
    assert not compare(mmpretrain, "1.x", each(GEOMETRY_1X, [large], SEEDS[:1]))
    assert not compare(mmcls, "0.x", each(GEOMETRY_0X, [large], SEEDS[:1]))
