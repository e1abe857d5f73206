"""Writes an upgraded config as a file that people read: comments kept, pipelines named once."""

import textwrap
from typing import Final

from mmlight.read.config import Config
from mmlight.spec import Note
from mmlight.upgrade.modern.commented import WIDTH, CommentedWriter, walk_origins
from mmlight.upgrade.modern.comments import CommentPool, SourceComments, read_comments
from mmlight.upgrade.modern.data import name_variables
from mmlight.upgrade.modern.modernize import check_is_old, drop_helpers, modernize
from mmlight.upgrade.upgrade import upgrade_config

LOST: Final = "This comment has no place in the new file: {}"


def write_upgraded(config: Config, *, exact: bool = False) -> tuple[str, list[Note]]:
    """Write a config of mmcls 0.x in the words of mmpretrain 1.2.

    Args:
        config: The old config.
        exact: True for words that say all that the old ones meant, some of them mmlight's own, so
            that mmlight trains the file as it trains the old one; False for the idiom of
            mmpretrain 1.2, which mmpretrain reads as well.

    Returns:
        The text of the file, and notes: what was ignored, what means something else now, and at the
        end which comments are lost. All but the last are in the head of the file too.

    Raises:
        ConfigError: If the config is not written in the words of mmcls 0.x.

    Examples:
        >>> text, notes = write_upgraded(Config({"runner": {"max_epochs": 3}}))
        >>> "train_cfg = dict(by_epoch=True, max_epochs=3)" in text
        True
    """
    check_is_old(config)
    new = _upgrade_exactly(config) if exact else modernize(config)
    emitted: dict[str, set[int]] = {config.filename or "": set()}
    for origin in walk_origins(new.values):
        emitted.setdefault(origin.file, set()).add(origin.line)
    sources = {file: read_comments(file) for file in emitted}
    pool = CommentPool(sources, emitted, config.names_read)
    body = CommentedWriter(pool, new.values).write()
    notes = [note for note in new.notes if not note.quiet]
    head = _write_head(config, notes, sources, exact=exact)
    lost = [
        Note("comment", LOST.format(" ".join(comment.lines)), comment.origin)
        for comment in pool.rest()
    ]
    return f"{head}\n{body}", [*notes, *lost]


def _upgrade_exactly(config: Config) -> Config:
    new = upgrade_config(config).copy()
    name_variables(new.values)
    return drop_helpers(new)


def _write_head(
    config: Config, notes: list[Note], sources: dict[str, SourceComments], *, exact: bool
) -> str:
    """Write the docstring and the headers of the old files, and the notes."""
    source = sources[config.filename or ""]
    lines = [source.docstring] if source.docstring else []
    headers: list[str] = []
    for comments in sources.values():
        headers += [line for line in comments.header if line not in headers]
    lines += headers
    kind = "mmlight, which it alone reads" if exact else "mmpretrain 1.2"
    title = f"Upgraded by mmlight from {config.filename or 'a config'} to words of {kind}."
    lines += _wrap(title, "# ", "# ")
    if notes:
        lines.append("# What is left out or means something else now:")
    for note in notes:
        lines += _wrap(f"{note.path}: {note.text}", "# - ", "#   ")
    return "\n".join([*lines, ""])


def _wrap(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
