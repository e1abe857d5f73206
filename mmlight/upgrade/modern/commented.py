"""Writes the entries of a config as Python, each with its comments, pipelines named once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mmlight.read.dump import to_expression
from mmlight.read.key_path import list_entries
from mmlight.read.node import ConfigDict, Origin, known_origin, known_origin_of_node
from mmlight.upgrade.modern.comments import Comment, CommentPool

WIDTH: Final = 100
INDENT: Final = 4
PIPELINES: Final = {
    "train_dataloader": ("train_pipeline",),
    "val_dataloader": ("val_pipeline", "test_pipeline"),
    "test_dataloader": ("test_pipeline",),
}
SAME_AS: Final = {
    "test_dataloader": "val_dataloader",
    "test_evaluator": "val_evaluator",
}


def walk_origins(value: Any) -> Iterator[Origin]:
    """Yield where each entry of a tree was set, in the order in which it is written."""
    for key, item in list_entries(value):
        origin = _find_origin(value, key)
        if origin is not None:
            yield origin
        yield from walk_origins(item)


def _find_origin(container: Any, key: str | int) -> Origin | None:
    """Return where an entry was set; a dict in a list knows best."""
    item = container[key] if isinstance(key, int) else None
    return known_origin_of_node(item) or known_origin(container, key)


@dataclass
class CommentedWriter:
    """Writes the entries of a config one after the other.

    Args:
        pool: Comments that wait for their entry.
        values: The config.
    """

    pool: CommentPool
    values: ConfigDict

    def write(self) -> str:
        """Return the text of all entries; long ones stand apart from each other."""
        blocks: list[list[str]] = []
        for key, value in self.values.items():
            sections = [] if key == "default_hooks" else self._take_sections(key)
            other = SAME_AS.get(key, "")
            if other in self.values and self.values[other] == value:
                comments = self._take_inside(value)
                blocks.append([*sections, *_comment_on([f"{key} = {other}"], comments, "")])
                continue
            comments = self.pool.take(self.values.origin_of(key))
            lines = self._entry(f"{key} = ", value, 0, comments, "", (key,))
            blocks.append([*sections, *lines])
        text: list[str] = []
        for index, block in enumerate(blocks):
            if index and (len(block) > 1 or len(blocks[index - 1]) > 1):
                text.append("")
            text += block
        return "\n".join([*text, ""])

    def _entry(
        self,
        head: str,
        value: Any,
        indent: int,
        comments: list[Comment],
        tail: str,
        path: tuple[Any, ...],
    ) -> list[str]:
        """Return the lines of one entry: its comments, then `head`, the value and `tail`."""
        if _is_flat(value):
            comments = [*comments, *self._take_inside(value)]
        space = " " * indent
        flat = f"{space}{head}{self._write_flat(value, path)}{tail}"
        if self._find_name(value, path) or not self._must_open(value, flat):
            return _comment_on([flat], comments, space)
        rows = []
        opening, closing, items = _open(value)
        shares = self._share([_find_origin(value, key) for key, _, _ in items])
        for (key, item, text), share in zip(items, shares, strict=True):
            rows += self._entry(text, item, indent + INDENT, share, ",", (*path, key))
        lines = [f"{space}{head}{opening}", *rows, f"{space}{closing}{tail}"]
        return _comment_on(lines, comments, space)

    def _share(self, origins: list[Origin | None]) -> list[list[Comment]]:
        """Take the comments of neighbours; what stands behind several goes to the last."""
        shares: list[list[Comment]] = [[] for _ in origins]
        for index, origin in enumerate(origins):
            for comment in self.pool.take(origin):
                last = max(i for i, other in enumerate(origins) if other == origin)
                shares[last if comment.is_behind else index].append(comment)
        return shares

    def _take_sections(self, key: str) -> list[str]:
        """Take the comments that stand above the statements from which an entry comes."""
        origins = walk_origins({key: self.values[key]})
        comments = self.pool.take_sections(origins)
        return [line for comment in comments for line in comment.lines]

    def _take_inside(self, value: Any) -> list[Comment]:
        """Take the comments of a value that is not written entry by entry."""
        return [comment for origin in walk_origins(value) for comment in self.pool.take(origin)]

    def _must_open(self, value: Any, flat: str) -> bool:
        """Tell whether a value needs several lines: it is long, or has a comment inside."""
        if not isinstance(value, (dict, list, tuple)) or not value:
            return False
        if len(flat) > WIDTH:
            return True
        return any(self.pool.has(origin) for origin in walk_origins(value))

    def _write_flat(self, value: Any, path: tuple[Any, ...]) -> str:
        """Write a value on one line, with the names of variables in it."""
        name = self._find_name(value, path)
        if name or not isinstance(value, (dict, list, tuple)) or not value:
            return name or to_expression(value)
        opening, closing, items = _open(value)
        parts = [f"{head}{self._write_flat(item, (*path, key))}" for key, item, head in items]
        comma = "," if type(value) is tuple and len(parts) == 1 else ""
        return f"{opening}{', '.join(parts)}{comma}{closing}"

    def _find_name(self, value: Any, path: tuple[Any, ...]) -> str:
        """Return the variable that stands for a value: pipelines, type of datasets, backends."""
        names: tuple[str, ...] = ()
        if path == ("visualizer", "vis_backends"):
            names = ("vis_backends",)
        elif path[0] in PIPELINES and path[-1] == "pipeline":
            names = PIPELINES[path[0]]
        elif path[0] in PIPELINES and path[-2:] == ("dataset", "type"):
            names = ("dataset_type",)
        return next((n for n in names if n in self.values and self.values[n] == value), "")


def _is_flat(value: Any) -> bool:
    """Tell whether a value is a list of plain values, such as a mean or milestones."""
    return isinstance(value, (list, tuple)) and not any(
        isinstance(item, (dict, list, tuple)) for item in value
    )


def _open(value: Any) -> tuple[str, str, list[tuple[Any, Any, str]]]:
    """Return the brackets of a value, and its items with what stands before each."""
    if isinstance(value, dict):
        if to_expression(dict.fromkeys(value, 0)).startswith("dict("):
            return "dict(", ")", [(key, item, f"{key}=") for key, item in value.items()]
        return "{", "}", [(k, item, f"{to_expression(k)}: ") for k, item in value.items()]
    brackets = ("[", "]") if isinstance(value, list) else ("(", ")")
    return *brackets, [(index, item, "") for index, item in enumerate(value)]


def _comment_on(lines: list[str], comments: list[Comment], space: str) -> list[str]:
    """Put comments above the lines of an entry; one that stood behind stays there if it fits."""
    above: list[str] = []
    for comment in comments:
        behind = f"{lines[0]}  {comment.lines[0]}"
        if comment.is_behind and len(lines) == 1 and len(behind) <= WIDTH and "#" not in lines[0]:
            lines = [behind]
        else:
            above += [f"{space}{line}" for line in comment.lines]
    return [*above, *lines]
