"""Reads the data of a Spec for real: labels, files, and some samples through their pipeline."""

import os
import random
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from mmlight.check.findings import Findings
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.records import Records
from mmlight.data.datasets.wrapper import prepare_sample
from mmlight.data.samplers.labels import read_single_labels
from mmlight.data.storage import is_remote
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.errors import DataError, MMLightError
from mmlight.spec import Call

SAMPLES_BETWEEN: Final = 6
"""Samples that are read besides the first and the last."""
MAX_FILES: Final = 10_000
"""So many files of a dataset are looked for."""
MAX_HEADERS: Final = 1000
"""So many files of a dataset are opened."""
SHOWN: Final = 5


def read_samples(call: Call, dataset: Any, found: Findings) -> list[Any]:
    """Read the first sample, the last and some between, the same in every check.

    Args:
        call: What the Spec says about the dataset.
        dataset: Any dataset.
        found: Gets each file that cannot be read and each way in which the pipeline fails.

    Returns:
        The samples that could be read.
    """
    samples = []
    failed: dict[str, list[str]] = {}
    for index in choose(len(dataset), SAMPLES_BETWEEN):
        try:
            sample = prepare_sample(dataset, index)
        except MMLightError as error:
            if _skips(dataset):
                found.note(
                    call.path, f"{error.path}: {error.problem}, and is skipped.", call.origin
                )
                continue
            error.origin = error.origin or str(call.origin or "")
            found.add(error)
        except Exception as error:
            text = " ".join(str(error).split()).rstrip(".")
            failed.setdefault(f"{type(error).__name__}: {text}", []).append(name_of(dataset, index))
        else:
            samples += [] if sample is None else [sample]
            if sample is None:
                text = f"The pipeline rejects {name_of(dataset, index)}."
                found.note(call.path, text, call.origin)
    for reason, names in failed.items():
        problem = f"the pipeline fails on {', '.join(names)}: {reason}"
        found.add(DataError(call.path, problem, origin=call.origin or ""))
    return samples


def _skips(dataset: Any) -> bool:
    """Tell whether the dataset replaces what it cannot read."""
    return getattr(dataset, "skipped", None) is not None


def choose(count: int, between: int) -> list[int]:
    """Return the first index, the last, and some others, in order.

    Examples:
        >>> choose(3, 6)
        [0, 1, 2]
        >>> choose(1000, 2)[0], choose(1000, 2)[-1], len(choose(1000, 2))
        (0, 999, 4)
    """
    others = random.Random(0).sample(range(count), min(between, count))
    return sorted({0, count - 1, *others}) if count else []


def name_of(dataset: Any, index: int) -> str:
    """Return the file of a sample, or its number."""
    info = dataset.get_data_info(index) if isinstance(dataset, BaseDataset) else {}
    return str(info.get("img_path", f"sample {index}"))


def list_shown(items: Sequence[Any]) -> str:
    """Join the first items, at most `SHOWN`.

    Examples:
        >>> list_shown(range(9))
        '0, 1, 2, 3, 4 ...'
    """
    return ", ".join(map(str, items[:SHOWN])) + " ..." * (len(items) > SHOWN)


# -------------------------------------------------------------------------- labels and files


def examine_labels(call: Call, dataset: Any, num_classes: int | None, found: Findings) -> bool:
    """Compare the labels with the classes of the model, and tell of classes without samples.

    Returns:
        Whether a loss can be computed with them.
    """
    labels = read_single_labels(dataset)
    if labels is None or not len(labels):
        return True
    place = int(labels.argmax()) if labels.min() >= 0 else int(labels.argmin())
    is_right = not num_classes or 0 <= labels[place] < num_classes
    if not is_right:
        found.add(
            DataError(
                call.path,
                f"{name_of(dataset, place)} has label {labels[place]}, "
                f"the model tells {num_classes} classes apart",
                origin=call.origin or "",
                expected=f"labels from 0 to {(num_classes or 0) - 1}",
                next_step="Correct the labels, or num_classes of the model.",
            )
        )
    names = getattr(dataset, "CLASSES", None) or ()
    empty = np.flatnonzero(
        np.bincount(labels[labels >= 0], minlength=len(names))[: len(names)] == 0
    )
    if len(empty):
        shown = list_shown([names[label] for label in empty])
        text = f"{len(empty)} of {len(names)} classes have no sample: {shown}."
        found.note(call.path, text, call.origin)
    return bool(is_right)


def examine_files(call: Call, dataset: Any, found: Findings) -> None:
    """Look for the image files, and open some of them; at most `MAX_FILES` and `MAX_HEADERS`."""
    paths = _list_files(dataset)
    gone = [path for path in paths if not os.path.isfile(path) or not os.path.getsize(path)]
    steps = getattr(dataset, "pipeline", ())
    drops = _skips(dataset) or any(
        isinstance(step, LoadImageFromFile) and step.ignore_empty for step in steps
    )
    if gone:
        text = f"{len(gone)} of {len(paths)} images are missing or empty, the first is {gone[0]}"
        if drops:
            found.note(call.path, f"{text}.", call.origin)
        else:
            next_step = "Put them there, or take them out of the annotations."
            origin = call.origin or ""
            found.add(DataError(call.path, text, origin=origin, next_step=next_step))
    there = [path for path in paths if path not in set(gone)]
    odd = list(_find_unreadable(there[i] for i in choose(len(there), MAX_HEADERS)))
    if odd:
        text = f"{len(odd)} files are no images that can be read, the first is {odd[0]}."
        found.note(call.path, text, call.origin)


def _list_files(dataset: Any) -> Sequence[str]:
    """Return files on disk; what lies elsewhere is found missing when samples are read."""
    loaders = [step for step in dataset.pipeline if isinstance(step, LoadImageFromFile)]
    if not all(step.reads_disk for step in loaders):
        return []
    records = getattr(dataset, "data_list", None)
    if not isinstance(records, Records) or "img_path" not in records.columns:
        return []
    paths = records.columns["img_path"]
    chosen = (paths[index] for index in choose(len(paths), MAX_FILES))
    return [path for path in chosen if not is_remote(path)]


def _find_unreadable(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        try:
            with Image.open(path):
                pass
        except (OSError, ValueError, SyntaxError):
            yield path
