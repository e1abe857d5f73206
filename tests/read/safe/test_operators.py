import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.read.safe.limits import Budget, NotSafe
from mmlight.read.safe.operators import COMPARISONS, OPERATORS, UNARY, compare, operate

VALUES = st.one_of(
    st.integers(-50, 50), st.floats(-5, 5), st.text(alphabet="ab", max_size=3), st.booleans()
) | st.lists(st.integers(0, 3), max_size=3)
SIGNS = {
    **dict(
        zip(
            OPERATORS, ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "&", "^"], strict=True
        )
    ),
    **dict(
        zip(
            COMPARISONS,
            ["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"],
            strict=True,
        )
    ),
}


def outcome(function):
    try:
        return function()
    except NotSafe:
        return NotSafe
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("kind", OPERATORS)
@given(left=VALUES, right=VALUES)
def test_result_is_as_in_python_when_small(kind, left, right):
    theirs = outcome(lambda: eval(f"l {SIGNS[kind]} r", {"l": left, "r": right}))
    ours = outcome(lambda: operate(Budget(), kind, left, right))
    assert ours is NotSafe if type(theirs) is complex else repr(ours) == repr(theirs)


@pytest.mark.parametrize("kind", COMPARISONS)
@given(left=VALUES, right=VALUES)
def test_comparison_is_as_in_python_when_small(kind, left, right):
    theirs = outcome(lambda: eval(f"l {SIGNS[kind]} r", {"l": left, "r": right}))
    assert outcome(lambda: compare(Budget(), kind, left, right)) == theirs


def test_list_stays_the_same_when_in_place():
    items = [1]
    assert operate(Budget(), ast.Add, items, [2], in_place=True) is items
    assert operate(Budget(), ast.Add, items, [3]) is not items
    assert items == [1, 2]


@pytest.mark.parametrize(("kind", "result"), [*zip(UNARY, (3, -3, False, -4), strict=True)])
def test_unary_is_as_in_python_when_small(kind, result):
    assert UNARY[kind](3) == result


@pytest.mark.parametrize(
    ("kind", "left", "right", "told"),
    [
        (ast.Pow, 2, 5000, "4096 bits"),
        (ast.Pow, -2, 5000, "4096 bits"),
        (ast.LShift, 1, 5000, "4096 bits"),
        (ast.Mult, 2**3000, 2**3000, "4096 bits"),
        (ast.Mult, "ab", 51, "the limit of 100 steps"),
        (ast.Mult, 51, [1, 2], "the limit of 100 steps"),
        (ast.Add, [0] * 51, [0] * 51, "the limit of 100 steps"),
        (ast.BitOr, {"x": "y" * 99}, {}, "the limit of 100 steps"),
        (ast.MatMult, 1, 2, "the operator MatMult is not read"),
        (ast.Pow, -8, 0.5, "a complex number"),
    ],
)
def test_operator_is_refused_when_over_a_limit(kind, left, right, told):
    with pytest.raises(NotSafe, match=told):
        operate(Budget(100), kind, left, right)
