"""Evaluates comprehensions, and gives names to the items of loops and unpacked values.

Generators are evaluated at once: they give lists.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from mmlight.read.safe.limits import NotSafe
from mmlight.read.safe.reader import Reader, reads


@reads(ast.ListComp, ast.SetComp, ast.GeneratorExp)
def _comprehension(reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Any:
    value_of = reader.key_of if isinstance(node, ast.SetComp) else reader.value_of
    items = list(_loops(reader, node.generators, lambda: value_of(node.elt)))
    if not isinstance(node, ast.SetComp):
        return items
    reader.budget.spend_on_keys(items)
    return set(items)


@reads(ast.DictComp)
def _dict_comprehension(reader: Reader, node: ast.DictComp) -> dict[Any, Any]:
    def make() -> tuple[Any, Any]:
        return reader.key_of(node.key), reader.value_of(node.value)

    pairs = list(_loops(reader, node.generators, make))
    reader.budget.spend_on_keys([key for key, _ in pairs])
    return dict(pairs)


def _loops(
    reader: Reader, loops: list[ast.comprehension], make: Callable[[], Any]
) -> Iterator[Any]:
    """Yield what `make` returns in each round of nested loops."""
    if any(loop.is_async for loop in loops):
        raise NotSafe("'async for' is not read")
    first = reader.value_of(loops[0].iter)
    reader.inner.append({})
    try:
        yield from _rounds(reader, loops, first, make)
    finally:
        reader.inner.pop()


def _rounds(
    reader: Reader, loops: list[ast.comprehension], items: Any, make: Callable[[], Any]
) -> Iterator[Any]:
    for item in reader.walk(items):
        bind(reader, loops[0].target, item, reader.inner[-1])
        if not all(reader.value_of(test) for test in loops[0].ifs):
            continue
        if len(loops) == 1:
            yield make()
        else:
            yield from _rounds(reader, loops[1:], reader.value_of(loops[1].iter), make)


def bind(reader: Reader, target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    """Give the names of a loop to a value, or to the items of it."""
    if isinstance(target, ast.Name):
        reader.bind(target.id, value, names)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for inner, item in unpack(reader, target.elts, value):
            bind(reader, inner, item, names)
    else:
        raise NotSafe("a loop that sets anything but names is not read")


def unpack(reader: Reader, targets: list[ast.expr], value: Any) -> list[tuple[ast.expr, Any]]:
    """Return each target, without its star, with its item or items."""
    items = list(reader.walk(value))
    stars = [index for index, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if stars:
        start = stars[0]
        end = len(items) - (len(targets) - 1 - start)
        if end >= start:
            items[start:end] = [items[start:end]]
    if len(items) != len(targets):
        raise ValueError(f"{len(items)} items for {len(targets)} names")
    bare = [target.value if isinstance(target, ast.Starred) else target for target in targets]
    return list(zip(bare, items, strict=True))
