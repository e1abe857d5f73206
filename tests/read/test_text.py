import pytest

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, Origin
from mmlight.read.text import is_base_line, is_entry, make_entries, parse_python, run_python


def entries(text, names=None, given=None):
    parsed = parse_python(text, "a.py")
    return make_entries(
        parsed, "a.py", run_python(parsed, "a.py", names or {}), given or ConfigDict()
    )


def test_parsing_tells_bases_and_names_when_asked():
    parsed = parse_python("_base_ = [\n 'b.py',\n 'c.py']\nx = 1\ny = f(x)\n_base_.z", "a.py")
    assert parsed.bases == (("b.py", 2), ("c.py", 3))
    assert parsed.names_read == {"f", "x", "_base_", "z"}
    assert parsed.lines == {"x": 4, "y": 5}


def test_lines_leave_out_names_when_inside_functions():
    text = "x = 1\ndef f():\n    x = 2\ny = [x for x in range(2)]\nfor i in y:\n    z = i"
    assert parse_python(text, "a.py").lines == {"x": 1, "y": 4, "i": 5, "z": 6}


def test_parsing_happens_once_when_the_text_is_the_same():
    assert parse_python("a = 1", "a.py") is parse_python("a = 1", "a.py")
    assert parse_python("a = 1", "a.py") is not parse_python("a = 1", "b.py")


def test_only_values_are_entries_when_run():
    values = entries("import math\nfrom math import pi\nclass A: ...\ndef f(): ...\nx = pi\n_y = 2")
    assert values == {"x": 3.141592653589793, "_y": 2}


def test_given_entries_keep_their_origins_when_untouched():
    given = ConfigDict()
    given.put("kept", 1, Origin("base.py", 4))
    given.put("bound", 1, Origin("base.py", 5))
    values = entries("\nbound = 1", given, given)
    assert {key: str(values.origin_of(key)) for key in values} == {
        "kept": "base.py:4",
        "bound": "a.py:2",
    }


def test_running_names_the_file_when_asked():
    assert entries("here = __file__") == {"here": "a.py"}


@pytest.mark.parametrize(
    ("text", "problem", "line"),
    [
        ("x = 1\ny = (", "syntax error: '(' was never closed: 'y = ('", 2),
        ("_base_ = x", "'_base_ = x' names no files", 1),
        ("_base_ = 3", "'_base_ = 3' names no files", 1),
        ("\nx = 1 / 0", "ZeroDivisionError while the config ran: division by zero", 2),
        (
            "_base_ = 'b.py'\nwith read_base():\n    from .c import *",
            "the config has both '_base_' and 'with read_base():'",
            3,
        ),
    ],
)
def test_text_is_refused_when_wrong(text, problem, line):
    with pytest.raises(ConfigError) as caught:
        entries(text)
    assert (caught.value.problem, caught.value.origin) == (problem, f"a.py:{line}")


def test_kinds_are_told_apart_when_asked():
    import ast

    assert [is_base_line(node) for node in ast.parse("_base_ = 1\n_base_.x = 2\nx = 3").body] == [
        *(True, False, False)
    ]
    assert [is_entry(value) for value in (1, None, len, str, ast, is_entry)] == [
        *(True, True, True, False, False, False)
    ]
