"""Looks up the origin of every entry of every config that the originals ship.

A key stands in its line, always. An item of a list stands in its line as well, as it is written: a
dict as `dict(` or `{`, a scalar as its text, a long text with its beginning. The exceptions:

- a slice, such as `bgr_mean = data_preprocessor['mean'][::-1]`, and a comprehension make lists of
  scalars whose items know no line; their list knows the line of its key, which holds the key;
- an item that is computed, such as `0.48145466 * 255`, stands in its line as the computation.
"""

import collections
import re
from functools import cache

import pytest

from mmlight.errors import MMLightError
from mmlight.read.file import read_file
from mmlight.read.node import ConfigDict, ConfigList
from tests.reference.original import FOLDER

ROOTS = {name: FOLDER / name / name / ".mim" / "configs" for name in ("mmcls", "mmpretrain")}
COUNTS = {
    "mmcls": {"key": 62_391, "item": 30_987},
    "mmpretrain": {"key": 99_848, "item": 18_701, "made item": 1_152, "computed item": 150},
}


@cache
def lines_of(file):
    with open(file, encoding="utf-8") as text:
        return text.read().split("\n")


def line_of(origin):
    return lines_of(origin.file)[origin.line - 1] if origin and origin.line else ""


def holds(line, key):
    return re.search(rf"(?<!\w){re.escape(str(key))}(?!\w)", line)


def judge_item(items, index, key_line):
    """Return what kind of origin the item of a list has."""
    item, own = items[index], items.origins[index] if index < len(items.origins) else None
    if own is None:
        made = re.search(r"\[::-1\]|\[.* for .* in .*\]", key_line)
        return "made item" if made and not isinstance(item, (dict, list)) else "wrong item"
    line = line_of(own)
    if isinstance(item, ConfigDict):
        return "item" if re.search(r"dict\(|\{", line) else "wrong item"
    if isinstance(item, (list, tuple)):
        return "item" if re.search(r"[\[(]", line) else "wrong item"
    if (item[:8] if isinstance(item, str) else repr(item)) in line:
        return "item"
    return "computed item" if re.search(r"\d \* \d", line) else "wrong item"


def judge(value, path="", key_line=""):
    """Yield the kind of origin and the path of every entry."""
    if isinstance(value, ConfigDict):
        for key, item in value.items():
            line = line_of(value.own_origin(key))
            yield ("key" if holds(line, key) else "wrong key"), f"{path}.{key}"
            yield from judge(item, f"{path}.{key}", line)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            if isinstance(value, ConfigList):
                yield judge_item(value, index, key_line), f"{path}[{index}]"
            yield from judge(item, f"{path}[{index}]", key_line)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROOTS)
def test_origin_is_the_line_that_holds_the_entry(name):
    counts, wrong = collections.Counter(), []
    for file in sorted(ROOTS[name].rglob("*.py")):
        if "_base_" in file.parts:
            continue
        try:
            values = read_file(file).values
        except MMLightError:
            continue
        for kind, path in judge(values, str(file)):
            counts[kind] += 1
            wrong += [path] if kind.startswith("wrong") else []
    assert wrong == []
    assert counts == COUNTS[name]
