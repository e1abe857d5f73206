import pytest
import yaml

from mmlight.errors import ConfigError
from mmlight.read.data_text import is_printed_run, read_data
from mmlight.read.safe.yaml import MAX_NODES, check_yaml

LAUGH = "a: &a0 [0, 0]\n" + "".join(f"b{i}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(40))
MERGE = "a: &a0 {x: 1}\n" + "".join(f"b{i}: &a{i + 1} {{<<: [*a{i}, *a{i}]}}\n" for i in range(40))


@pytest.mark.parametrize(("name", "text"), [("lists", LAUGH), ("merges", MERGE)])
def test_aliases_are_refused_when_they_multiply(name, text):
    with pytest.raises(
        ConfigError, match=rf"more than the limit of {MAX_NODES:,} values"
    ) as caught:
        read_data(text, f"{name}.yaml")
    assert caught.value.origin.startswith(f"{name}.yaml:1")


@pytest.mark.parametrize("text", ["a: " + "[" * 400_000, "a:\n " + "- " * 5000 + "1"])
def test_nesting_is_refused_when_deep(text, tmp_path):
    with pytest.raises(ConfigError, match="deeper than the limit of 80 levels"):
        read_data(text, "a.yaml")
    (tmp_path / "a.yaml").write_text(text)
    assert is_printed_run(tmp_path / "a.yaml")


def test_aliases_are_read_when_few():
    values = read_data("a: &a {x: [1, 2]}\nb: *a\nc: {<<: *a, y: 3}", "a.yaml")
    assert values == {"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": {"x": [1, 2], "y": 3}}


def test_many_values_are_read_when_written_out():
    check_yaml("a: [" + "0," * (MAX_NODES - 10) + "]", yaml.CSafeLoader)
    with pytest.raises(yaml.YAMLError, match="100,000 values"):
        check_yaml("a: [" + "0," * MAX_NODES + "]", yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: " + "9" * 6000, "4300 digits"),
        ("a: 2020-13-45", "month"),
        ("? [1, 2]\n: 3", "unhashable"),
    ],
)
def test_values_are_refused_when_python_cannot_hold_them(text, told):
    with pytest.raises(ConfigError, match=f"this is no YAML: .*{told}"):
        read_data(text, "a.yaml")
