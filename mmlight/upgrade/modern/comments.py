"""Reads the comments of config files and hands them out, each once, by the line they belong to.

A comment behind code belongs to its line, a comment on lines of its own to the next line of code.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mmlight.read.node import Origin

# addressed to tools, not to readers
_DIRECTIVE: Final = re.compile(r"#\s*(noqa|yapf|flake8|isort|type:|pylint|fmt|ruff|pragma)\b.*$")
_CLOSING: Final = re.compile(r"^[\s\])},]*$")
_SILENT: Final = frozenset(
    (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
)


@dataclass
class Comment:
    """One comment, or the lines of one that stand below each other.

    Args:
        origin: Where it stands.
        lines: Its lines, each with its `#`.
        target: The line of code that it belongs to; 0 when none follows.
        is_behind: Whether it stands behind code.
        is_section: Whether it stands above a whole statement, `# model settings`.
    """

    origin: Origin
    lines: list[str]
    target: int
    is_behind: bool = False
    is_section: bool = False


@dataclass
class SourceComments:
    """What one file says beside its code.

    Args:
        docstring: The docstring as it is written, quotes included; empty when there is none.
        header: The comment at the top that a blank line sets apart.
        comments: All others.
        statements: (first line, last line, assigned name) of each statement.
        code: Text of each line without its comment.
    """

    docstring: str = ""
    header: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    statements: list[tuple[int, int, str]] = field(default_factory=list)
    code: dict[int, str] = field(default_factory=dict)


def read_comments(file: str) -> SourceComments:
    """Read the comments of a config file; a file that is no Python has none."""
    try:
        text = Path(file).read_text(encoding="utf-8")
        tree = ast.parse(text)
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (OSError, SyntaxError, ValueError, tokenize.TokenError):
        return SourceComments()
    found = SourceComments()
    code = sorted({t.start[0] for t in tokens if t.type not in _SILENT | {tokenize.COMMENT}})
    for token in (token for token in tokens if token.type == tokenize.COMMENT):
        line, column = token.start
        found.code[line] = token.line[:column]
        _add(found, file, token.string, line, code)
    lines = text.splitlines()
    first = found.comments[0] if found.comments else None
    if first and not first.is_behind and first.origin.line == 1:
        after = len(first.lines) + 1
        if after not in code:
            found.header = found.comments.pop(0).lines
    found.statements = [
        (node.lineno, node.end_lineno or node.lineno, _find_name(node)) for node in tree.body
    ]
    if ast.get_docstring(tree) is not None:
        start, end, _ = found.statements[0]
        found.docstring = "\n".join(lines[start - 1 : end])
    return found


def _add(found: SourceComments, file: str, text: str, line: int, code: list[int]) -> None:
    """Add a comment, or join it to the one on the line above."""
    text = _DIRECTIVE.sub("", text).rstrip()
    if not text.strip("# "):
        return
    origin = Origin(file, line)
    if line in code:
        found.comments.append(Comment(origin, [text], line, is_behind=True))
        return
    last = found.comments[-1] if found.comments else None
    if last and not last.is_behind and last.origin.line + len(last.lines) == line:
        last.lines.append(text)
        return
    target = next((at for at in code if at > line), 0)
    found.comments.append(Comment(origin, [text], target))


def _find_name(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return target.id if isinstance(target, ast.Name) else ""


class CommentPool:
    """The comments of all files of a config, each of which is taken once.

    Args:
        sources: The comments of each file.
        emitted: The lines of each file from which something is written.
        helpers: Variables that the files use for themselves; nothing is written of them.
    """

    def __init__(
        self,
        sources: Mapping[str, SourceComments],
        emitted: Mapping[str, set[int]],
        helpers: frozenset[str],
    ) -> None:
        self._waiting: dict[tuple[str, int], list[Comment]] = {}
        self._homeless: list[Comment] = []
        self._said: set[tuple[str, ...]] = set()
        for file, source in sources.items():
            for comment in source.comments:
                line = _find_home(comment, source, emitted.get(file, set()), helpers)
                comment.is_section = not comment.is_behind and any(
                    first == comment.target and name not in helpers
                    for first, _, name in source.statements
                )
                place = self._waiting.setdefault((file, line), []) if line else self._homeless
                place.append(comment)

    def has(self, origin: Origin | None) -> bool:
        """Tell whether a comment of this line waits."""
        return origin is not None and (origin.file, origin.line) in self._waiting

    def take(self, origin: Origin | None) -> list[Comment]:
        """Return the comments of a line, which are then gone; none is given out twice."""
        if origin is None:
            return []
        return self._new(self._waiting.pop((origin.file, origin.line), []))

    def take_sections(self, origins: Iterable[Origin]) -> list[Comment]:
        """Take what stands above the statements of these lines, and nothing else of the lines."""
        places = [
            place
            for place in dict.fromkeys((origin.file, origin.line) for origin in origins)
            if place in self._waiting
        ]
        taken = []
        for place in places:
            comments = self._waiting.pop(place)
            taken += [comment for comment in comments if comment.is_section]
            rest = [comment for comment in comments if not comment.is_section]
            if rest:
                self._waiting[place] = rest
        return self._new(taken)

    def _new(self, comments: list[Comment]) -> list[Comment]:
        """Leave out what was said before in the same words."""
        fresh = [comment for comment in comments if tuple(comment.lines) not in self._said]
        self._said.update(tuple(comment.lines) for comment in fresh)
        return fresh

    def rest(self) -> list[Comment]:
        """Return the comments that nothing took."""
        waiting = [comment for comments in self._waiting.values() for comment in comments]
        return [c for c in (*self._homeless, *waiting) if tuple(c.lines) not in self._said]


def _find_home(
    comment: Comment, source: SourceComments, emitted: set[int], helpers: frozenset[str]
) -> int:
    """Return the written line that a comment goes with, 0 for none.

    A comment on an entry that another file replaced has none: it would tell of the old value.
    """
    if comment.target in emitted:
        return comment.target
    inside = [s for s in source.statements if s[0] <= comment.target <= s[1]]
    if not inside:
        return 0
    first, last, name = inside[0]
    own = [line for line in emitted if first <= line <= last]
    if comment.is_behind:
        closes = _CLOSING.match(source.code.get(comment.target, ""))
        home = max((line for line in own if line <= comment.target), default=0) if closes else 0
    elif comment.target != first:
        home = 0
    elif own or name not in helpers:
        home = min(own, default=0)
    else:
        home = min((line for line in emitted if line > last), default=0)
    return home
