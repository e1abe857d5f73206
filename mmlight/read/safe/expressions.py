"""Evaluates the expressions of a config over their syntax tree, running nothing of the config.

Every value is one of: None, bool, int, float, str, dict, list, tuple, set, range, and things that
are imported by name but never in fact. No expression can name a function, a module or a method as a
value, and attributes are keys of config dicts and nothing else, so there is nothing to escape
through.

To read another kind of expression: write a function here under `@reads(ast.Kind)`; it evaluates
parts by `reader.value_of` and pays, by `reader.budget`, for what grows faster than the text.
"""

import ast
from typing import Any, Final

from mmlight.read.imported import Imported
from mmlight.read.node import ConfigDict
from mmlight.read.note_lines import (
    SPREAD,
    dict_entries,
    has_named_entries,
    list_items,
    noted_dict,
    noted_list,
)
from mmlight.read.origin import reading_line
from mmlight.read.safe.calls import FUNCTIONS, IMPORTED, call_function, call_method
from mmlight.read.safe.format import format_value
from mmlight.read.safe.limits import SCALARS, NotSafe, check_scalar
from mmlight.read.safe.operators import UNARY, compare, operate
from mmlight.read.safe.reader import FollowUp, Reader, reads
from mmlight.read.written import WrittenDict

CONFIG_DICTS: Final = (ConfigDict, WrittenDict)

# ------------------------------------------------------------------ literals and names


@reads(ast.Constant)
def _constant(_reader: Reader, node: ast.Constant) -> Any:
    if type(node.value) not in SCALARS:
        raise NotSafe(f"a literal of the type {type(node.value).__name__} is not read")
    return check_scalar(node.value)


@reads(ast.Name)
def _name(reader: Reader, node: ast.Name) -> Any:
    names = reader.find_names(node.id)
    if names is not None:
        if isinstance(names[node.id], FollowUp):
            raise FollowUp
        return names[node.id]
    if node.id in FUNCTIONS or node.id in reader.imported or node.id == "dict":
        raise NotSafe(f"{node.id!r} is no value")
    raise NotSafe(f"the name {node.id!r} is not assigned before")


@reads(ast.JoinedStr)
def _joined_text(reader: Reader, node: ast.JoinedStr) -> str:
    text = "".join(reader.value_of(part) for part in node.values)
    reader.budget.spend(len(text))
    return text


@reads(ast.FormattedValue)
def _formatted(reader: Reader, node: ast.FormattedValue) -> str:
    value = reader.value_of(node.value)
    spec = reader.value_of(node.format_spec) if node.format_spec else ""
    conversion = chr(node.conversion) if node.conversion > 0 else None
    return format_value(reader.budget, value, conversion, spec)


# ------------------------------------------------------------------ dicts, lists and kin


@reads(ast.Dict)
def _dict(reader: Reader, node: ast.Dict | ast.Call) -> ConfigDict:
    entries, free = dict_entries(node)
    rows = []
    for key, value, line in entries:
        spread = key is SPREAD
        made_key = ... if spread else reader.key_of(key)
        made = reader.key_of(value) if spread else reader.value_of(value)
        if spread and not isinstance(made, dict):
            reader.budget.spend_on_keys(made)
        rows.append((made_key, made, line))
    reader.budget.spend_on_keys([key for key, _, _ in rows if key is not ...])
    return noted_dict(reader.file, node.lineno, free, *rows)


@reads(ast.List)
def _list(reader: Reader, node: ast.List) -> list[Any]:
    rows = []
    for star, item, line in list_items(node):
        rows.append((star, reader.key_of(item) if star else reader.value_of(item), line))
    return noted_list(reader.file, *rows)


@reads(ast.Tuple)
def _tuple(reader: Reader, node: ast.Tuple) -> tuple[Any, ...]:
    return tuple(_items(reader, node.elts))


@reads(ast.Set)
def _set(reader: Reader, node: ast.Set) -> set[Any]:
    items = _items(reader, node.elts)
    reader.budget.spend_on(items)
    reader.budget.spend_on_keys(items)
    return set(items)


def _items(reader: Reader, nodes: list[ast.expr]) -> list[Any]:
    """Evaluate the items of a display or the arguments of a call, `*items` included."""
    items: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            items.extend(reader.walk(reader.value_of(node.value)))
        else:
            items.append(reader.value_of(node))
    return items


# ------------------------------------------------------------------ operators


@reads(ast.BinOp)
def _binary(reader: Reader, node: ast.BinOp) -> Any:
    left = reader.value_of(node.left)
    return operate(reader.budget, type(node.op), left, reader.value_of(node.right))


@reads(ast.UnaryOp)
def _unary(reader: Reader, node: ast.UnaryOp) -> Any:
    return UNARY[type(node.op)](reader.value_of(node.operand))


@reads(ast.BoolOp)
def _boolean(reader: Reader, node: ast.BoolOp) -> Any:
    ends_with = isinstance(node.op, ast.Or)
    value = None
    for part in node.values:
        value = reader.value_of(part)
        if bool(value) is ends_with:
            break
    return value


@reads(ast.Compare)
def _compare(reader: Reader, node: ast.Compare) -> Any:
    left = reader.value_of(node.left)
    outcome: Any = True
    for kind, part in zip(node.ops, node.comparators, strict=True):
        right = reader.value_of(part)
        outcome = compare(reader.budget, type(kind), left, right)
        if not outcome:
            break
        left = right
    return outcome


@reads(ast.IfExp)
def _condition(reader: Reader, node: ast.IfExp) -> Any:
    return reader.value_of(node.body if reader.value_of(node.test) else node.orelse)


# ------------------------------------------------------------------ items and attributes


@reads(ast.Subscript)
def _subscript(reader: Reader, node: ast.Subscript) -> Any:
    owner = reader.value_of(node.value)
    index = index_of(reader, node)
    if isinstance(index, slice):
        reader.budget.spend(len(owner))
    return owner[index]


def index_of(reader: Reader, node: ast.Subscript) -> Any:
    """Evaluate the index, key or slice of a subscript."""
    if not isinstance(node.slice, ast.Slice):
        return reader.key_of(node.slice)
    ends = (node.slice.lower, node.slice.upper, node.slice.step)
    return slice(*(None if end is None else reader.value_of(end) for end in ends))


@reads(ast.Attribute)
def _attribute(reader: Reader, node: ast.Attribute) -> Any:
    owner = reader.value_of(node.value)
    if type(owner) is Imported and not node.attr.startswith("_"):
        return owner.__getattr__(node.attr)
    check_attribute(owner, node.attr)
    if hasattr(WrittenDict, node.attr):
        raise NotSafe(f"{node.attr!r} is a method of a dict, so it is no key here")
    return owner.__getattr__(node.attr)


def check_attribute(owner: Any, name: str) -> None:
    """Refuse attributes of anything but config dicts.

    Raises:
        NotSafe: If the owner is something else, or the name belongs to Python.
    """
    if name.startswith("__"):
        raise NotSafe(f"the attribute {name!r} belongs to Python")
    if type(owner) not in CONFIG_DICTS:
        raise NotSafe(f"attributes of a {type(owner).__name__} are not read")


# ------------------------------------------------------------------ calls


@reads(ast.Call)
def _call(reader: Reader, node: ast.Call) -> Any:
    name = _function_name(reader, node.func)
    if name == "dict":
        if any(isinstance(arg, ast.Starred) for arg in node.args):
            raise NotSafe("dict() takes no *arguments")
        return _dict(reader, node)
    if name in FUNCTIONS or name in IMPORTED:
        return call_function(reader.budget, name, _items(reader, node.args), _words(reader, node))
    if isinstance(node.func, ast.Name) and reader.find_names(node.func.id) is not None:
        reader.value_of(node.func)  # tells if the name is known to have failed
    if not isinstance(node.func, ast.Attribute):
        raise NotSafe("it calls what is not known to be harmless")
    owner = reader.value_of(node.func.value)
    if has_named_entries(node):
        args, words = [_dict(reader, node)], {}
    else:
        args, words = _items(reader, node.args), _words(reader, node)
    with reading_line(reader.origin(node)):
        return call_method(reader.budget, owner, node.func.attr, args, words)


def _function_name(reader: Reader, node: ast.expr) -> str:
    """Return the name of a built-in or an imported function, `copy.deepcopy`; else nothing."""
    owner = node.value if isinstance(node, ast.Attribute) else node
    if not isinstance(owner, ast.Name) or reader.find_names(owner.id) is not None:
        return ""
    if isinstance(node, ast.Attribute):
        return f"{reader.imported.get(owner.id)}.{node.attr}"
    return reader.imported.get(owner.id, owner.id)


def _words(reader: Reader, node: ast.Call) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for word in node.keywords:
        value = reader.key_of(word.value)
        for key, item in [(word.arg, value)] if word.arg else dict(value).items():
            if key in words:
                raise TypeError(f"got multiple values for keyword argument {key!r}")
            words[key] = item
    return words
