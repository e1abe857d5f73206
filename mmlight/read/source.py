"""Finds out whether a config file can be read, and reads its text."""

import os
from pathlib import Path
from typing import Final

from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.read.origin import Origin

SUFFIXES: Final = (".py", ".yaml", ".yml", ".json")
"""The kinds of config files."""


def check_source(file: Path, chain: tuple[Path, ...], named_at: Origin | None) -> None:
    """Refuse circles, files that are missing and files of another kind.

    Args:
        file: The file.
        chain: The files that are being read already.
        named_at: The line that names it as a base.

    Raises:
        ConfigError: If it is refused.
    """
    if os.path.abspath(file) in map(os.path.abspath, chain):
        raise ConfigError(
            str(file), f"the config inherits from itself through {chain[-1]}", origin=named_at or ""
        )
    if file.suffix not in SUFFIXES:
        raise ConfigError(
            str(file),
            "this is a folder" if file.is_dir() else f"no config has the suffix {file.suffix!r}",
            origin=named_at or "",
            expected=f"a file that ends in {', '.join(SUFFIXES)}",
            next_step="Name the config file.",
        )
    if not file.is_file():
        known = sorted(path.name for path in file.parent.glob(f"*{file.suffix}"))
        raise ConfigError(
            str(file),
            "no such config file",
            origin=named_at or "",
            expected=list_names(known) if known else "",
            nearest=nearest_name(file.name, known),
            next_step=f"Correct the path; it is relative to {chain[-1] if chain else Path.cwd()}.",
        )


def read_source_text(file: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigError: If it cannot be read, or is no text in UTF-8.
    """
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            str(file), f"the file cannot be read: {error}", expected="a text file in UTF-8"
        ) from error
    if "\0" in source:
        raise ConfigError(str(file), "the file holds null bytes", expected="a text file in UTF-8")
    return source
