import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.read.safe.format import format_percent, format_text, format_value
from mmlight.read.safe.limits import Budget, NotSafe

VALUES = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5), st.booleans(), st.none()
)
SPECS = st.from_regex(
    r"(.?[<>=^])?[-+ ]?#?0?[0-9]{0,2}[_,]?(\.[0-9])?[bcdeEfFgGosxX%]?", fullmatch=True
)
FIELDS = st.sampled_from(
    ["{}", "{0}", "{1!r}", "{k}", "{k:>5}", "{{", "}}", "{:^7}", "{:{w}}", "x"]
)
PERCENTS = st.sampled_from(
    ["%s", "%r", "%5d", "%-6.2f", "%%", "%x", "%+i", "%c", "%a", "y", "%05.1e"]
)


def outcome(function, *args, **words):
    try:
        return function(*args, **words)
    except Exception as error:
        return type(error)


@given(VALUES, SPECS, st.sampled_from([None, "r", "s", "a"]))
def test_value_is_as_in_python_when_spec(value, spec, conversion):
    converted = {None: lambda v: v, "r": repr, "s": str, "a": ascii}[conversion](value)
    assert outcome(format_value, Budget(), value, conversion, spec) == outcome(
        format, converted, spec
    )


@given(st.lists(FIELDS, max_size=4).map("".join), st.lists(VALUES, max_size=3), VALUES)
def test_text_is_as_in_python_when_fields(text, args, k):
    ours = outcome(format_text, Budget(), text, *args, k=k, w=4)
    theirs = outcome(text.format, *args, k=k, w=4)
    mixes = ours != theirs and theirs is ValueError  # numbered and unnumbered fields in one text
    assert ours == theirs or mixes


@given(
    st.lists(PERCENTS, max_size=4).map("".join), st.lists(VALUES, max_size=4).map(tuple) | VALUES
)
def test_percent_is_as_in_python_when_values(text, values):
    theirs = outcome(lambda: text % values)
    assert outcome(format_percent, Budget(), text, values) == theirs


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("%(a)s-%(b)03d", {"a": 1, "b": 2}),
        ("%s", {"a": 1}),
        ("x", {"a": 1}),
        ("x", [1]),
        ("%s", [1, 2]),
        ("%(a)s", ("x",)),
        ("%(q)s", {"a": 1}),
        ("%s %s", ("x",)),
        ("%s", ("x", "y")),
        ("%d", "x"),
        ("100%%", ()),
    ],
)
def test_percent_is_as_in_python_when_mappings(text, values):
    assert outcome(format_percent, Budget(), text, values) == outcome(lambda: text % values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{0.real}", r"the format field \{0.real\} reaches into a value"),
        ("{0[a]}", r"the format field \{0\[a\]\} reaches into a value"),
        ("{0:1001}", "the width 1001 is over the limit of 1000"),
        ("{0:.1001f}", "the precision 1001 is over the limit of 1000"),
        ("{0:%Y}", "the format '%Y' is not known"),
    ],
)
def test_text_is_refused_when_unsafe(text, told):
    with pytest.raises(NotSafe, match=told):
        format_text(Budget(), text, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("%1001d", "the width 1001"),
        ("%.1001f", "the precision 1001"),
        ("%*d", r"the format '%\*d' is not known"),
        ("%(a(b))s", r"the format '%\(a\(b\)\)s' is not known"),
        ("%y", "the format '%y' is not known"),
    ],
)
def test_percent_is_refused_when_unsafe(text, told):
    with pytest.raises(NotSafe, match=told):
        format_percent(Budget(), text, (1,))


def test_formats_cost_what_they_make_when_large():
    with pytest.raises(NotSafe, match="the limit of 500 steps"):
        format_text(Budget(500), "{0}" * 50, "x" * 10)
    with pytest.raises(NotSafe, match="the limit of 500 steps"):
        format_percent(Budget(500), "%(a)s" * 50, {"a": "x" * 10})
