"""Files on a disk of this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmlight.data.storage.backend import Backend, PathLike, check_listing


class LocalBackend(Backend):
    """Files on a disk of this machine.

    From: mmengine 0.10 `LocalBackend` / mmcv 1.7 `HardDiskBackend`.
    """

    _allow_symlink = True

    def get(self, filepath: PathLike) -> bytes:
        """Return the bytes of a file."""
        return Path(filepath).read_bytes()

    def get_text(self, filepath: PathLike, encoding: str = "utf-8") -> str:
        """Return the text of a file."""
        return Path(filepath).read_text(encoding=encoding)

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Write bytes to a file; its folder is made."""
        _make_folder(filepath)
        Path(filepath).write_bytes(obj)

    def put_text(self, obj: str, filepath: PathLike, encoding: str = "utf-8") -> None:
        """Write text to a file; its folder is made."""
        _make_folder(filepath)
        Path(filepath).write_text(obj, encoding=encoding)

    def exists(self, filepath: PathLike) -> bool:
        """Tell whether there is such a file or folder."""
        return os.path.exists(filepath)

    def isdir(self, filepath: PathLike) -> bool:
        """Tell whether it is a folder."""
        return os.path.isdir(filepath)

    def isfile(self, filepath: PathLike) -> bool:
        """Tell whether it is a file."""
        return os.path.isfile(filepath)

    def join_path(self, filepath: PathLike, *filepaths: PathLike) -> str:
        """Join the parts of a path."""
        return os.path.join(filepath, *filepaths)

    @contextmanager
    def get_local_path(self, filepath: PathLike) -> Iterator[PathLike]:
        """Give the path itself."""
        yield filepath

    def copyfile(self, src: PathLike, dst: PathLike) -> str:
        """Copy a file and its permissions; return where it went."""
        return str(shutil.copy(src, dst))

    def copytree(self, src: PathLike, dst: PathLike) -> str:
        """Copy a folder to a new one; return it."""
        return str(shutil.copytree(src, dst))

    copyfile_from_local = copyfile_to_local = copyfile
    copytree_from_local = copytree_to_local = copytree

    def remove(self, filepath: PathLike) -> None:
        """Remove a file.

        Raises:
            FileNotFoundError: If there is none.
            IsADirectoryError: If it is a folder.
        """
        if self.isdir(filepath):
            raise IsADirectoryError(f"{filepath} is a folder")
        os.remove(filepath)

    def rmtree(self, dir_path: PathLike) -> None:
        """Remove a folder with all that is in it."""
        shutil.rmtree(dir_path)

    def copy_if_symlink_fails(self, src: PathLike, dst: PathLike) -> bool:
        """Link `dst` to `src`, copy it where links are not possible; tell whether it is a link."""
        try:
            os.symlink(src, dst)
        except OSError:
            (self.copyfile if self.isfile(src) else self.copytree)(src, dst)
            return False
        return True

    def list_dir_or_file(
        self,
        dir_path: PathLike,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """Yield what is in a folder, relative to it; no files whose name begins with a dot.

        Args:
            dir_path: The folder.
            list_dir: Whether to yield folders.
            list_file: Whether to yield files.
            suffix: Only files with this ending, or one of several; then `list_dir` must be False.
            recursive: Whether to look into folders.
        """
        check_listing(list_dir, suffix)
        for entry in _walk(dir_path, recursive):
            name = os.path.relpath(entry.path, dir_path)
            if entry.is_dir():
                if list_dir:
                    yield name
            elif list_file and (suffix is None or name.endswith(suffix)):
                yield name


def _walk(folder: PathLike, recursive: bool) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        is_dir = entry.is_dir()
        if is_dir or (entry.is_file() and not entry.name.startswith(".")):
            yield entry
        if is_dir and recursive:
            yield from _walk(entry.path, recursive)


def _make_folder(filepath: PathLike) -> None:
    folder = os.path.dirname(filepath)
    if folder:
        os.makedirs(os.path.expanduser(folder), exist_ok=True)
