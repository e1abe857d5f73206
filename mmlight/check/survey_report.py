"""Tells what a survey of the data has found: as text, as findings, as JSON."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from mmlight.check.findings import Findings
from mmlight.check.samples import SHOWN, list_shown
from mmlight.check.survey import Fault, Member, StageSurvey, Survey
from mmlight.errors import DataError
from mmlight.visualize.labels import name_class

MAX_CLASSES: Final = 20
"""So many classes get a row of the table."""
NEXT_STEPS: Final = {
    "missing": "Put them there, or take them out of the annotations.",
    "empty": "Copy them again, or take them out of the annotations.",
    "corrupt": "Replace them, or take them out of the annotations.",
}


def to_findings(survey: Survey) -> Findings:
    """Sort what was found: problems stop a training or falsify its result, the rest are notes."""
    found = Findings()
    for error in survey.errors:
        found.add(error)
    for stage in survey.stages.values():
        _tell_faults(stage, [f for f in survey.faults if f.stage == stage.stage], found)
        _tell_labels(stage, found)
    _tell_equal(survey, found)
    _tell_classes(survey, found)
    return found.fold()


def _tell_faults(stage: StageSurvey, faults: Sequence[Fault], found: Findings) -> None:
    for kind in ("missing", "empty", "corrupt", "damaged"):
        chosen = [fault for fault in faults if fault.kind == kind]
        if not chosen:
            continue
        texts = [fault.name + f" ({fault.detail})" * bool(fault.detail) for fault in chosen]
        text = f"{len(chosen)} of {stage.count} images {kind}:{_list_lines(texts)}"
        if kind in NEXT_STEPS:
            found.add(_problem(stage, text, NEXT_STEPS[kind]))
        else:  # what is decoded is what trains
            found.note(stage.call.path, text, stage.call.origin)


def _list_lines(texts: Sequence[str]) -> str:
    """Return the first texts, each on a line of its own."""
    lines = [*texts[:SHOWN], *["..."] * (len(texts) > SHOWN)]
    return "".join(f"\n    {line}" for line in lines)


def _tell_labels(stage: StageSurvey, found: Findings) -> None:
    count = len(stage.classes)
    wrong = sorted(n for n in stage.labels if n < 0 or (count and n >= count))
    if wrong:
        several = sum(stage.labels[number] for number in wrong)
        text = f"{several} labels have no class: {list_shown(wrong)}, there are {count} classes"
        found.add(_problem(stage, text, "Correct the labels, or name all classes."))
    empty = [name for number, name in enumerate(stage.classes) if not stage.labels[number]]
    if empty and stage.labels:
        text = f"{len(empty)} of {count} classes have no sample: {list_shown(empty)}."
        found.note(stage.call.path, text, stage.call.origin)
    if stage.unlabeled and stage.labels:
        text = f"{stage.unlabeled} of {stage.count} images have no class."
        found.note(stage.call.path, text, stage.call.origin)


def _tell_equal(survey: Survey, found: Findings) -> None:
    for stage in survey.stages.values():
        both = {"train", stage.stage}
        groups = [group for group in survey.groups if both <= {m.stage for m in group}]
        own = [[m for m in group if m.stage == stage.stage] for group in survey.groups]
        if groups and stage.stage != "train":
            count = sum(member.stage == stage.stage for group in groups for member in group)
            text = f"{count} of {stage.count} images also in train:{_list_groups(groups)}"
            found.add(_problem(stage, text, "Take them out of one of the two."))
        own = [group for group in own if len(group) > 1]
        if own:
            count = sum(len(group) - 1 for group in own)
            text = f"{count} of {stage.count} images repeated:{_list_groups(own)}"
            found.note(stage.call.path, text, stage.call.origin)
    odd = [group for group in survey.groups if "conflict" in classify(group)]
    if odd:
        owner = survey.stages[odd[0][-1].stage]
        text = f"{sum(map(len, odd))} images are equal to one with other labels:"
        found.add(_problem(owner, text + _list_groups(odd, labels=True), "Correct the labels."))


def classify(group: Sequence[Member]) -> set[str]:
    """Tell what is wrong with samples that are equal: 'duplicate', 'leak', 'conflict'.

    Examples:
        >>> sorted(classify([Member("train", "a", ("cat",)), Member("val", "b", ("dog",))]))
        ['conflict', 'leak']
    """
    stages = [member.stage for member in group]
    kinds = {"duplicate"} if len(set(stages)) < len(stages) else set()
    kinds |= {"leak"} if "train" in stages and len(set(stages)) > 1 else set()
    labels = {member.labels for member in group if member.labels}
    return kinds | ({"conflict"} if len(labels) > 1 else set())


def _list_groups(groups: Sequence[Sequence[Member]], *, labels: bool = False) -> str:
    texts = []
    for group in groups[: SHOWN + 1]:
        members = [m.name + f" ({', '.join(m.labels)})" * labels for m in group[:SHOWN]]
        texts.append(" = ".join(members + ["..."] * (len(group) > SHOWN)))
    return _list_lines(texts)


def _tell_classes(survey: Survey, found: Findings) -> None:
    """Compare the classes of the other stages with those of training."""
    train = survey.stages.get("train")
    for stage in survey.stages.values():
        if train is None or stage is train or not train.classes or not stage.classes:
            continue
        if stage.classes == train.classes:
            continue
        ours, theirs = set(train.classes), set(stage.classes)
        parts = [
            f"{list_shown(sorted(names))} only in {owner}"
            for owner, names in (("train", ours - theirs), (stage.stage, theirs - ours))
            if names
        ]
        text = "; ".join(parts) or f"the order is another: {_first_difference(train, stage)}"
        found.add(
            _problem(
                stage,
                f"its {len(theirs)} classes are not the {len(ours)} of train: {text}",
                "Name the classes in the config, the same for each stage.",
            )
        )


def _first_difference(train: StageSurvey, stage: StageSurvey) -> str:
    pairs = enumerate(zip(train.classes, stage.classes, strict=True))
    number, (ours, theirs) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    return f"label {number} is {ours!r} in train and {theirs!r} here"


def _problem(stage: StageSurvey, text: str, next_step: str) -> DataError:
    origin = stage.call.origin or ""
    return DataError(stage.call.path or stage.stage, text, origin=origin, next_step=next_step)


# -------------------------------------------------------------------------- the summary


def describe_survey(survey: Survey) -> str:
    """Return a few lines on each stage, and how many samples the classes have."""
    blocks = ["\n".join(_describe_stage(stage)) for stage in survey.stages.values()]
    blocks += [f"{stage}: reads what {other} reads" for stage, other in survey.same.items()]
    table = list(_describe_balance(list(survey.stages.values())))
    return "\n\n".join([*blocks, *(["\n".join(table)] if table else [])]) + "\n"


def _describe_stage(stage: StageSurvey) -> Iterator[str]:
    yield f"{stage.stage}: {_count(stage.count, 'image')}, {_count(len(stage.classes), 'class')}"
    sizes = stage.sizes[stage.sizes[:, 0] > 0]
    if len(sizes):
        yield "  size    " + _describe_sizes(sizes)
    if stage.modes:
        kinds = ", ".join(f"{count} {mode}" for mode, count in stage.modes.most_common())
        yield f"  kind    {kinds}"
    if stage.rotated:
        yield f"  turned  {_count(stage.rotated, 'image')}, as EXIF data ask for"


def _count(number: int, thing: str) -> str:
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number} {thing if number == 1 else plural}"


def _describe_sizes(sizes: Any) -> str:
    low, high = sizes.min(axis=0), sizes.max(axis=0)
    if (low == high).all():
        return f"all {low[0]}x{low[1]}"
    middle = np.median(sizes, axis=0).astype(int)
    aspect = sizes[:, 0] / sizes[:, 1]
    return (
        f"{low[0]} to {high[0]} wide (median {middle[0]}), {low[1]} to {high[1]} high "
        f"(median {middle[1]}), width by height {aspect.min():.2f} to {aspect.max():.2f}"
    )


def _describe_balance(stages: Sequence[StageSurvey]) -> Iterator[str]:
    """Yield a table of samples per class: of all, or of the largest and the smallest in train."""
    stages = [stage for stage in stages if stage.labels]
    if not stages:
        return
    first = stages[0]
    count = max(len(first.classes), max(first.labels) + 1)
    counts = [first.labels[number] for number in range(count)]
    order = sorted(range(count), key=lambda number: -counts[number])
    if count > MAX_CLASSES:
        half = MAX_CLASSES // 2
        middle = f"({count - 2 * half} more, median {statistics.median(counts):g})"
        rows = [*order[:half], None, *order[-half:]]
    else:
        middle, rows = "", list(range(count))
    names = [middle if number is None else name_class(number, first.classes) for number in rows]
    width = min(max(map(len, [*names, "class"])), 40)
    yield "class".ljust(width) + "".join(f"{stage.stage:>9}" for stage in stages)
    for number, name in zip(rows, names, strict=True):
        cells = ["" if number is None else str(_count_of(stage, name, number)) for stage in stages]
        yield (name[:width].ljust(width) + "".join(f"{cell:>9}" for cell in cells)).rstrip()


def _count_of(stage: StageSurvey, name: str, number: int) -> int:
    """Return how many samples of a class there are; other stages may number it otherwise."""
    if name in stage.classes:
        return stage.labels[stage.classes.index(name)]
    return 0 if stage.classes else stage.labels[number]


def to_json(survey: Survey) -> dict[str, Any]:
    """Return everything that was found, as plain data."""
    return {
        "stages": {
            stage.stage: {
                "images": stage.count,
                "classes": list(stage.classes),
                "samples_per_class": _by_name(stage),
                "kinds": dict(stage.modes),
                "turned_by_exif": stage.rotated,
                "without_class": stage.unlabeled,
            }
            for stage in survey.stages.values()
        },
        "same_data": survey.same,
        "faults": [fault._asdict() for fault in survey.faults],
        "equal_images": [
            {"kinds": sorted(classify(group)), "samples": [m._asdict() for m in group]}
            for group in survey.groups
        ],
        "problems": [str(error) for error in to_findings(survey).errors],
    }


def _by_name(stage: StageSurvey) -> dict[str, int]:
    numbers = sorted({*range(len(stage.classes)), *stage.labels})
    counts: Counter[str] = Counter()
    for number in numbers:
        counts[name_class(number, stage.classes)] += stage.labels[number]
    return dict(counts)
