import json

import pytest

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, Origin
from mmlight.read.templates import (
    escape_braces,
    fill_places,
    fill_templates,
    to_expressions,
    to_strings,
)

HERE = Origin("base.yaml", 2)


def test_file_variables_are_filled_when_any_spacing(tmp_path):
    source = "{{fileDirname}} {{ fileBasename}} {{  fileBasenameNoExtension }} {{ fileExtname }}"
    filled = fill_templates(source, tmp_path / "net.py")
    assert filled == f"{tmp_path} net.py net .py"


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ("{{$DEPTH:50}}", "101"),
        ("{{ $DEPTH:50 }}", "101"),
        ("{{'$DEPTH:50'}}", "101"),
        ("{{$DEPTH:}}", "101"),
        ("{{$WIDTH:64}}", "64"),
        ("{{$ROOT:data/x}}", "data/x"),
        ("{{ other }} {$DEPTH:1}", "{{ other }} {$DEPTH:1}"),
    ],
)
def test_environment_is_filled_when_set_or_defaulted(monkeypatch, tmp_path, source, filled):
    monkeypatch.setenv("DEPTH", "101")
    assert fill_templates(source, tmp_path / "net.py") == filled


def test_environment_raises_when_neither(tmp_path):
    with pytest.raises(ConfigError, match=r"'NO_SUCH_VARIABLE' is not set"):
        fill_templates("{{$NO_SUCH_VARIABLE:}}", tmp_path / "net.py")


def test_base_variables_become_code_or_strings_when_quoted_or_not():
    for source in ("x: {{ _base_.a.b }}", "x: '{{_base_.a.b}}'", 'x: "{{ _base_.a.b}}"'):
        assert to_expressions(source) == "x: _base_.a.b"
        assert to_strings(source) == 'x: "{{_base_.a.b}}"'


def test_places_are_filled_when_nested():
    bases = ConfigDict(a=ConfigDict(b=ConfigList([1, 2])), c=3)
    tree = ConfigDict(x="{{_base_.a.b}}", y=ConfigList(["{{_base_.c}}", ("{{_base_.c}}",)]), z="c")
    tree.put("x", tree.x, HERE)
    fill_places(tree, bases, "a.yaml")
    assert (tree, str(tree.origin_of("x"))) == ({"x": [1, 2], "y": [3, (3,)], "z": "c"}, str(HERE))
    tree.x.append(3)
    assert bases.a.b == [1, 2]


@pytest.mark.parametrize(
    ("name", "nearest"), [("a.bb", "b"), ("aa", "a"), ("a.b.c", None), ("a.b.c.d", None)]
)
def test_places_raise_when_the_bases_lack_them(name, nearest):
    tree = ConfigDict(x=ConfigDict(y=f"{{{{_base_.{name}}}}}"))
    with pytest.raises(ConfigError) as caught:
        fill_places(tree, ConfigDict(a=ConfigDict(b=1)), "a.yaml")
    error = caught.value
    assert (error.path, error.nearest) == ("x.y", nearest)
    assert error.problem == f"the bases of a.yaml have no entry '{name}'"


@pytest.mark.parametrize("text", ["{{ fileBasename }}", "{{{x", "a\\{{", "{ {", "{{{{"])
def test_literals_hold_no_variables_when_escaped(text):
    written = escape_braces(repr(text))
    assert "{{" not in written
    assert eval(written) == text
    assert json.loads(escape_braces(json.dumps(text), "\\u007b")) == text
