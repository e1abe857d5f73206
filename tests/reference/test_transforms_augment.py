"""AutoAugment and RandAugment, against both originals."""

import numpy as np
import pytest

from tests.reference.photos import picture
from tests.reference.pixels import compare, each

WITH_KEYS = [
    dict(type="AutoContrast"),
    dict(type="Equalize"),
    dict(type="Invert"),
    dict(type="Rotate", magnitude_key="angle", magnitude_range=(0, 30)),
    dict(type="Posterize", magnitude_key="bits", magnitude_range=(4, 0)),
    dict(type="Solarize", magnitude_key="thr", magnitude_range=(256, 0)),
    dict(type="SolarizeAdd", magnitude_key="magnitude", magnitude_range=(0, 110)),
    dict(type="SolarizeAdd", magnitude=90, magnitude_key="thr", magnitude_range=(0, 200)),
    dict(type="ColorTransform", magnitude_key="magnitude", magnitude_range=(0, 0.9)),
    dict(type="Contrast", magnitude_key="magnitude", magnitude_range=(0, 0.9)),
    dict(type="Brightness", magnitude_key="magnitude", magnitude_range=(0, 0.9)),
    dict(type="Sharpness", magnitude_key="magnitude", magnitude_range=(0, 0.9), prob=1.0),
    dict(type="Shear", magnitude_key="magnitude", magnitude_range=(0, 0.3), direction="vertical"),
    dict(type="Translate", magnitude_key="magnitude", magnitude_range=(0, 0.45), pad_val=None),
    dict(type="Cutout", magnitude_key="shape", magnitude_range=(1, 41)),
]
HPARAMS = dict(pad_val=[104, 116, 124], interpolation="bicubic")
AUGMENT_1X = [
    dict(type="AutoAugment", policies="imagenet"),
    dict(type="AutoAugment", policies="imagenet", hparams=HPARAMS),
    dict(type="RandAugment", policies="timm_increasing", num_policies=2, magnitude_level=7),
    dict(
        type="RandAugment",
        policies="timm_increasing",
        num_policies=4,
        magnitude_level=9,
        magnitude_std=0.5,
        hparams=HPARAMS,
    ),
    dict(
        type="RandAugment",
        policies="simple_increasing",
        num_policies=3,
        magnitude_level=5,
        magnitude_std="inf",
    ),
    dict(
        type="RandAugment",
        policies="timm_increasing",
        num_policies=3,
        magnitude_level=20,
        total_level=30,
        magnitude_std=9,
    ),
    dict(type="RandAugment", policies=WITH_KEYS[:7], num_policies=3, magnitude_level=4),
]
AUGMENT_0X = [
    dict(
        type="AutoAugment",
        policies=[
            [dict(type="Rotate", angle=20.0, prob=0.9), dict(type="Shear", magnitude=0.2)],
            [dict(type="Cutout", shape=9, pad_val=3)],
        ],
    ),
    dict(
        type="AutoAugment",
        policies=[
            [dict(type="Rotate", angle=20.0, prob=0.9)],
            [dict(type="Translate", magnitude=0.2)],
        ],
        hparams=HPARAMS,
    ),
    dict(
        type="RandAugment",
        policies=WITH_KEYS[:13],
        num_policies=2,
        magnitude_level=7,
        total_level=10,
        magnitude_std=0.5,
        hparams=HPARAMS,
    ),
    dict(
        type="RandAugment",
        policies=WITH_KEYS,
        num_policies=4,
        magnitude_level=25,
        magnitude_std="inf",
    ),
    dict(type="RandAugment", policies=WITH_KEYS, num_policies=3, magnitude_level=12),
    dict(  # pad_val is each operation's own; a drawn magnitude wins
        type="RandAugment",
        policies=WITH_KEYS[3:6],
        num_policies=3,
        magnitude_level=12,
        hparams=dict(thr=99, interpolation="bicubic"),
    ),
    dict(
        type="AutoAugment",
        policies=[[dict(type="Rotate", angle=30.0)], [dict(type="Shear", magnitude=0.3)]],
        hparams={},
    ),
]


@pytest.fixture(scope="module")
def images():
    """Wide, tall, of few colors, one pixel wide."""
    flat = np.zeros((40, 60, 3), np.uint8)
    flat[10:20, 10:30] = (255, 3, 3)
    return [picture(250, 188), picture(90, 120, 1), flat, picture(1, 90, 2)]


def test_matches_mmpretrain_when_augment(mmpretrain, images):
    assert not compare(mmpretrain, "1.x", each(AUGMENT_1X, images, list(range(100))))


def test_matches_mmcls_when_augment(mmcls, images):
    assert not compare(mmcls, "0.x", each(AUGMENT_0X, images, list(range(100))))
