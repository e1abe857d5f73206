"""What all places of files have in common."""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PathLike = str | Path


class Backend(ABC):
    """A place of files, of which `get` must be written.

    Whatever else a backend can do, it does under the names of `LocalBackend`: `put`, `put_text`,
    `exists`, `isfile`, `isdir`, `join_path`, `list_dir_or_file`, `remove`, `rmtree`, ...

    From: mmcv 1.7 and mmengine 0.10 `BaseStorageBackend`. There a subclass has to write `get_text`
    as well.
    """

    _allow_symlink = False

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self).__name__

    @property
    def allow_symlink(self) -> bool:
        """Whether it can link one file to another."""
        return self._allow_symlink

    @abstractmethod
    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file."""

    def get_text(self, filepath: PathLike, encoding: str = "utf-8") -> str:
        """Return the text of a file."""
        return str(self.get(filepath), encoding)

    @contextmanager
    def get_local_path(self, filepath: PathLike) -> Iterator[PathLike]:
        """Fetch into a file that is removed at the end, and give its path."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (os.path.basename(str(filepath)) or "file")
            path.write_bytes(self.get(filepath))
            yield str(path)


def check_listing(list_dir: bool, suffix: object) -> None:
    """Raise TypeError for arguments of `list_dir_or_file` that contradict each other."""
    if list_dir and suffix is not None:
        raise TypeError(f"suffix must be None when folders are listed, got {suffix!r}")
    if not (suffix is None or isinstance(suffix, str | tuple)):
        raise TypeError(f"suffix must be a string or a tuple of them, got {suffix!r}")


def list_below(
    names: Iterator[str] | list[str],
    *,
    list_dir: bool,
    list_file: bool,
    suffix: str | tuple[str, ...] | None,
    recursive: bool,
) -> Iterator[str]:
    """Yield what `list_dir_or_file` does, for a place that has files only and no folders.

    Args:
        names: All files below the folder, relative to it, divided by '/'.
        list_dir: Whether to yield folders.
        list_file: Whether to yield files.
        suffix: Only files with this ending, or one of several.
        recursive: Whether to look into folders.

    Examples:
        >>> names = ["a.txt", "b/c.txt", "b/d.jpg"]
        >>> options = dict(list_dir=True, list_file=True, suffix=None)
        >>> list(list_below(names, recursive=False, **options))
        ['a.txt', 'b']
        >>> list(list_below(names, recursive=True, **options))
        ['a.txt', 'b', 'b/c.txt', 'b/d.jpg']
    """
    check_listing(list_dir, suffix)
    seen = set()
    for name in names:
        *folders, file = name.split("/")
        depth = len(folders) if recursive else min(len(folders), 1)
        for end in range(1, depth + 1):
            folder = "/".join(folders[:end])
            if list_dir and folder not in seen:
                seen.add(folder)
                yield folder
        if list_file and (recursive or not folders) and (suffix is None or file.endswith(suffix)):
            yield name
