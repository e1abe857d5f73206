"""Makes the datasets of a Spec without reading them, and looks for their files."""

import inspect
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mmlight.check.calls import find_taken, find_target
from mmlight.check.construct import BROKEN, construct, has_broken
from mmlight.check.findings import Findings
from mmlight.check.paths import add_missing, missing_path
from mmlight.data.datasets.base import BaseDataset
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.storage import is_remote
from mmlight.errors import ConfigError, DataError, UnsupportedValueError
from mmlight.spec import Call, Spec, find_calls
from mmlight.upgrade.shape import STAGES


@dataclass(frozen=True)
class DataSource:
    """One dataset of a stage.

    Args:
        stage: 'train', 'val' or 'test'.
        call: What the Spec says about it.
        dataset: The dataset, nothing read yet; None when it could not be made.
        pipeline: Its transforms with the calls that made them; None when one could not be made.
        classes: Names of its classes, as far as they can be known without reading it.
    """

    stage: str
    call: Call
    dataset: BaseDataset | None
    pipeline: list[tuple[Call, Any]] | None
    classes: tuple[str, ...] | None = None


def examine_datasets(spec: Spec, found: Findings) -> list[DataSource]:
    """Make every dataset that derives from `BaseDataset`; others are left for `--data`."""
    return [_examine(stage, call, found) for stage, call in find_datasets(spec)]


def find_datasets(spec: Spec) -> Iterator[tuple[str, Call]]:
    """Yield the datasets that derive from `BaseDataset`, those inside wrappers too."""
    for stage in STAGES:
        loader = spec.data.get(stage)
        inside = loader.kwargs.get("dataset") if isinstance(loader, Call) else None
        for call in find_calls(inside):
            try:
                target = find_target(call)
            except ConfigError:
                continue
            if inspect.isclass(target) and issubclass(target, BaseDataset):
                yield stage, call


def _examine(stage: str, call: Call, found: Findings) -> DataSource:
    steps = _find_steps(call, found)
    made = [construct(step, found) for step in steps]
    pipeline = list(zip(steps, made, strict=True))
    whole = not has_broken(made) and not found.concern(f"{call.path}.pipeline")
    dataset = construct(_unread(call, found), found)
    if dataset is BROKEN:
        return DataSource(stage, call, None, pipeline if whole else None)
    _examine_files(call, dataset, found)
    return DataSource(stage, call, dataset, pipeline if whole else None, _find_classes(dataset))


def _find_steps(call: Call, found: Findings) -> list[Call]:
    """Return the calls of a pipeline; what is no `dict(type=...)` has not become one."""
    steps = call.kwargs.get("pipeline")
    path, origin = f"{call.path}.pipeline", call.origins.get("pipeline") or call.origin or ""
    wrong = {} if steps is None else {path: steps}
    if isinstance(steps, (list, tuple)):
        places = {f"{path}[{index}]": step for index, step in enumerate(steps)}
        wrong = {place: step for place, step in places.items() if not _is_step(step)}
    for place, step in wrong.items():
        found.add(
            UnsupportedValueError(
                place,
                f"{step!r} is no transform",
                origin=origin,
                expected="dict(type=...)" if place != path else "a list of dict(type=...)",
                next_step="Correct the pipeline.",
            )
        )
    items = steps if isinstance(steps, (list, tuple)) else ()
    return [step for step in items if isinstance(step, Call)]


def _is_step(step: Any) -> bool:
    return isinstance(step, Call) or callable(step) or (isinstance(step, dict) and "type" in step)


def _unread(call: Call, found: Findings) -> Call:
    """Return the call of a dataset that reads nothing when it is made, and has no pipeline."""
    kwargs = {key: value for key, value in call.kwargs.items() if key != "pipeline"}
    taken = find_taken(find_target(call))
    if taken.takes_any or "lazy_init" in taken.names:
        kwargs["lazy_init"] = True
    classes = kwargs.get("classes")
    if isinstance(classes, str) and not os.path.isfile(os.path.expanduser(classes)):
        add_missing(found, missing_path(call, "classes", os.path.expanduser(classes)))
        del kwargs["classes"]
    return replace(call, kwargs=kwargs)


def _examine_files(call: Call, dataset: BaseDataset, found: Findings) -> None:
    missing = list(_find_missing(call, dataset))
    for key, path in missing:
        add_missing(found, missing_path(call, key, path))
    if missing:
        return
    try:
        dataset.check_files()
    except DataError as error:
        key = _first_given(call, "data_prefix", "data_root")
        error.origin = error.origin or str(call.origins.get(key) or call.origin or "")
        add_missing(found, error)
    except OSError as error:
        found.add(DataError(dataset.source, f"it cannot be read: {error.strerror}"))


def _find_missing(call: Call, dataset: BaseDataset) -> Iterator[tuple[str, str]]:
    """Yield the arguments whose file or folder is not there; behind a missing root, no others."""
    if dataset.file_client_args is not None:  # reading tells
        return
    root = dataset.data_root
    if root and not is_remote(root) and not os.path.isdir(root):
        yield "data_root", root
        return
    list_file = dataset.ann_file
    if list_file and not is_remote(list_file) and not os.path.isfile(list_file):
        yield _first_given(call, "ann_file", "split", "data_root"), list_file
    for folder in dict.fromkeys(dataset.data_prefix.values()):
        if folder and not is_remote(folder) and not os.path.isdir(folder):
            yield _first_given(call, "data_prefix", "split", "data_root"), folder


def _first_given(call: Call, *keys: str) -> str:
    return next((key for key in keys if call.kwargs.get(key)), keys[0])


def _find_classes(dataset: BaseDataset) -> tuple[str, ...] | None:
    """Return the class names; a folder without a list has one class in each sub-folder."""
    if dataset.CLASSES is not None:
        return tuple(dataset.CLASSES)
    if not isinstance(dataset, CustomDataset) or dataset.ann_file or not dataset.with_label:
        return None
    try:
        return tuple(dataset.find_class_folders())
    except (DataError, OSError):
        return None  # has been told
