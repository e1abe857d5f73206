"""Reads values from JSON, YAML, pickle and text files, and writes them."""

import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import yaml

from mmlight.data.datasets.safe_pickle import load_pickle
from mmlight.data.storage.backend import PathLike
from mmlight.data.storage.choose import Options, choose_backend
from mmlight.errors import DataError, list_names


def load(
    file: PathLike | IO[Any],
    file_format: str | None = None,
    file_client_args: Options = None,
    backend_args: Options = None,
    **kwargs: Any,
) -> Any:
    """Read a value from a file.

    Args:
        file: A path, an address or an open file.
        file_format: 'json', 'yaml', 'yml', 'pickle' or 'pkl'; None means the ending of the path.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.
        **kwargs: Options of `json.load`, or `encoding` of a pickle.

    Raises:
        DataError: If the file cannot be read. **Pickles and YAML give plain values only** (numbers,
            texts, arrays and containers of them); a file that names any other class is refused,
            because reading it would run its code.

    From: mmcv 1.7 and mmengine 0.10 `load`, which read pickles and YAML of anything.
    """
    kind = _find_format(file, file_format)
    if isinstance(file, str | Path):
        backend = choose_backend(str(file), file_client_args, backend_args)
        return _load_bytes(backend.get(str(file)), kind, str(file), kwargs)
    content = file.read()
    raw = content.encode() if isinstance(content, str) else content
    return _load_bytes(raw, kind, str(getattr(file, "name", "file")), kwargs)


def _load_bytes(content: bytes, kind: str, name: str, kwargs: dict[str, Any]) -> Any:
    if kind == "pickle":
        return load_pickle(content, name, **{"encoding": "ASCII", **kwargs})
    try:
        return json.loads(content, **kwargs) if kind == "json" else yaml.safe_load(content)
    except (ValueError, yaml.YAMLError) as error:
        raise DataError(
            name, f"is no {kind} of plain values: {error}", next_step="Correct the file."
        ) from error


def dump(
    obj: Any,
    file: PathLike | IO[Any] | None = None,
    file_format: str | None = None,
    file_client_args: Options = None,
    backend_args: Options = None,
    **kwargs: Any,
) -> Any:
    """Write a value to a file; without a file, return it as text (pickle: as bytes).

    Args:
        obj: The value; for JSON also with sets, ranges and arrays, which become lists.
        file: A path or an open file.
        file_format: See `load`; needed without a path.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.
        **kwargs: Options of `json.dumps`, `yaml.dump` or `pickle.dumps` (protocol 2 by default).

    From: mmcv 1.7 and mmengine 0.10 `dump`.
    """
    kind = _find_format(file, file_format)
    content = _WRITERS[kind](obj, kwargs)
    if file is None:
        return content
    if not isinstance(file, str | Path):
        file.write(content)
        return None
    backend = choose_backend(str(file), file_client_args, backend_args)
    write = backend.put if isinstance(content, bytes) else backend.put_text
    write(content, str(file))
    return None


def _to_json(obj: Any, kwargs: dict[str, Any]) -> str:
    return json.dumps(obj, **{"default": _to_plain, **kwargs})


def _to_plain(obj: Any) -> Any:
    if isinstance(obj, set | range):
        return list(obj)
    if isinstance(obj, np.ndarray | np.generic):
        return obj.tolist()
    raise TypeError(f"JSON cannot hold a {type(obj).__name__}: {obj!r}")


def _to_yaml(obj: Any, kwargs: dict[str, Any]) -> str:
    text: str = yaml.dump(obj, **kwargs)
    return text


def _to_pickle(obj: Any, kwargs: dict[str, Any]) -> bytes:
    return pickle.dumps(obj, **{"protocol": 2, **kwargs})


_WRITERS: dict[str, Callable[[Any, dict[str, Any]], str | bytes]] = {
    "json": _to_json,
    "yaml": _to_yaml,
    "pickle": _to_pickle,
}
_ENDINGS = {"json": "json", "yaml": "yaml", "yml": "yaml", "pickle": "pickle", "pkl": "pickle"}


def _find_format(file: Any, file_format: str | None) -> str:
    ending = file_format
    if ending is None and isinstance(file, str | Path):
        ending = os.path.splitext(file)[1].lstrip(".")
    if ending not in _ENDINGS:
        raise DataError(
            str(file), f"the format {ending!r} is not supported", expected=list_names(_ENDINGS)
        )
    return _ENDINGS[ending]


def list_from_file(
    filename: PathLike,
    prefix: str = "",
    offset: int = 0,
    max_num: int = 0,
    encoding: str = "utf-8",
    file_client_args: Options = None,
    backend_args: Options = None,
) -> list[str]:
    r"""Return the lines of a text file.

    Args:
        filename: A path or an address.
        prefix: Put in front of every line.
        offset: Lines to leave out at the beginning.
        max_num: Largest number of lines; 0 for all.
        encoding: How the text is written.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.

    From: mmcv 1.7 and mmengine 0.10 `list_from_file`.
    """
    backend = choose_backend(str(filename), file_client_args, backend_args)
    lines = list(io.StringIO(backend.get_text(str(filename), encoding)))[offset:]
    lines = lines[:max_num] if max_num > 0 else lines
    return [prefix + line.rstrip("\n\r") for line in lines]


def dict_from_file(
    filename: PathLike,
    key_type: Callable[[str], Any] = str,
    encoding: str = "utf-8",
    file_client_args: Options = None,
    backend_args: Options = None,
) -> dict[Any, str | list[str]]:
    """Return a dict of the lines of a text file: the first word maps to the second or to the rest.

    Args:
        filename: A path or an address.
        key_type: Converts the first word.
        encoding: How the text is written.
        file_client_args: Where the file lies, see `FileClient`.
        backend_args: Where the file lies, see `get_file_backend`.

    Raises:
        DataError: If a line has fewer than two words.

    From: mmcv 1.7 and mmengine 0.10 `dict_from_file`.
    """
    lines = list_from_file(
        filename,
        encoding=encoding,
        file_client_args=file_client_args,
        backend_args=backend_args,
    )
    mapping: dict[Any, str | list[str]] = {}
    for number, line in enumerate(lines, start=1):
        key, *values = line.split() or [""]
        if not values:
            raise DataError(f"{filename}:{number}", f"the line {line!r} has fewer than two words")
        mapping[key_type(key)] = values if len(values) > 1 else values[0]
    return mapping
