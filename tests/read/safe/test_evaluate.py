"""Reading without running: what is read equals what running gives, and nothing gets out."""

from functools import partial

import pytest

from mmlight.errors import ConfigError, ConfigErrors, MMLightError
from mmlight.read.config import Config, read_config
from tests.lazy_configs import write_lazy
from tests.safe_configs import read_audited, to_tree, write_files


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into the working directory and return how to read `main.py` from there."""
    monkeypatch.chdir(tmp_path)
    return partial(write_files, tmp_path)


BASE = """
policies = [dict(type='A', magnitude=(0, 9)), dict(type='B')]
model = dict(type='M', backbone=dict(depth=50, out=(1, 2)), head=dict(topk=(1, 5)))
loader = dict(dataset=dict(pipeline=[dict(type='Load'), dict(type='Crop', scale=224)]))
copied = dict(x=1)
gone = 5
"""
SAME = {
    "literals": """
a = [1, 2.5, 'x', None, True, (1,), {2, 3}, {'k': {}}]
b = -1, +2, ~3, not 0
""",
    "arithmetic": """
a = 8 * 128 / 512 * 5e-4
b = 2 ** 10 - 7 // 2 % 4
c = 1 << 4 | 3 ^ 1 & 6 >> 1
""",
    "comparisons": """
a = 1 < 2 <= 2 != 3
b = 'x' in ['x'] and 3 not in (1, 2)
c = None is None or 5
""",
    "conditions": """
n = 3
a = 'big' if n > 2 else 'small'
if n == 3:
    b = 1
else:
    c = 1
""",
    "formats": """
n = 'x'
a = f'{n}-{1.5:6.2f}-{n!r:>5}-{2:0{3}d}'
b = '%s/%03d %%' % (n, 7)
c = '{}-{k:>4}-{!r}'.format(1, 'y', k=2)
d = '%(a)s %(b).1f' % dict(a=1, b=2)
""",
    "comprehensions": """
a = [dict(i=i) for i in range(3) if i != 1]
b = {k: v for k, v in zip('ab', (1, 2))}
c = {x + y for x in [1, 2] for y in (10, 20)}
d = tuple(x for x in (1, 2))
""",
    "statements": """
m = dict(a=1)
for k in ('x', 'y'):
    m[k] = 2
    pass
m.z = 3
del m['a']
n = [1]
n += [2]
n[0] = 5
m['x'] += 1
a, (b, *c) = 1, (2, 3, 4)
d = e = 7
del d
""",
    "spreads": """
a = dict(x=1)
b = dict(type='T', **a)
c = {**a,
 'y': 2}
d = [*a, *[1, 2]]
e = dict(a, y=1)
""",
    "functions": """
a = len([1]), min(1, 2), max([3, 4]), sum([1, 2], 3), int('4'), float('nan') != 0
b = str(1), bool(0), round(2.567, 1), abs(-1), sorted([2, 1], reverse=True)
c = list(enumerate('ab', start=1)), list(range(0, 9, 3)), list(reversed([1, 2]))
""",
    "methods": """
m = dict(a=1, b=dict(c=2))
a = m.pop('a'), m.get('q', 3), list(m.keys())
m.update(d=4,
  b=dict(e=5))
x = m.copy()
l = [1]
l.append(2)
l.extend([3])
l.insert(0, 0)
s = 'a,b'.split(','), '-'.join(['x', 'y']), ' x '.strip().upper(), 'aXa'.replace('a', 'bb')
m.setdefault('f', 6)
for k, v in sorted(m.items(), key=None):
    pass
""",
    "bases": """
_base_ = 'base.py'
_base_.policies[1].magnitude = 3
a = _base_.model.backbone.depth * 2
model = dict(backbone=dict(out=_base_.model.backbone.out[::-1]), head=dict(_delete_=True, k=1))
b = {{_base_.gone}}
policies = _base_.policies[:1]
_base_.loader.dataset.pipeline.insert(0, dict(type='I'))
_base_.loader.dataset.pipeline += [
  dict(type='J')]
_base_.pop('gone')
""",
    "copies": """
_base_ = 'base.py'
import copy as c
from copy import deepcopy
loader = c.deepcopy(_base_.loader)
loader.dataset.pipeline[1].scale = 300
x = deepcopy([1, (2,)])
""",
    "aliases": """
a = [1]
b = a
b.append(2)
m = dict(x=a)
a.append(3)
""",
    "imports": """
from torch.optim import SGD
import mmdet.models as mm
o = dict(type=SGD, m=mm.x.Y)
""",
    "unread": """
if __name__ == '__main__':
    import os
    os.system('x')
a = 1
""",
    "over lines": """
m = dict(
  a=1,
  b=
    2)
m['c'] = dict(
  d=[
  1,

  2])
m.update(
  e=1)
""",
}


# lazy configs that need what safe reading does not give
REFUSED = {
    "project/mine.py": "refuses 'import math': of the standard library there is only copy.copy and "
    "copy.deepcopy",
    "project/derived.py": "refuses 'import math'",
    "project/deep/nested.py": "refuses 'import math'",
    "project/installed.py": "refuses the base 'shared_configs.bases.runtime': it lies elsewhere",
}


def test_values_and_origins_equal_running_when_lazy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = write_lazy(tmp_path)
    for file in files:
        if file in REFUSED:
            with pytest.raises(MMLightError) as caught:
                Config.fromfile(file, safe=True)
            assert REFUSED[file] in str(caught.value)
        else:
            ours, theirs = Config.fromfile(file, safe=True), Config.fromfile(file)
            assert to_tree(ours.values) == to_tree(theirs.values), file
    assert len(files) - len(REFUSED) >= 8


@pytest.mark.parametrize("name", SAME)
def test_values_and_origins_equal_running_when(write, name):
    read = write(SAME[name], base=BASE)
    assert to_tree(read(safe=True).values) == to_tree(read().values)


def test_values_are_right_when_read_safely(write):
    read = write(
        "_base_ = 'base.py'\nmodel = dict(backbone=dict(depth=_base_.gone * 2))", base=BASE
    )
    assert read(safe=True).model.backbone == {"depth": 10, "out": (1, 2)}


# what is refused, and what the error quotes of it
ESCAPES = {
    "().__class__.__mro__": "().__class__",
    "[].__class__.__base__.__subclasses__()": "[].__class__",
    "''.join.__self__": "attributes of a str",
    "dict.__init__": "'dict' is no value",
    "getattr('', 'upper')": "getattr('', 'upper')",
    "setattr({}, 'a', 1)": "setattr({}, 'a', 1)",
    "vars()": "vars()",
    "globals()['x']": "globals()",
    "type(1)": "type(1)",
    "type('X', (), {})": "type('X', (), {})",
    "object()": "object()",
    "__import__('os').system('x')": "__import__('os')",
    "__builtins__": "'__builtins__' is not assigned",
    "exec('x')": "exec('x')",
    "eval('1')": "eval('1')",
    "open('/etc/passwd')": "open('/etc/passwd')",
    "compile('1', '', 'eval')": "compile(",
    "print(1)": "print(1)",
    "input()": "input()",
    "breakpoint()": "breakpoint()",
    "len": "'len' is no value",
    "[len][0]([])": "calls what is not known",
    "(lambda: 1)()": "calls what is not known",
    "lambda: 1": "of the kind Lambda",
    "(x := 1)": "of the kind NamedExpr",
    "[(yield)]": "of the kind Yield",
    "await x": "of the kind Await",
    "'{0.__class__}'.format(1)": "{0.__class__}",
    "'{0[0]}'.format([1])": "{0[0]}",
    "'{x.a}'.format(x={})": "{x.a}",
    "'{:{0.__class__}}'.format(1)": "{0.__class__}",
    "'{:{:{}}}'.format(1, 2, 3)": "nest too deep",
    "'{x}'.format_map({'x': 1})": "the method 'format_map' of a str",
    "f'{().__class__}'": "().__class__",
    "f'{1:{().__class__}}'": "().__class__",
    "'%(a.b)r' % {}": "KeyError",
    "'%(a(b)c)99999999d' % {}": "'%(a(b)c)9999'",
    "'%*d' % (10**9, 1)": "'%*d'",
    "'a'.encode()": "the method 'encode' of a str",
    "'a'.__add__('b')": "the method '__add__' of a str",
    "dict(a=1).__class__": "__class__",
    "dict(a=1)._origins": "'_origins' is a method",
    "dict(a=1).put('x', 1, 2)": "the method 'put' of a WrittenDict",
    "dict(a=1).__getattr__('a')": "the method '__getattr__'",
    "dict(update=1).update": "'update' is a method",
    "dict(a=1).a()": "the method 'a' of a WrittenDict",
    "dict(f=1)['f']()": "calls what is not known",
    "[x for x.a in [1]]": "sets anything but names",
    "[a async for a in []]": "'async for'",
    "[__name for __name in [1]]": "the name '__name' is taken",
    "b'bytes'": "a literal of the type bytes",
    "1j": "a literal of the type complex",
    "...": "a literal of the type ellipsis",
    "(-8) ** 0.5": "a complex number",
    "1 @ 2": "the operator MatMult",
    "dict(*[[('a', 1)]])": "takes no *arguments",
    "sorted([1], key=len)": "'len' is no value",
    "copy.deepcopy(1)": "the name 'copy' is not assigned",
    "nowhere": "the name 'nowhere' is not assigned",
}
STATEMENTS = {
    "import os": "import os",
    "import os.path as osp": "import os.path as osp",
    "from os import system": "from os import system",
    "from copy import *": "stands outside",
    "import copy\na = copy": "'copy' is no value",
    "import copy\na = copy.error": "'copy' is no value",
    "from torch import cuda\na = cuda.device_count()": "the method 'device_count' of a Imported",
    "from torch import pi\na = pi * 2": "safe reading imports nothing",
    "from torch import pi\na = f'{pi}'": "safe reading imports nothing",
    "from torch import pi\na = 1 if pi else 2": "safe reading imports nothing",
    "from torch import pi\na = [1].count(pi)": "safe reading imports nothing",
    "from torch import pi\na = sorted([1], key=pi)": "safe reading imports nothing",
    "from torch import pi\na = pi.__class__": "__class__",
    "from torch import pi\na = pi._Imported__path": "attributes of a Imported",
    "from torch import pi\npi.x = 1": "attributes of a Imported",
    "def f():\n    pass": "FunctionDef",
    "@print\ndef f(): pass": "FunctionDef",
    "class A: pass": "ClassDef",
    "with open('x') as f: pass": "With",
    "try:\n    a = 1\nexcept: pass": "Try",
    "while True: pass": "While",
    "assert False": "Assert",
    "raise ValueError": "Raise",
    "global a": "Global",
    "a: print(1) = 2": "AnnAssign",
    "for i in [1]:\n    break": "Break",
    "match 1:\n    case _: pass": "Match",
    "async def f(): pass": "AsyncFunctionDef",
    "__name__ = 'x'": "the name '__name__' is taken",
    "__builtins__ = {}": "the name '__builtins__' is taken",
    "a = dict()\na.__class__ = 1": "__class__",
    "a = dict()\na._origins = 1": "'_origins' is no key",
    "a = dict()\na.origin = 1": "'origin' is no key",
    "a = []\na.x = 1": "attributes of a ConfigList",
    "a = (1, 2)\na[0] = 1": "items of a tuple",
    "for a.x in [1]: pass": "sets anything but names",
    "_base_ += ['x.py']": "unsupported operand",
    "for _base_ in []: pass\nfor _base_ in [1]: pass": "the name '_base_' is taken",
    "a = _base_.__class__": "__class__",
    "a = __imported__('os', 1)": "calls what is not known",
    "del __name__": "the name '__name__'",
}


@pytest.mark.parametrize("text", [*(f"a = {text}" for text in ESCAPES), *STATEMENTS])
def test_error_quotes_it_and_nothing_runs_when_refused(write, text):
    quoted = {**{f"a = {text}": quote for text, quote in ESCAPES.items()}, **STATEMENTS}[text]
    error = read_audited(write(text))
    assert isinstance(error, ConfigError), error
    assert quoted in f"{error.path}: {error.problem}"
    assert error.origin.startswith("main.py:")
    assert error.next_step


def test_error_tells_all_when_refused(write):
    error = read_audited(write("a = 1\nb = dict(\n  c=open('x'))"))
    assert str(error) == (
        "main.py: safe reading refuses \"open('x')\": it calls what is not known to be harmless.\n"
        "  set in:   main.py:3\n"
        "  expected: literals, dicts, lists, tuples, sets, dict(...), arithmetic, comparisons, "
        "conditions, names assigned before, items, keys as attributes, formatted text, "
        "comprehensions, and pure functions and methods such as len() and .copy()\n"
        "  next:     Write it with these, or read the config without --safe if you trust it."
    )


def test_errors_are_told_together_when_several(write):
    text = "import os\na = os.getcwd()\nb = a + 1\ndef f(): pass\nc = f()\nd = open('x')\ne = 1"
    error = read_audited(write(text))
    assert isinstance(error, ConfigErrors)
    assert [each.origin for each in error.errors] == ["main.py:1", "main.py:4", "main.py:6"]


def test_error_is_told_when_the_config_is_wrong(write):
    error = read_audited(write("a = dict(b=1)\nc = a.d\ne = [1][\n  2]\nf = 1 / 0"))
    assert [(each.problem, each.origin) for each in error.errors] == [
        ("AttributeError at 'a.d': no key 'd' among ['b']", "main.py:2"),
        ("IndexError at '[1][ 2]': list index out of range", "main.py:3"),
        ("ZeroDivisionError at '1 / 0': division by zero", "main.py:5"),
    ]


def test_read_config_reads_safely_when_asked(write):
    write("a = open('x')")
    with pytest.raises(ConfigError, match="open"):
        read_config("main.py", safe=True)
