import pytest

from mmlight.read.node import ConfigDict
from mmlight.upgrade.shape import CONFIG, KINDS, Shape

FITS = {
    "anything": [3, "x", [], object()],
    "nothing": [],
    "a dict": [ConfigDict()],
    "a dict or an object": [ConfigDict(), object()],
    "a list of dicts": [[], (ConfigDict(),)],
    "a dict or a list of dicts": [ConfigDict(), [], ()],
    "a dataset or a list of datasets": [ConfigDict(), [], object()],
    "a name": ["step", ""],
    "a name or a list of names": ["mAP", ["mAP", "CP"], ("CP",), []],
    "a name or a class": ["SGD", ConfigDict],
    "a number": [1, 0.5],
    "a whole number or (height, width)": [224, (256, -1), [8, 8]],
}
FITS_NOT = {
    "nothing": [3, "x", None],
    "a dict": [[], "x", 0, object()],
    "a dict or an object": [[ConfigDict()], "x", 1.5],
    "a list of dicts": [ConfigDict(), "x", 3, {1}],
    "a dict or a list of dicts": ["x", 3, object()],
    "a dataset or a list of datasets": ["x", 3],
    "a name": [3, ["x"]],
    "a name or a list of names": [3, ["mAP", 3], ConfigDict()],
    "a name or a class": [3, ConfigDict()],
    "a number": ["1", [1]],
    "a whole number or (height, width)": [(), (1,), (1, 2, 3), "x", 1.5, (1, "x"), ConfigDict()],
}


def test_every_kind_is_tried_when_listed():
    assert FITS.keys() == KINDS.keys() == {*FITS_NOT, "anything"}


@pytest.mark.parametrize("kind", KINDS)
def test_value_fits_when_of_the_kind(kind):
    shape = Shape(kind, "")
    assert [value for value in FITS[kind] if not shape.fits(value)] == []
    assert [value for value in FITS_NOT.get(kind, []) if shape.fits(value)] == []


def walk(shape, seen):
    """Yield every shape that a config may have inside, once."""
    if id(shape) in seen:
        return
    seen.add(id(shape))
    yield shape
    item = shape.items()
    for inner in (*shape.entries.values(), *shape.by_type().values(), *([item] if item else [])):
        yield from walk(inner, seen)


def test_kinds_are_known_and_examples_fit_when_they_are_python():
    tried = 0
    for shape in walk(CONFIG, set()):
        assert shape.kind in KINDS
        if "..." not in shape.example and shape.example[:1] in ("d", "[", "{", "("):
            value = eval(shape.example, {"dict": ConfigDict})
            assert shape.fits(ConfigDict(value) if isinstance(value, dict) else value)
            tried += 1
    assert tried > 20
