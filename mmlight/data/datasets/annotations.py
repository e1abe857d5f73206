"""Reads annotation files, and says where they lie."""

import copy
import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from mmlight.data.datasets.safe_pickle import load_pickle
from mmlight.data.storage import is_file, read_bytes, read_text
from mmlight.errors import DataError

_NAMES: Final = Path(__file__).with_name("names")


def join_root(root: str, path: str) -> str:
    """Put `root` before a relative path; absolute paths, URLs and paths without a root stay.

    Examples:
        >>> join_root("data", "train"), join_root("", "train"), join_root("data", "s3://b/x")
        ('data/train', 'train', 's3://b/x')
    """
    path = os.path.expanduser(path)
    if not root or os.path.isabs(path) or "://" in path:
        return path
    return os.path.join(root, path)


def read_lines(path: str) -> list[str]:
    """Read a text file in UTF-8, one item per line.

    Raises:
        DataError: If the file cannot be read.
    """
    return read_text(path).splitlines()


@cache
def read_class_names(dataset: str) -> tuple[str, ...]:
    """Return the class names of a published dataset in the order of their labels.

    Examples:
        >>> read_class_names("voc")[:2]
        ('aeroplane', 'bicycle')
    """
    return tuple(read_lines(str(_NAMES / f"{dataset}.txt")))


def missing_file(path: str) -> DataError:
    """Return the error for a file that should be there."""
    return DataError(
        path,
        "this file is missing or cannot be read",
        next_step="Put the file there, or correct data_root, data_prefix or ann_file.",
    )


def read_metainfo(
    metainfo: Mapping[str, Any] | None, classes: str | Sequence[str] | None
) -> dict[str, Any]:
    """Return the facts that the arguments of a dataset give; a file's name stands for its lines."""
    facts = dict(copy.deepcopy(metainfo)) if metainfo else {}
    for key, value in facts.items():
        if isinstance(value, str) and os.path.isfile(os.path.expanduser(value)):
            facts[key] = read_lines(os.path.expanduser(value))
    if isinstance(classes, str):
        classes = read_lines(os.path.expanduser(classes))
    return {"classes": tuple(classes), **facts} if classes is not None else facts


def read_annotations(path: str) -> dict[str, Any]:
    """Read an annotation file in JSON, YAML or pickle, with the keys 'metainfo' and 'data_list'.

    Raises:
        DataError: If the file is missing or damaged, or lacks a key.
    """
    if not path or not is_file(path):
        raise missing_file(path or "ann_file")
    content = _parse_file(path)
    if not isinstance(content, dict) or not {"metainfo", "data_list"} <= content.keys():
        raise DataError(path, "the file lacks the keys 'metainfo' and 'data_list'")
    return content


def _parse_file(path: str) -> Any:
    if path.endswith((".pkl", ".pickle")):
        return load_pickle(read_bytes(path), path)
    text = read_text(path)
    try:
        return json.loads(text) if path.endswith(".json") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as err:
        raise DataError(path, f"cannot be parsed: {' '.join(str(err).split())}") from err
