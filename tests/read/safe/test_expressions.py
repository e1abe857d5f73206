import ast

import pytest

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict
from mmlight.read.safe import loops as loops
from mmlight.read.safe.expressions import check_attribute
from mmlight.read.safe.limits import Budget, NotSafe
from mmlight.read.safe.reader import READERS, Reader

EXPRESSIONS = r"""
[1, *[2, 3]]
(1, *'ab')
{1, *[2]}
{'a': 1, **{'b': 2}}
dict([('a', 1)], b=2)
1 < 2 < 3
1 < 2 > 5
0 or [] or 'x' or 1 / 0
1 and '' and 1 / 0
not 1
-2 ** 2
1 if [] else 2
'abc'[1]
'abc'[::-1]
[1, 2, 3][1:]
{'a': [5]}['a'][0]
(1, 2)[-1]
f'{1 + 1:>4}{"x"!r}'
len('abc') + max(1, 2)
zip(*[[1, 2], [3, 4]])
int('7', base=8)
'{}{a}'.format(1, **{'a': 2})
range(3)
''.join(str(i) for i in range(3))
1_000 + 0x10 + 1e3
'a' 'b'
True + None if 0 else 1
"""


def read(text, **names):
    reader = Reader("a.py", text, names, Budget())
    return reader.value_of(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("text", EXPRESSIONS.strip().splitlines())
def test_value_is_as_in_python_when(text):
    theirs = eval(text)
    assert read(text) == (list(theirs) if isinstance(theirs, zip) else theirs)


def test_every_kind_of_expression_is_known_when_listed():
    refused = {"NamedExpr", "Lambda", "Await", "Yield", "YieldFrom", "Starred", "Slice"}
    newer = {"TemplateStr", "Interpolation"}
    old = {"Num", "Str", "Bytes", "NameConstant", "Ellipsis"}
    kinds = {kind.__name__ for kind in ast.expr.__subclasses__()} - newer - old
    assert kinds - {kind.__name__ for kind in READERS} == refused


@pytest.mark.parametrize("owner", [1, "x", [], (), {}, {1}, range(1), None, len, ast])
def test_attribute_is_refused_when_no_config_dict(owner):
    with pytest.raises(NotSafe, match=f"attributes of a {type(owner).__name__} are not read"):
        check_attribute(owner, "x")


def test_attribute_is_refused_when_the_class_is_derived():
    class Derived(ConfigDict):
        pass

    with pytest.raises(NotSafe, match="attributes of a Derived"):
        check_attribute(Derived(x=1), "x")


def test_name_is_no_function_when_assigned():
    with pytest.raises(ConfigError, match="safe reading refuses 'len"):
        read("len([1])", len=3)
    assert read("len + 1", len=3) == 4


def test_words_are_refused_when_repeated():
    with pytest.raises(ConfigError, match="multiple values for keyword argument 'x'"):
        read("'{x}'.format(x=1, **{'x': 2})")
