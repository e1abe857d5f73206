"""Reads and lists files wherever they lie; what datasets need."""

import os
from typing import Any

from mmlight.data.storage.backend import PathLike
from mmlight.data.storage.choose import Options, choose_backend
from mmlight.errors import DataError


def read_bytes(path: PathLike, options: Options = None) -> bytes:
    """Return the bytes of a file.

    Args:
        path: A path or an address.
        options: `file_client_args` or `backend_args`; without a backend the path tells.

    Raises:
        DataError: If it cannot be read.
        ValueError: If the options name no backend that is there.
    """
    try:
        content: bytes = choose_backend(path, backend_args=options).get(path)
    except OSError as error:
        is_gone = isinstance(error, FileNotFoundError)
        raise DataError(
            str(path),
            "this file is missing" if is_gone else f"cannot be read: {error.strerror or error}",
            next_step="Put the file there, or correct data_root, data_prefix or ann_file.",
        ) from error
    return content


def read_text(path: PathLike, options: Options = None) -> str:
    """Return the text of a UTF-8 file; arguments and errors as in `read_bytes`."""
    try:
        return str(read_bytes(path, options), "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(str(path), f"is no text in UTF-8: {error}") from error


def is_file(path: PathLike, options: Options = None) -> bool:
    """Tell whether there is such a file; a place that cannot tell but by reading is believed."""
    backend = choose_backend(path, backend_args=options)
    return bool(backend.isfile(path)) if hasattr(backend, "isfile") else True


def is_folder(path: PathLike, options: Options = None) -> bool:
    """Tell whether there is such a folder; errors as in `list_folders`."""
    return bool(_lister(path, options).isdir(path))


def list_folders(path: PathLike, options: Options = None) -> list[str]:
    """Return the names of the folders in a folder, sorted as text.

    Raises:
        DataError: If the place cannot be listed.
    """
    return sorted(_lister(path, options).list_dir_or_file(path, list_file=False))


def list_files(
    path: PathLike, extensions: tuple[str, ...] = (), options: Options = None
) -> list[str]:
    """Return the files below a folder, relative to it, sorted as text.

    Args:
        path: The folder.
        extensions: Only files with one of these endings, in lower case; none means all.
        options: See `read_bytes`.

    Raises:
        DataError: If the place cannot be listed.
    """
    found = _lister(path, options).list_dir_or_file(path, list_dir=False, recursive=True)
    return sorted(
        name
        for name in found
        if not os.path.basename(name).startswith(".")
        and (not extensions or name.lower().endswith(extensions))
    )


def _lister(path: PathLike, options: Options) -> Any:
    backend = choose_backend(path, backend_args=options)
    if not hasattr(backend, "list_dir_or_file"):
        raise DataError(
            str(path),
            f"a {backend.name} cannot list files",
            next_step="Name the images in a list file, given as 'ann_file'.",
        )
    return backend
