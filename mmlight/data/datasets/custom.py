"""Turns a folder of images, or a list file, into samples."""

import io
import os
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from mmlight.data.datasets.annotations import missing_file
from mmlight.data.datasets.base import BaseDataset, Sample
from mmlight.data.datasets.packed import PackedStrings
from mmlight.data.datasets.records import Records
from mmlight.data.storage import (
    choose_backend,
    is_folder,
    is_remote,
    list_files,
    list_folders,
    read_text,
)
from mmlight.data.storage.local import LocalBackend
from mmlight.errors import DataError

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif")


class CustomDataset(BaseDataset):
    """Images of a folder, one sub-folder per class, or of a list file with lines `path label`.

    Args:
        data_root: Folder that `data_prefix` and `ann_file` are relative to.
        data_prefix: Folder of the images.
        ann_file: List file; without it the folder is searched.
        with_label: False for images without labels: lines are paths, and all images below the
            folder count.
        extensions: Endings of image files, in any case; only for searching the folder.
        metainfo: Facts about the data, such as 'classes'.
        lazy_init: Load the samples at their first use.
        file_client_args: Where folder and list file lie, see `LoadImageFromFile`; else their paths
            tell, and an address such as 's3://...' or an archive is read as a folder is.
        **kwargs: Further arguments of `BaseDataset`.

    Raises:
        DataError: If a path is missing, a line has no label, no image is found, or sub-folders and
            classes differ in number.

    From: mmpretrain 1.2 `CustomDataset`; also serves mmcls 0.25 `CustomDataset`. Blank lines of a
    list are skipped.
    """

    def __init__(
        self,
        data_root: str = "",
        data_prefix: str | Mapping[str, str] = "",
        ann_file: str | None = "",
        with_label: bool = True,
        extensions: Sequence[str] = IMAGE_EXTENSIONS,
        metainfo: Mapping[str, Any] | None = None,
        lazy_init: bool = False,
        file_client_args: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if file_client_args is not None:
            backend = choose_backend(file_client_args=file_client_args)
            is_local = isinstance(backend, LocalBackend)
            self.file_client_args = None if is_local else file_client_args
        if not (data_root or data_prefix or ann_file):
            raise ValueError("one of data_root, data_prefix and ann_file must be given, got none")
        self.with_label = with_label
        self.extensions = tuple(sorted({ending.lower() for ending in extensions}))
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            lazy_init=lazy_init,
            **kwargs,
        )

    def load_data_list(self) -> Sequence[Sample]:
        """Return the samples of the list file or the folder, with 'img_path' and 'gt_label'."""
        samples = self._read_list() if self.ann_file else self._search_folder()
        paths, labels = PackedStrings(), array("q")
        for name, label in samples:
            paths.append(os.path.join(self.img_prefix, name))
            labels.append(label)
        if not self.with_label:
            return Records({"img_path": paths})
        # NumPy has no zero-length view of a buffer.
        column = np.frombuffer(labels, dtype=np.int64) if labels else np.zeros(0, np.int64)
        return Records({"img_path": paths, "gt_label": column})

    def _read_list(self) -> Iterator[tuple[str, int]]:
        try:
            with self._open_list() as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield self._parse_line(line, number)
        except OSError as err:
            raise missing_file(self.ann_file) from err
        except UnicodeDecodeError as err:
            raise DataError(self.ann_file, f"is no text in UTF-8: {err}") from err

    def _open_list(self) -> TextIO:
        if self.file_client_args is None and not is_remote(self.ann_file):
            return open(self.ann_file, encoding="utf-8-sig")  # Windows begins files with a mark
        return io.StringIO(read_text(self.ann_file, self.file_client_args).removeprefix("\ufeff"))

    def _parse_line(self, line: str, number: int) -> tuple[str, int]:
        if not self.with_label:
            return line.rstrip("\r\n"), 0
        name, _, label = line.strip().rpartition(" ")
        try:
            return name, int(label)
        except ValueError as err:
            raise DataError(
                f"{self.ann_file}:{number}",
                f"'{line.strip()}' does not end in a label",
                expected="a path, a space and an integer",
                next_step="Correct the line, or set with_label=False for images without labels.",
            ) from err

    def check_files(self) -> None:
        """Look for the list file or the folder, and for one sub-folder per class."""
        super().check_files()
        if not self.ann_file:
            self._check_folder()
            if self.with_label:
                self.find_class_folders()

    def _check_folder(self) -> None:
        if not is_folder(self.img_prefix, self.file_client_args):
            raise DataError(
                self.img_prefix,
                "this folder is missing",
                next_step="Put the images there, or correct data_root or data_prefix.",
            )

    def _search_folder(self) -> Iterable[tuple[str, int]]:
        self._check_folder()
        if self.with_label:
            return self._search_classes()
        return [(name, 0) for name in self._find_files(self.img_prefix)]

    def _find_files(self, folder: str) -> list[str]:
        if self.file_client_args is None and not is_remote(folder):
            return find_files(folder, self.extensions)
        return list_files(folder, self.extensions, self.file_client_args)

    def find_class_folders(self) -> list[str]:
        """Return the sub-folders in the order of their labels.

        Raises:
            DataError: If there are not as many as classes.
        """
        folders = list_folders(self.img_prefix, self.file_client_args)
        if self.CLASSES is not None and len(self.CLASSES) != len(folders):
            raise DataError(
                self.img_prefix,
                f"{len(folders)} sub-folders do not fit {len(self.CLASSES)} classes",
                next_step="Correct the folder, or give as many names as 'classes'.",
            )
        return folders

    def _search_classes(self) -> Iterator[tuple[str, int]]:
        folders = self.find_class_folders()
        self._metainfo.setdefault("classes", tuple(folders))
        self.folder_to_idx = {name: label for label, name in enumerate(folders)}
        _warn_of_swapped_names(self.img_prefix, folders, self._metainfo["classes"])
        empty = []
        for label, folder in enumerate(folders):
            names = self._find_files(os.path.join(self.img_prefix, folder))
            yield from ((os.path.join(folder, name), label) for name in names)
            if not names:
                empty.append(folder)
        if empty:
            warnings.warn(
                f"{self.img_prefix}: no image in the class folders {', '.join(empty)}"
                f" (endings {', '.join(self.extensions)})",
                stacklevel=2,
            )


def _warn_of_swapped_names(source: str, folders: Sequence[str], classes: Sequence[str]) -> None:
    """Tell when images in folder 'cat' get the class name 'dog': labels follow folders' order."""
    known = set(classes)
    swapped = [(f, c) for f, c in zip(folders, classes, strict=False) if f != c and f in known]
    if swapped:
        folder, name = swapped[0]
        warnings.warn(
            f"{source}: the labels are those of the sorted folders, so the images in '{folder}' are"
            f" called '{name}'; name the classes in the order of the folders",
            stacklevel=2,
        )


def find_files(folder: str, extensions: tuple[str, ...]) -> list[str]:
    """Return the files below a folder with one of the endings, relative to it, sorted as text.

    Hidden files are left out, hidden folders are searched, links are followed: as both originals
    do.
    """
    found: list[str] = []
    pending = [""]
    while pending:
        below = pending.pop()
        with os.scandir(os.path.join(folder, below)) as entries:
            for entry in entries:
                name = os.path.join(below, entry.name)
                if entry.is_dir():
                    pending.append(name)
                elif not entry.name.startswith(".") and entry.name.lower().endswith(extensions):
                    found.append(name)
    return sorted(found)
