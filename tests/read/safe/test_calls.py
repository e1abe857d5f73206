import pytest

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.read.safe.calls import FUNCTIONS, IMPORTED, METHODS, call_function, call_method
from mmlight.read.safe.limits import Budget, NotSafe


@pytest.mark.parametrize(
    ("name", "args", "words", "result"),
    [
        ("len", [[1]], {}, 1),
        ("zip", ["ab", [1, 2]], {"strict": True}, [("a", 1), ("b", 2)]),
        ("enumerate", ["a"], {"start": 3}, [(3, "a")]),
        ("reversed", [[1, 2]], {}, [2, 1]),
        ("sum", [[[1], [2]], []], {}, [1, 2]),
        ("round", [2.55, 1], {}, 2.5),
        ("round", [2.5], {}, 2),
        ("sorted", [[1, 3, 2]], {"reverse": True}, [3, 2, 1]),
        ("copy.deepcopy", [[1, (2,)]], {}, [1, (2,)]),
    ],
)
def test_function_gives_when_called(name, args, words, result):
    assert call_function(Budget(), name, args, words) == result


def test_functions_are_harmless_when_listed():
    assert set(FUNCTIONS) == {
        *("abs", "all", "any", "bool", "enumerate", "float", "int", "len", "list", "max", "min"),
        *("range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip"),
    }
    assert set(IMPORTED) == {"copy.copy", "copy.deepcopy"}


def test_methods_are_harmless_when_listed():
    assert not [name for methods in METHODS.values() for name in methods if name.startswith("_")]
    assert not {"format_map", "encode", "translate", "put", "center"} & {
        name for methods in METHODS.values() for name in methods
    }


@pytest.mark.parametrize(
    ("owner", "name", "args", "result"),
    [
        (ConfigDict(a=1), "pop", ["a"], 1),
        ({"a": 1}, "items", [], [("a", 1)]),
        (ConfigList([1]), "copy", [], [1]),
        ((1, 1), "count", [1], 2),
        ("a-b", "replace", ["-", "+"], "a+b"),
        (",", "join", [["a", "b"]], "a,b"),
        ("{budget}{text}", "format", [], "12"),
    ],
)
def test_method_gives_when_called(owner, name, args, result):
    words = {"budget": 1, "text": 2} if name == "format" else {}
    assert call_method(Budget(), owner, name, args, words) == result


def test_text_cannot_be_summed_when_python_refuses():
    with pytest.raises(TypeError, match="strings"):
        call_function(Budget(), "sum", [["a"], ""], {})


@pytest.mark.parametrize(
    ("owner", "name"),
    [(1, "bit_length"), (1.5, "hex"), (None, "x"), ("", "encode"), (range(1), "count")],
)
def test_method_is_refused_when_not_listed(owner, name):
    with pytest.raises(
        NotSafe, match=f"the method '{name}' of a {type(owner).__name__} is not read"
    ):
        call_method(Budget(), owner, name, [], {})


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("range", [10**12]),
        ("range", [0, -(10**12), -1]),
        ("list", [[0] * 999]),
        ("round", [1, 10**4]),
    ],
)
def test_function_is_refused_when_over_a_limit(name, args):
    with pytest.raises(NotSafe, match="limit of"):
        call_function(Budget(500), name, args, {})


@pytest.mark.parametrize(
    ("owner", "name", "args"),
    [
        ("x" * 99, "join", [["y"] * 99]),
        ("x" * 99, "replace", ["x", "y" * 99]),
        (["x" * 600], "copy", []),
    ],
)
def test_method_is_refused_when_over_a_limit(owner, name, args):
    with pytest.raises(NotSafe, match="the limit of 500 steps"):
        call_method(Budget(500), owner, name, args, {})


@pytest.mark.parametrize(
    ("name", "args", "steps"),
    [("insert", [0, 1], 100 + 3), ("pop", [0], 100 + 2), ("index", [0], 6400 + 1 + 2)],
)
def test_method_costs_what_it_walks_over_when_the_list_is_long(name, args, steps):
    budget = Budget()
    call_method(budget, [None] * 6399 + [0], name, args, {})
    assert budget.steps - budget.left >= steps
