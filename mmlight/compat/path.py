"""Makes, finds and opens files and folders on disk."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

PathLike = str | Path


def is_filepath(x: Any) -> bool:
    """Tell whether something is a string or a `Path`."""
    return isinstance(x, str | Path)


def is_abs(path: str) -> bool:
    """Tell whether a path is absolute or an address of http, https or s3.

    From: mmengine 0.10 `is_abs`.
    """
    return os.path.isabs(path) or path.startswith(("http://", "https://", "s3://"))


def fopen(filepath: PathLike, *args: Any, **kwargs: Any) -> IO[Any]:
    """Open a file as `open` does.

    Raises:
        ValueError: If it is neither a string nor a `Path`.

    From: mmcv 1.7 and mmengine 0.10 `fopen`.
    """
    if not is_filepath(filepath):
        raise ValueError(f"filepath must be a string or a Path, got {filepath!r}")
    file: IO[Any] = open(filepath, *args, **kwargs)  # noqa: SIM115 - the caller closes it
    return file


def check_file_exist(filename: PathLike, msg_tmpl: str = 'file "{}" does not exist') -> None:
    """Raise FileNotFoundError unless there is such a file.

    From: mmcv 1.7 and mmengine 0.10 `check_file_exist`.
    """
    if not os.path.isfile(filename):
        raise FileNotFoundError(msg_tmpl.format(filename))


def mkdir_or_exist(dir_name: PathLike, mode: int = 0o777) -> None:
    """Make a folder and those above it, where they are missing; `~` is the home folder.

    From: mmcv 1.7 and mmengine 0.10 `mkdir_or_exist`.
    """
    if str(dir_name):
        os.makedirs(os.path.expanduser(dir_name), mode=mode, exist_ok=True)


def symlink(src: PathLike, dst: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
    """Link `dst` to `src`; what was there is removed, unless `overwrite` is False.

    From: mmcv 1.7 and mmengine 0.10 `symlink`.
    """
    if overwrite and os.path.lexists(dst):
        os.remove(dst)
    os.symlink(src, dst, **kwargs)


def scandir(
    dir_path: PathLike,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    case_sensitive: bool = True,
) -> Iterator[str]:
    """Yield the files in a folder, relative to it; none whose name begins with a dot.

    Args:
        dir_path: The folder.
        suffix: Only files with this ending, or one of several.
        recursive: Whether to look into folders, hidden ones too.
        case_sensitive: Whether upper and lower case differ in `suffix`.

    From: mmcv 1.7 and mmengine 0.10 `scandir`.
    """
    if not is_filepath(dir_path):
        raise TypeError(f"dir_path must be a string or a Path, got {dir_path!r}")
    if not (suffix is None or isinstance(suffix, str | tuple)):
        raise TypeError(f"suffix must be a string or a tuple of them, got {suffix!r}")
    endings = (suffix,) if isinstance(suffix, str) else suffix or ("",)
    if not case_sensitive:
        endings = tuple(ending.lower() for ending in endings)
    return _scan(str(dir_path), str(dir_path), endings, recursive, case_sensitive)


def _scan(
    folder: str, root: str, endings: tuple[str, ...], recursive: bool, case_sensitive: bool
) -> Iterator[str]:
    for entry in os.scandir(folder):
        if not entry.name.startswith(".") and entry.is_file():
            name = os.path.relpath(entry.path, root)
            if (name if case_sensitive else name.lower()).endswith(endings):
                yield name
        elif recursive and entry.is_dir():
            yield from _scan(entry.path, root, endings, recursive, case_sensitive)
