"""Reading ordinary and odd image files, against both originals."""

import itertools

import pytest

from tests.reference.photos import ODD, write_huge, write_odd, write_ordinary
from tests.reference.pixels import compare

COLORS = (
    *("color", "grayscale", "unchanged", "color_ignore_orientation"),
    "grayscale_ignore_orientation",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    write_odd(folder)
    names = [*write_ordinary(folder), *ODD, write_huge(folder)]
    (folder / "broken.jpg").write_bytes((folder / names[0]).read_bytes()[:100])
    return [folder / name for name in (*names, "broken.jpg", "missing.jpg")]


def test_matches_mmpretrain_when_load(mmpretrain, files):
    runs = []
    for backend, color, file in itertools.product(("cv2", "pillow"), COLORS, files):
        step = dict(type="LoadImageFromFile", color_type=color, imdecode_backend=backend)
        if file.name == "palette.png":
            step["to_float32"] = True
        if file.name != "huge.jpg" or color == "color":
            runs.append(([step], {"img_path": str(file)}, [0]))
    assert not compare(mmpretrain, "1.x", runs)


def test_matches_mmcls_when_load(mmcls, files):
    runs = []
    for color, file in itertools.product(COLORS, files):
        step = dict(type="LoadImageFromFile", color_type=color)
        info = {"img_prefix": str(file.parent), "img_info": {"filename": file.name}}
        if file.name != "huge.jpg" or color == "color":
            runs.append(([step], info, [0]))
    assert not compare(mmcls, "0.x", runs)
