"""Turns published datasets that are described by MATLAB files into samples."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from mmlight.data.datasets.annotations import join_root, missing_file, read_class_names
from mmlight.data.datasets.list_set import Listed, SplitFilesDataset
from mmlight.errors import DataError


def read_mat(path: str) -> dict[str, Any]:
    """Read a MATLAB file of version 5: structs become dicts, arrays of structs lists of dicts.

    Raises:
        DataError: If scipy is not installed, or the file is missing or damaged.
    """
    try:
        scipy_io = import_module("scipy.io")
    except ImportError as err:
        raise DataError(
            path,
            "a MATLAB file is read by scipy, which is not installed",
            next_step="pip install scipy",
        ) from err
    try:
        content: dict[str, Any] = scipy_io.loadmat(path, simplify_cells=True)
    except FileNotFoundError as err:
        raise missing_file(path) from err
    except Exception as err:  # damaged files raise nearly any type
        raise DataError(path, f"is no MATLAB file: {err}") from err
    return content


def read_field(content: Any, path: str, *names: str) -> list[Any]:
    """Return a field of a MATLAB file as a list; one value alone counts as a list.

    Args:
        content: What `read_mat` returned.
        path: The file, for the error text.
        *names: The field, and those inside it; a list of structs has the fields of each.

    Raises:
        DataError: If there is no such field.
    """
    for name in names:
        try:
            content = (
                content[name] if isinstance(content, dict) else [item[name] for item in content]
            )
        except (KeyError, IndexError, TypeError) as err:
            raise DataError(path, f"the field '{'.'.join(names)}' is missing") from err
    return list(np.atleast_1d(np.asarray(content)).tolist())


def join_fields(path: str, *fields: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Go through fields side by side.

    Raises:
        DataError: If they differ in length.
    """
    if len({len(field) for field in fields}) > 1:
        lengths = ", ".join(str(len(field)) for field in fields)
        raise DataError(path, f"the fields differ in length: {lengths}")
    return zip(*fields, strict=True)


class DTD(SplitFilesDataset):
    """Describable Textures, the first of its ten splits: `images` and `imdb/imdb.mat`.

    Reading it takes scipy. Arguments and errors as in `SplitFilesDataset`; `split` is 'trainval',
    'train', 'val' or 'test'.

    From: mmpretrain 1.2 `DTD`.
    """

    METAINFO: ClassVar[dict[str, Any]] = {"classes": read_class_names("dtd")}
    splits: ClassVar[dict[str, str]] = dict.fromkeys(
        ("trainval", "train", "val", "test"), "imdb/imdb.mat"
    )
    folder: ClassVar[str] = "images"
    sets: ClassVar[dict[str, tuple[int, ...]]] = {
        "trainval": (1, 2),
        "train": (1,),
        "val": (2,),
        "test": (3,),
    }

    def list_samples(self) -> Listed:
        """Yield the images of the part."""
        content = read_mat(self.ann_file)
        keys = ("name", "class", "set")
        fields = [read_field(content, self.ann_file, "images", key) for key in keys]
        for name, label, part in join_fields(self.ann_file, *fields):
            if part in self.sets[self.split]:
                yield name, int(label) - 1


class Flowers102(SplitFilesDataset):
    """Oxford Flowers with 102 classes: `jpg`, `imagelabels.mat` and `setid.mat`; has no names.

    Reading it takes scipy. Arguments and errors as in `SplitFilesDataset`; `split` is 'trainval',
    'train', 'val' or 'test'.

    From: mmpretrain 1.2 `Flowers102`.
    """

    splits: ClassVar[dict[str, str]] = dict.fromkeys(
        ("trainval", "train", "val", "test"), "imagelabels.mat"
    )
    folder: ClassVar[str] = "jpg"
    fields: ClassVar[dict[str, tuple[str, ...]]] = {
        "trainval": ("trnid", "valid"),
        "train": ("trnid",),
        "val": ("valid",),
        "test": ("tstid",),
    }

    def list_samples(self) -> Listed:
        """Yield the images of the part."""
        labels = read_field(read_mat(self.ann_file), self.ann_file, "labels")
        path = join_root(self.data_root, "setid.mat")
        content = read_mat(path)
        for field in self.fields[self.split]:
            for number in read_field(content, path, field):
                if not 0 < number <= len(labels):
                    problem = f"image {number} has no label, there are {len(labels)}"
                    raise DataError(self.ann_file, problem)
                yield f"image_{number:05}.jpg", int(labels[number - 1]) - 1
