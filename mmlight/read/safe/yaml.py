"""Bounds what YAML text may unfold to, before it is composed.

Aliases multiply, and the composer, which is C, crashes where values nest very deep.
"""

from typing import Any, Final

import yaml

from mmlight.read.safe.limits import MAX_DEPTH

MAX_NODES: Final = 100_000
"""Values of one YAML file, those that aliases repeat counted as often as they do."""


def check_yaml(text: str, loader: Any) -> None:
    r"""Refuse text that nests too deep, or whose aliases unfold to too much.

    Args:
        text: The text.
        loader: The class that will load it.

    Raises:
        yaml.YAMLError: If it does so, or is no YAML.

    Examples:
        >>> check_yaml("a: &a [1, 2]\nb: [*a, *a]", yaml.SafeLoader)
    """
    named: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]  # anchor and nodes of each
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            _add(open_nodes, named.get(str(event.anchor), 0), event)
        elif isinstance(event, yaml.ScalarEvent):
            _add(open_nodes, 1, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
            if len(open_nodes) > MAX_DEPTH:
                raise _problem(f"it nests deeper than the limit of {MAX_DEPTH} levels", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, nodes = open_nodes.pop()
            if anchor is not None:
                named[anchor] = nodes
            _add(open_nodes, nodes, event)


def _add(open_nodes: list[tuple[str | None, int]], nodes: int, event: Any) -> None:
    anchor, before = open_nodes[-1]
    open_nodes[-1] = anchor, before + nodes
    if before + nodes > MAX_NODES:
        raise _problem(f"it unfolds to more than the limit of {MAX_NODES:,} values", event)


def _problem(text: str, event: Any) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=event.start_mark)
