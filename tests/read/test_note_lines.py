import ast

import pytest

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.read.note_lines import node_makers, note_lines


def run(text):
    scope = node_makers("a.py")
    exec(compile(note_lines(ast.parse(text)), "a.py", "exec"), scope)
    return scope


def lines(node):
    return {key: node.origin_of(key).line for key in node}


CALL = """
norm = dict(
    mean=[1, 2],
    std=(
        3, 4))
step = dict(type='N',
    **norm,
    to_rgb=True)
"""


def test_lines_are_exact_when_call():
    scope = run(CALL)
    assert lines(scope["norm"]) == {"mean": 3, "std": 4}
    assert lines(scope["step"]) == {"type": 6, "mean": 3, "std": 4, "to_rgb": 8}
    assert (scope["norm"].origin.line, scope["step"].origin.line) == (2, 6)


def test_lines_are_exact_when_literal():
    node = run("base = {'x': 1}\nnode = {\n  **base,\n  'a':\n    2,\n  3: [\n  4]}")["node"]
    assert lines(node) == {"x": 1, "a": 4, 3: 6}
    assert node == {"x": 1, "a": 2, 3: [4]}


def test_lines_are_exact_when_list():
    items = run("items = [\n 1,\n dict(a=1),\n\n 2]")["items"]
    assert type(items) is ConfigList
    assert [items.origin_of(index).line for index in range(3)] == [2, 3, 5]


def test_values_equal_python_when_unusual():
    text = """
pairs = dict([('en', 1), ('zh', 2)])
over = dict(dict(a=1, b=2), b=3, **{'c': 4})
twice = {'a': 1, 'a': 2, **{'a': 3}}
none = {None: 1, ...: 2}
stars = [*[1, 2], 3]
comps = [dict(n=i) for i in range(2)], {k: 0 for k in 'ab'}
first, [second, *rest] = 1, [2, 3, 4]
"""
    theirs = {}
    exec(text, theirs)
    ours = run(text.replace("...: 2", "'d': 2"))
    names = ("pairs", "over", "twice", "stars", "comps", "first", "second", "rest")
    assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}
    assert ours["none"] == {None: 1, "d": 2}
    assert isinstance(ours["comps"][0][0], ConfigDict)


@pytest.mark.parametrize(
    "text", ["dict(a=1, **dict(a=2))", "dict(**dict(a=1), **dict(a=2))", "dict(**dict(a=1), a=2)"]
)
def test_dict_refuses_when_a_key_repeats(text):
    with pytest.raises(TypeError, match="multiple values for keyword argument 'a'"):
        run(text)


def test_noted_dict_refuses_when_positional_value_is_no_mapping():
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        run("dict(3)")
