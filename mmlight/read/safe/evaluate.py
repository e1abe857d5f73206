"""Reads a Python config without running it: an evaluator over its syntax tree.

What is read: literals, dicts, lists, tuples, sets, `dict(...)`, arithmetic, comparisons,
conditions, names, items, keys as attributes, f-strings, `%` and `.format`, comprehensions, `for`
and `if`, assignments into config dicts and lists, `del`, `_base_` variables, and a list of pure
functions and methods (`mmlight.read.safe.calls`). Imports are noted and never made, as in lazy
configs; of the standard library, `copy.copy` and `copy.deepcopy` alone are there. Everything else
is refused with its line, and so is what takes more time, memory or depth than
`mmlight.read.safe.limits` grants.

A config that is read safely depends on nothing but itself and its bases, so that reading a
stranger's config tells the stranger nothing:

- bases lie in the same tree of configs (the nearest folder upwards that has a `_base_` folder, else
  the config's own folder; links are followed first), or in the configs of an OpenMMLab package;
- environment variables are refused; `{{ fileDirname }}` and its kin are filled, for mm's configs
  name their work folders by them;
- `custom_imports`, which would import modules later, is refused.

The values and the origins are those of `mmlight.read.text`, which runs the config. Differences:
`zip`, `enumerate`, `reversed`, `.items()` and their kin give lists, and generators are lists.

This is about reading alone. A `type` such as `subprocess.Popen` is a text here; translation refuses
it when it is told that the config was read safely (`mmlight.translate.translate.try_translate`).

From: nothing; the originals run every config.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final

from mmlight.errors import ConfigError, MMLightError, raise_all
from mmlight.read.imported import Imported
from mmlight.read.lazy import PutOff
from mmlight.read.node import ConfigList, Origin
from mmlight.read.origin import reading_line
from mmlight.read.safe.calls import IMPORTED
from mmlight.read.safe.expressions import CONFIG_DICTS, check_attribute, index_of
from mmlight.read.safe.limits import CHEAP, Budget, NotSafe
from mmlight.read.safe.loops import bind, unpack
from mmlight.read.safe.operators import operate
from mmlight.read.safe.reader import TRUST, FollowUp, Reader

MAX_PROBLEMS: Final = 20
_MODULES: Final = {path.partition(".")[0] for path in IMPORTED}
_NO_KEYS: Final = {"_origins", "origin"}


def evaluate_python(
    tree: ast.Module, source: str, file: str, names: Mapping[str, Any], budget: Budget
) -> dict[str, Any]:
    """Evaluate a config and return every name that it binds, and those it was given.

    Args:
        tree: The config, from `mmlight.read.text.parse_tree`.
        source: Its text.
        file: Path that origins and errors name.
        names: Names that it finds there: those it imports from its bases, and `_base_`.
        budget: Pays for every step.

    Raises:
        MMLightError: If a statement cannot be read; the first `MAX_PROBLEMS` of them are told.

    Examples:
        >>> text = "a = [1] * 2"
        >>> evaluate_python(ast.parse(text), text, "a.py", {}, Budget())
        {'a': [1, 1]}
    """
    reader = Reader(file, source, {"__name__": "__config__", "__file__": file, **names}, budget)
    problems: list[MMLightError] = []
    for node in tree.body:
        try:
            _read(reader, node)
        except FollowUp:
            _give_up(reader, node)
        except MMLightError as error:
            problems.append(error)
            _give_up(reader, node)
        if budget.left < 0 or len(problems) == MAX_PROBLEMS:
            break
    raise_all(problems)
    found = {name: value for name, value in reader.names.items() if not name.startswith("__")}
    for name, value in found.items():
        _check_size(reader, name, value)
    return found


def _give_up(reader: Reader, node: ast.stmt) -> None:
    """Let what reads the names of a failed statement fail silently."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            reader.names[part.id] = FollowUp()
        elif isinstance(part, ast.alias):
            reader.names[part.asname or part.name.partition(".")[0]] = FollowUp()
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            reader.names[part.name] = FollowUp()


def _check_size(reader: Reader, name: str, value: Any) -> None:
    """Refuse values whose shared parts would take too much once they are copied apart."""
    try:
        reader.budget.spend_on(value)
    except NotSafe as error:
        raise ConfigError(
            name,
            f"safe reading refuses the value of {name!r}: {error}",
            origin=reader.file,
            next_step=TRUST,
        ) from error


# ------------------------------------------------------------------ statements


def _read(reader: Reader, node: ast.stmt) -> None:
    try:
        reader.budget.spend(1)
        if type(node) not in _STATEMENTS:
            raise NotSafe(f"a statement of the kind {type(node).__name__} is not read")
        _STATEMENTS[type(node)](reader, node)
    except (MMLightError, FollowUp):
        raise
    except Exception as error:
        raise reader.problem(node, error) from error


def _assign(reader: Reader, node: ast.Assign) -> None:
    value = reader.value_of(node.value)
    for target in node.targets:
        _store(reader, target, value)


def _store(reader: Reader, target: ast.expr, value: Any) -> None:
    if isinstance(target, ast.Name):
        reader.bind(target.id, value, reader.names)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for inner, item in unpack(reader, target.elts, value):
            _store(reader, inner, item)
    else:
        owner, key = _place(reader, target)
        reader.budget.spend_on(value)
        with reading_line(reader.origin(target)):
            owner[key] = value


def _place(reader: Reader, target: ast.expr) -> tuple[Any, Any]:
    """Return the container and the key of an item, or of a key that is written as attribute."""
    if isinstance(target, ast.Subscript):
        owner = reader.value_of(target.value)
        if type(owner) not in (*CONFIG_DICTS, ConfigList, dict, list):
            raise NotSafe(f"items of a {type(owner).__name__} are not set")
        key = index_of(reader, target)
        reader.budget.spend(len(owner) if isinstance(key, slice) else len(owner) // CHEAP)
        return owner, key
    if isinstance(target, ast.Attribute):
        owner = reader.value_of(target.value)
        check_attribute(owner, target.attr)
        if target.attr in _NO_KEYS:
            raise NotSafe(f"{target.attr!r} is no key here")
        reader.budget.spend(len(owner) // CHEAP)
        return owner, target.attr
    raise NotSafe(f"a target of the kind {type(target).__name__} is not read")


def _augment(reader: Reader, node: ast.AugAssign) -> None:
    names = reader.names
    if isinstance(node.target, ast.Name):
        owner, key = names, node.target.id
        load = ast.copy_location(ast.Name(key, ast.Load()), node.target)
        old = reader.value_of(load)
    else:
        owner, key = _place(reader, node.target)
        old = owner[key]
    added = reader.value_of(node.value)
    with reading_line(reader.origin(node)):
        value = operate(reader.budget, type(node.op), old, added, in_place=True)
    if owner is names:
        reader.bind(key, value, names)
        return
    reader.budget.spend_on(value)
    with reading_line(reader.origin(node.target)):
        owner[key] = value


def _delete(reader: Reader, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            if target.id.startswith("__") or target.id not in reader.names:
                raise NotSafe(f"the name {target.id!r} is not assigned before")
            del reader.names[target.id]
        else:
            owner, key = _place(reader, target)
            del owner[key]


def _expression(reader: Reader, node: ast.Expr) -> None:
    reader.value_of(node.value)


def _if(reader: Reader, node: ast.If) -> None:
    for inner in node.body if reader.value_of(node.test) else node.orelse:
        _read(reader, inner)


def _for(reader: Reader, node: ast.For) -> None:
    for item in reader.walk(reader.value_of(node.iter)):
        bind(reader, node.target, item, reader.names)
        for inner in node.body:
            _read(reader, inner)
    for inner in node.orelse:
        _read(reader, inner)


def _put_off(reader: Reader, node: PutOff) -> None:
    """Note an import of a foreign module: what it gives is known by its path alone."""
    path, line = [argument.value for argument in node.value.args]  # type: ignore[attr-defined]
    imported = Imported(path, Origin(reader.file, line), sealed=True)
    reader.bind(node.targets[0].id, imported, reader.names)  # type: ignore[attr-defined]


def _import(reader: Reader, node: ast.Import | ast.ImportFrom) -> None:
    """Note an import from the standard library, of which there is next to nothing."""
    start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        path = f"{start}{alias.name}"
        if path not in IMPORTED and (start or path not in _MODULES):
            raise NotSafe(f"of the standard library there is only {' and '.join(IMPORTED)}")
        name = alias.asname or alias.name
        reader.names.pop(name, None)
        reader.imported[name] = path


def _pass(_reader: Reader, _node: ast.Pass) -> None:
    """Do nothing."""


_STATEMENTS: Final[dict[type[ast.stmt], Callable[[Reader, Any], None]]] = {
    ast.Assign: _assign,
    PutOff: _put_off,
    ast.AugAssign: _augment,
    ast.Delete: _delete,
    ast.Expr: _expression,
    ast.If: _if,
    ast.For: _for,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Pass: _pass,
}
