"""Finds the newest checkpoint of a folder."""

import os
import re
import zipfile
from typing import Final

LAST: Final = "last.ckpt"
"""Name of the link to the newest checkpoint."""
BROKEN_OFF: Final = "broken_off.ckpt"
"""Name of the checkpoint of a run that was told to end."""


def find_newest(folder: str, filename_tmpl: str | None = None) -> str | None:
    """Return the newest whole checkpoint of a folder, best ones aside; None when there is none.

    Args:
        folder: A work directory.
        filename_tmpl: Name of its files with `{}` for the number, if it is not the usual one.
    """
    if not os.path.isdir(folder):
        return None
    around = re.split(r"\{[^{}]*\}", strip_suffix(filename_tmpl or "epoch_{}"))
    stem = r"(\d+)".join(map(re.escape, around))
    names = re.compile(rf"(?:epoch_(\d+)|iter_(\d+)|{stem})\.ckpt|{re.escape(BROKEN_OFF)}")
    found = []
    for name in os.listdir(folder):
        match = names.fullmatch(name)
        if match:
            number = max(int(text or 0) for text in (*match.groups(), "0"))
            path = os.path.join(folder, name)
            found.append((os.path.getmtime(path), number, path))
    return next((path for *_, path in sorted(found, reverse=True) if is_whole(path)), None)


def strip_suffix(filename_tmpl: str) -> str:
    """Return the name of a file without its suffix; what contains the number is none.

    Examples:
        >>> strip_suffix("epoch_{}.pth"), strip_suffix("v1.2_{}")
        ('epoch_{}', 'v1.2_{}')
    """
    stem, suffix = os.path.splitext(filename_tmpl)
    return filename_tmpl if "{" in suffix else stem


def find_newest_of_mm(folder: str) -> str | None:
    """Return the newest whole checkpoint that the originals have left in a work directory.

    From: mmengine 0.10 `find_latest_checkpoint`, which reads `last_checkpoint`; mmcls 0.25 wants
    `latest.pth` to be named.
    """
    if not os.path.isdir(folder):
        return None
    named = [os.path.join(folder, "latest.pth")]
    note = os.path.join(folder, "last_checkpoint")
    if os.path.exists(note):
        with open(note, encoding="utf-8") as file:
            told = file.read().strip()
        named[:0] = [told, os.path.join(folder, os.path.basename(told))]  # it may have moved
    others = [n for n in os.listdir(folder) if re.fullmatch(r"(epoch|iter)_\d+\.pth", n)]
    paths = sorted((os.path.join(folder, name) for name in others), key=os.path.getmtime)
    return next((path for path in (*named, *reversed(paths)) if is_whole(path)), None)


def is_whole(path: str) -> bool:
    """Tell whether a file is complete: a checkpoint is a zip archive with its index at the end."""
    return os.path.isfile(path) and zipfile.is_zipfile(path)
