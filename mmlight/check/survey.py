"""Reads the whole data of a config, in parallel: files, sizes, labels, duplicates."""

import bisect
import os
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mmlight.check.image_facts import (
    Facts,
    Stderr,
    digest,
    examine_sample,
    path_of,
    read_info,
)
from mmlight.compat import provide_names
from mmlight.data.loader_config import FORK
from mmlight.errors import DataError, MMLightError
from mmlight.run import Overrides, Source, try_read_spec
from mmlight.spec import Call
from mmlight.stage_data import build_stage, find_parts, no_data, without_pipelines
from mmlight.upgrade.shape import STAGES
from mmlight.visualize.labels import list_classes
from mmlight.visualize.sample import label_of

CHUNK: Final = 64
PENDING: Final = 4
"""So many chunks per process are handed out in advance."""

Advance = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""
Chunk = tuple[str, Any]
"""A stage, and the places of some of its samples."""
Stream = Callable[[Callable[..., Any], Iterable[Chunk]], Iterator[tuple[Chunk, Any]]]
"""Has the processes do some work on each chunk, and yields chunks with results."""


class Samples(Sequence[tuple[Any, int]]):
    """The samples of a dataset, through its wrappers: the part that has it, its number there."""

    def __init__(self, dataset: Any) -> None:
        self.parts = list(find_parts(dataset))
        self._ends = np.cumsum([len(indices) for _, indices in self.parts]).tolist()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, place: Any) -> Any:
        number = bisect.bisect_right(self._ends, place)
        part, indices = self.parts[number]
        return part, int(indices[place - (self._ends[number - 1] if number else 0)])


class Fault(NamedTuple):
    """A file that cannot be used; see `Facts`."""

    stage: str
    kind: str
    name: str
    detail: str


class Member(NamedTuple):
    """One of several samples with the same contents."""

    stage: str
    name: str
    labels: tuple[str, ...]


@dataclass
class StageSurvey:
    """What is known about the data of a stage.

    Args:
        stage: 'train', 'val' or 'test'.
        call: What the Spec says about its dataset.
        classes: Names of its classes.
        count: Number of samples; those that a wrapper repeats count once.
        keys: `Facts.key` of each, uint64 `(N,)`.
        sizes: Width and height of each [px], int32 `(N, 2)`.
        labels: How many samples have each class.
        modes: How many files are of each kind.
        rotated: How many files ask to be shown turned.
        unlabeled: How many samples have no class.
    """

    stage: str
    call: Call
    classes: tuple[str, ...]
    count: int
    keys: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    labels: Counter[int] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    rotated: int = 0
    unlabeled: int = 0


@dataclass
class Survey:
    """What `survey_data` has found.

    Args:
        stages: The stages that were read, by name.
        same: Stages that read what another does, by name.
        faults: Files that cannot be used.
        groups: Samples with the same contents, at least two each.
        errors: Stages whose dataset cannot be made.
    """

    stages: dict[str, StageSurvey] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    groups: list[tuple[Member, ...]] = field(default_factory=list)
    errors: list[MMLightError] = field(default_factory=list)


@provide_names()
def survey_data(
    source: Source,
    overrides: Overrides = None,
    *,
    workers: int | None = None,
    advance: Advance = lambda what, done, total: None,
    safe: bool = False,
) -> Survey:
    """Read every sample of every stage once.

    A million files take some 20 MB here: of each, 16 bytes are kept.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
        workers: Processes that read; None for one per core.
        advance: Is told about the progress.
        safe: Read the config without running it.

    Raises:
        MMLightError: If the config cannot be read, or describes no data.
    """
    translation = try_read_spec(source, overrides, safe=safe)
    survey = Survey()
    data: dict[str, Samples] = {}
    known: list[tuple[str, Any]] = []
    for stage in STAGES:
        if translation.spec.data.get(stage) is None:
            continue
        try:
            built = build_stage(translation, stage)
        except MMLightError as error:
            survey.errors.append(error)
            continue
        call = built.call.kwargs["dataset"]
        read = without_pipelines(call)
        twin = next((name for name, other in known if other == read), None)
        if twin is not None:
            survey.same[stage] = twin
            continue
        known.append((stage, read))
        data[stage] = Samples(built.dataset)
        count = len(data[stage])
        keys, sizes = np.zeros(count, np.uint64), np.zeros((count, 2), np.int32)
        survey.stages[stage] = StageSurvey(stage, call, built.classes, count, keys, sizes)
    if not data and not survey.errors:
        raise no_data("train")
    classes = {stage: found.classes for stage, found in survey.stages.items()}
    processes = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(processes, get_context(FORK), _start_worker, (data, classes)) as pool:
        stream = partial(_stream, pool, PENDING * processes)
        for stage in data:
            _read_stage(stream, survey, stage, advance)
        _compare(stream, survey, data, advance)
    return survey


def _read_stage(stream: Stream, survey: Survey, stage: str, advance: Advance) -> None:
    found = survey.stages[stage]
    chunks = [(stage, range(i, min(i + CHUNK, found.count))) for i in range(0, found.count, CHUNK)]
    done = 0
    for (_, places), facts in stream(_read_chunk, chunks):
        for place, fact in zip(places, facts, strict=True):
            _count(survey, found, place, fact)
        done += len(places)
        advance(stage, done, found.count)


def _count(survey: Survey, found: StageSurvey, place: int, fact: Facts) -> None:
    found.keys[place] = fact.key
    found.sizes[place] = fact.width, fact.height
    found.labels.update(fact.labels)
    found.unlabeled += not fact.labels
    if fact.mode:
        found.modes[fact.mode] += 1
    found.rotated += fact.rotated
    if fact.fault:
        name = fact.name or f"{found.stage} sample {place}"
        survey.faults.append(Fault(found.stage, fact.fault, name, fact.detail))


# -------------------------------------------------------------------------- duplicates


def _compare(stream: Stream, survey: Survey, data: Mapping[str, Samples], advance: Advance) -> None:
    """Find equal contents: those whose keys are equal are read again and compared for certain."""
    places = _find_candidates({stage: found.keys for stage, found in survey.stages.items()})
    chunks = [
        (stage, chosen[i : i + CHUNK])
        for stage, chosen in places.items()
        for i in range(0, len(chosen), CHUNK)
    ]
    total, done = sum(map(len, places.values())), 0
    groups: dict[bytes, list[tuple[str, int]]] = {}
    for (stage, chosen), found in stream(_digest_chunk, chunks):
        for place, value in zip(chosen, found, strict=True):
            groups.setdefault(value, []).append((stage, int(place)))
        done += len(chosen)
        advance("duplicates", done, total)
    for group in groups.values():
        if len(group) > 1:
            members = [_describe(data[stage][i], i, survey.stages[stage]) for stage, i in group]
            survey.groups.append(tuple(members))


def _find_candidates(keys: Mapping[str, NDArray[np.uint64]]) -> dict[str, NDArray[np.int64]]:
    """Return the places of each stage whose key occurs more than once.

    Examples:
        >>> _find_candidates({"train": np.uint64([5, 0, 7, 0]), "val": np.uint64([7, 8])})
        {'train': array([2]), 'val': array([0])}
    """
    if not keys:
        return {}
    values, counts = np.unique(np.concatenate(list(keys.values())), return_counts=True)
    repeated = values[(counts > 1) & (values > 0)]
    return {stage: np.flatnonzero(np.isin(own, repeated)) for stage, own in keys.items()}


def _describe(sample: tuple[Any, int], place: int, found: StageSurvey) -> Member:
    info = read_info(*sample)
    labels = tuple(sorted(list_classes(label_of(info), found.classes)))
    return Member(found.stage, path_of(info) or f"{found.stage} sample {place}", labels)


# -------------------------------------------------------------------------- processes


_data: dict[str, Samples] = {}
_classes: dict[str, tuple[str, ...]] = {}
_stderr = Stderr()


def _start_worker(data: dict[str, Samples], classes: dict[str, tuple[str, ...]]) -> None:
    _data.update(data)
    _classes.update(classes)
    _stderr.__enter__()  # until the process ends
    warnings.simplefilter("ignore")
    cv2.setNumThreads(0)


def _read_chunk(stage: str, places: Iterable[int]) -> list[Facts]:
    count = len(_classes[stage]) or None
    samples = (_data[stage][place] for place in places)
    return [examine_sample(part, index, count, _stderr) for part, index in samples]


def _digest_chunk(stage: str, places: Iterable[int]) -> list[bytes]:
    return [digest(*_data[stage][place]) for place in places]


def _stream(
    pool: ProcessPoolExecutor, most: int, work: Callable[..., Any], chunks: Iterable[Chunk]
) -> Iterator[tuple[Chunk, Any]]:
    """Yield each chunk with its result, in order; at most `most` are handed out in advance."""
    pending: deque[tuple[Chunk, Future[Any]]] = deque()
    try:
        for chunk in chunks:
            pending.append((chunk, pool.submit(work, *chunk)))
            if len(pending) >= most:
                yield pending[0][0], pending.popleft()[1].result()
        while pending:
            yield pending[0][0], pending.popleft()[1].result()
    except BrokenProcessPool as error:
        raise DataError(
            "--workers",
            "a process that read files has died, of too little memory or of a broken file",
            next_step="Try --workers 1.",
        ) from error
