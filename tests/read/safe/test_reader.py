import ast

import pytest

from mmlight.read.safe import expressions as expressions
from mmlight.read.safe.limits import Budget, NotSafe
from mmlight.read.safe.reader import SHOWN, FollowUp, Reader


def quote(text):
    """Return what an error about the last expression of a text quotes."""
    reader = Reader("a.py", text, {}, Budget())
    node = ast.parse(text).body[-1].value
    problem = reader.problem(node, NotSafe("no")).problem
    return problem.removeprefix("safe reading refuses ").removesuffix(": no")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a = 1 + 2", "'1 + 2'"),
        ("a = 1\nb = 'ä', 'x'  # x", "\"'ä', 'x'\""),
        ("a = f(\n  1,\n\n  2)", "'f( 1, 2)'"),
        ("a = '" + "x" * 200 + "'", f'"\'{"x" * (SHOWN - 4)}..."'),
    ],
)
def test_problem_quotes_when(text, quoted):
    assert quote(text) == quoted


def test_problem_quotes_the_beginning_when_long():
    assert quote("a = [\n" + "1,\n" * 10000 + "]").startswith("'[ 1, 1, 1")


def test_problem_tells_no_way_around_when_the_config_is_wrong():
    problem = Reader("a.py", "x", {}, Budget()).problem(ast.parse("x").body[0], KeyError("k"))
    assert problem.problem == "KeyError at 'x': 'k'"
    assert (problem.expected, problem.next_step) == ("", "Correct the line.")


def test_inner_names_hide_outer_ones_when_found():
    reader = Reader("a.py", "", {"x": 1, "y": 2}, Budget())
    reader.inner.append({"x": 3})
    assert reader.find_names("x") == {"x": 3}
    assert reader.find_names("y") == {"x": 1, "y": 2}
    assert reader.find_names("z") is None


def test_follow_up_is_raised_when_the_name_failed():
    reader = Reader("a.py", "x", {"x": FollowUp()}, Budget())
    with pytest.raises(FollowUp):
        reader.value_of(ast.parse("x + 1", mode="eval").body)


@pytest.mark.parametrize("name", ["__x", "__builtins__", "_base_"])
def test_name_is_refused_when_taken(name):
    reader = Reader("a.py", "", {}, Budget())
    with pytest.raises(NotSafe, match=f"the name {name!r} is taken"):
        reader.bind(name, 1, reader.names)
