import pytest

from mmlight.errors import (
    MAX_NAMES_SHOWN,
    ConfigError,
    ConfigErrors,
    DataError,
    MMLightError,
    UnknownKeyError,
    UnsupportedTypeError,
    UnsupportedValueError,
    WeightsError,
    list_names,
    nearest_name,
    raise_all,
)
from mmlight.read.node import Origin


def test_text_has_every_fact_when_given():
    error = UnknownKeyError(
        "model.deep",
        "unknown key 'deep' with value 5",
        origin=Origin("a.py", 3),
        expected="one of depth",
        nearest="depth",
        next_step="Correct the name.",
    )
    assert str(error) == (
        "model.deep: unknown key 'deep' with value 5.\n"
        "  set in:   a.py:3\n"
        "  expected: one of depth\n"
        "  nearest:  depth\n"
        "  next:     Correct the name."
    )
    assert (error.path, error.origin, error.nearest) == ("model.deep", "a.py:3", "depth")


def test_text_is_short_when_facts_are_missing():
    assert str(ConfigError("a", "it is wrong", origin=None)) == "a: it is wrong."


@pytest.mark.parametrize("kind", [UnknownKeyError, UnsupportedTypeError, UnsupportedValueError])
def test_kind_is_a_config_error_when_about_a_config(kind):
    assert issubclass(kind, ConfigError)
    assert not issubclass(ConfigErrors, ConfigError)
    for other in (ConfigError, ConfigErrors, DataError, WeightsError):
        assert issubclass(other, MMLightError)


def test_nothing_is_raised_when_there_is_no_problem():
    raise_all([])


def test_one_is_raised_when_alone():
    error = DataError("x", "y")
    with pytest.raises(DataError, match="x: y") as caught:
        raise_all([error])
    assert caught.value is error


def test_all_are_raised_when_several():
    errors = [ConfigError("a", "first", origin="f:1"), DataError("b", "second", origin="f:2")]
    with pytest.raises(ConfigErrors) as caught:
        raise_all(errors)
    assert list(caught.value.errors) == errors
    assert str(caught.value) == "a: first.\n  set in:   f:1\n\nb: second.\n  set in:   f:2"


def test_problem_is_told_once_when_one_line_brings_it_about():
    errors = [ConfigError(path, "no such type 'X'", origin="f:1") for path in ("train", "val")]
    with pytest.raises(ConfigError, match="train: no such type 'X'"):
        raise_all(errors)


def test_origins_are_joined_when_several_lines_name_one_file():
    errors = [DataError("x.txt", "missing", origin=origin) for origin in ("f:1", "f:2", "f:1")]
    with pytest.raises(DataError) as caught:
        raise_all(errors)
    assert caught.value.origin == "f:1, f:2"


@pytest.mark.parametrize(
    ("name", "nearest"), [("resnet", "ResNet"), ("ResNett", "ResNet"), ("xyz", None), ("", None)]
)
def test_nearest_is_found_when_close(name, nearest):
    assert nearest_name(name, ["VGG", "ResNet", "ResNeXt"]) == nearest


def test_names_are_cut_when_many():
    names = [f"n{index:03}" for index in range(MAX_NAMES_SHOWN + 2)]
    text = list_names(reversed(names))
    assert text.startswith("one of n000, n001, ")
    assert text.endswith(f"n{MAX_NAMES_SHOWN - 1:03} and 2 more")
