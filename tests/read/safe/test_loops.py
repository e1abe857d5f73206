import ast

import pytest

from mmlight.errors import ConfigError
from mmlight.read.safe import expressions as expressions
from mmlight.read.safe.limits import Budget
from mmlight.read.safe.loops import unpack
from mmlight.read.safe.reader import Reader

COMPREHENSIONS = """
[x for x in 'ab']
[x * y for x in (1, 2) for y in range(x) if y < x]
{x: y for x, y in [(1, 2)]}
{x % 2 for x in range(5)}
[x for x in [1, 2, 3] if x > 1 if x < 3]
[[y for y in x] for x in ['ab']]
[(a, b, c) for a, (b, *c) in [(1, (2, 3, 4))]]
[x for x in [x for x in (1, 2)]]
[a for a, in [(1,)]]
"""


def reader_of(text, **names):
    return Reader("a.py", text, names, Budget())


def value_of(text, **names):
    return reader_of(text, **names).value_of(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", COMPREHENSIONS.strip().splitlines())
def test_value_is_as_in_python_when_comprehension(text):
    assert value_of(text) == eval(text)


def test_generator_is_a_list_when_read():
    assert value_of("(x for x in (1, 2))") == [1, 2]


def test_names_stay_inside_when_comprehension():
    assert value_of("[x for x in x] + [x]", x=[1]) == [1, [1]]
    with pytest.raises(ConfigError, match="'y' is not assigned"):
        value_of("[y for y in [1]] + [y]")


def test_names_are_forgotten_when_it_fails():
    reader = reader_of("[1 / x for x in [0]]")
    with pytest.raises(ConfigError, match="ZeroDivisionError at '1 / x'"):
        reader.value_of(ast.parse("[1 / x for x in [0]]", mode="eval").body)
    assert reader.inner == []


@pytest.mark.parametrize(
    ("targets", "items", "names"),
    [
        ("a, b", [1, 2], {"a": 1, "b": 2}),
        ("a, *b", [1], {"a": 1, "b": []}),
        ("*a, b", "xyz", {"a": ["x", "y"], "b": "z"}),
        ("a, *b, c", (1, 2, 3, 4), {"a": 1, "b": [2, 3], "c": 4}),
    ],
)
def test_items_are_unpacked_when(targets, items, names):
    elts = ast.parse(f"({targets})", mode="eval").body.elts
    assert {target.id: item for target, item in unpack(reader_of(""), elts, items)} == names


@pytest.mark.parametrize(
    ("targets", "items"), [("a, b", [1]), ("a, b", [1, 2, 3]), ("a, *b, c", [1])]
)
def test_items_are_refused_when_too_few_or_many(targets, items):
    elts = ast.parse(f"({targets})", mode="eval").body.elts
    with pytest.raises(ValueError, match=f"{len(items)} items for {len(elts)} names"):
        unpack(reader_of(""), elts, items)
