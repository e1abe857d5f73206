import random
import sys

import numpy as np
import pytest

from mmlight.data.transforms import Albumentations

CROP = dict(type="RandomCrop", height=4, width=5, p=1.0)
IMAGE = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)


def test_run_repeats_when_python_is_seeded():
    crop = Albumentations([CROP])
    runs = []
    for _ in range(2):
        random.seed(3)
        runs.append([crop({"img": IMAGE})["img"].tolist() for _ in range(5)])
    assert runs[0] == runs[1]
    assert any(image != runs[0][0] for image in runs[0])


def test_entries_are_those_of_the_generation_when_cropped():
    results = {"img": IMAGE, "gt_label": 3, "img_shape": (10, 10, 3), "img_path": "a.jpg"}
    new = Albumentations([CROP])(results)
    assert {**new, "img": 0} == {**results, "img": 0, "img_shape": (4, 5)}
    old = Albumentations([CROP], generation="0.x", update_pad_shape=True)(results)
    assert {**old, "img": 0} == {**results, "img": 0, "pad_shape": (4, 5, 3)}


def test_albumentations_raises_when_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "albumentations", None)
    with pytest.raises(ValueError, match=r"transforms need the package albumentations .*pip insta"):
        Albumentations([])


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (dict(type="RandomCropp"), "transforms must be of albumentations .*, got 'RandomCropp'"),
        (dict(p=1.0), r"transforms must be dicts with a type, got {'p': 1.0}"),
    ],
)
def test_albumentations_raises_when_step_is_wrong(step, text):
    with pytest.raises(ValueError, match=text):
        Albumentations([dict(type="OneOf", transforms=[step])])
