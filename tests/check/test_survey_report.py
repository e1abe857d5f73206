"""What falsifies a training is a problem, the rest a note; all of it is in the JSON."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from mmlight.check.survey import Fault, Member, StageSurvey, Survey
from mmlight.check.survey_report import classify, describe_survey, to_findings, to_json
from mmlight.errors import DataError
from mmlight.read.node import Origin
from mmlight.spec import Call


def stage(name: str = "train", **options: Any) -> StageSurvey:
    call = Call("x", path=f"data.{name}", origin=Origin("a.py", 4))
    sizes = np.array([[500, 375], [20, 40], [100, 100], [0, 0]], np.int32)
    facts: dict[str, Any] = {"classes": ("cat", "dog"), "labels": Counter({0: 3, 1: 1})}
    return StageSurvey(
        name, call, count=4, keys=np.zeros(4, np.uint64), sizes=sizes, **{**facts, **options}
    )


def tell(survey: Survey) -> tuple[list[str], list[str]]:
    found = to_findings(survey)
    for error in found.errors:
        assert isinstance(error, DataError)
        assert error.origin == "a.py:4"
        assert error.next_step
    return [f"{e.path}: {e.problem}" for e in found.errors], [note.text for note in found.notes]


def test_sound_data_have_no_problem() -> None:
    survey = Survey({"train": stage(), "val": stage("val")})
    assert tell(survey) == ([], [])
    assert to_findings(survey).exit_code() == 0


@pytest.mark.parametrize("kind", ["missing", "empty", "corrupt"])
def test_bad_files_are_problems(kind: str) -> None:
    faults = [Fault("train", kind, f"{i}.png", "why" * (kind == "corrupt")) for i in range(7)]
    (problem,), notes = tell(Survey({"train": stage(), "val": stage("val")}, faults=faults))
    why = " (why)" if kind == "corrupt" else ""
    first = "".join(f"\n    {i}.png{why}" for i in range(5))
    assert problem == f"data.train: 7 of 4 images {kind}:{first}\n    ..."
    assert not notes


def test_damaged_files_are_a_note() -> None:
    survey = Survey({"train": stage()}, faults=[Fault("train", "damaged", "a.png", "25 bytes")])
    assert tell(survey) == ([], ["1 of 4 images damaged:\n    a.png (25 bytes)"])


def test_equal_images_are_told_apart() -> None:
    cat, dog = ("cat",), ("dog",)
    groups = [
        (Member("train", "a", cat), Member("train", "b", cat)),
        (Member("train", "c", cat), Member("val", "d", cat), Member("val", "e", cat)),
        (Member("train", "f", cat), Member("train", "g", dog)),
    ]
    survey = Survey({"train": stage(), "val": stage("val")}, groups=groups)
    problems, notes = tell(survey)
    assert problems == [
        "data.val: 2 of 4 images also in train:\n    c = d = e",
        "data.train: 2 images are equal to one with other labels:\n    f (cat) = g (dog)",
    ]
    assert notes == [
        "2 of 4 images repeated:\n    a = b\n    f = g",
        "1 of 4 images repeated:\n    d = e",
    ]
    assert to_findings(survey).exit_code() == 2


@pytest.mark.parametrize(
    ("stages", "kinds"),
    [
        ("train train", {"duplicate"}),
        ("train val", {"leak"}),
        ("val test", set()),
        ("val test val", {"duplicate"}),
    ],
)
def test_kinds_of_equality(stages: str, kinds: set[str]) -> None:
    assert classify([Member(name, "a", ("cat",)) for name in stages.split()]) == kinds


def test_labels_without_a_class_are_a_problem() -> None:
    wrong = stage(labels=Counter({0: 1, 1: 1, 5: 2, -1: 1}))
    problems, _ = tell(Survey({"train": wrong}))
    assert problems == ["data.train: 3 labels have no class: -1, 5, there are 2 classes"]


def test_classes_without_samples_are_a_note() -> None:
    survey = Survey({"train": stage(labels=Counter({0: 3}), unlabeled=1)})
    expected = ["1 of 2 classes have no sample: dog.", "1 of 4 images have no class."]
    assert tell(survey) == ([], expected)


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        (("dog", "cat"), "the order is another: label 0 is 'cat' in train and 'dog' here"),
        (("cat", "cow"), "dog only in train; cow only in val"),
        (("cat",), "dog only in train"),
    ],
)
def test_other_classes_are_a_problem(classes: tuple[str, ...], text: str) -> None:
    other = stage("val", classes=classes, labels=Counter({0: 4}))
    (problem,), _ = tell(Survey({"train": stage(), "val": other}))
    assert problem == f"data.val: its {len(classes)} classes are not the 2 of train: {text}"


def test_summary_tells_sizes_kinds_and_balance() -> None:
    train = stage(modes=Counter({"RGB": 3, "CMYK": 1}), rotated=2)
    val = stage("val", classes=("dog", "cat"), labels=Counter({0: 9, 1: 5}))
    lines = describe_survey(Survey({"train": train, "val": val}, {"test": "val"})).splitlines()
    wide, high = "20 to 500 wide (median 100)", "40 to 375 high (median 100)"
    assert lines[:4] == [
        "train: 4 images, 2 classes",
        f"  size    {wide}, {high}, width by height 0.50 to 1.33",
        "  kind    3 RGB, 1 CMYK",
        "  turned  2 images, as EXIF data ask for",
    ]
    assert "test: reads what val reads" in lines
    assert [line.split() for line in lines[-3:]] == [
        ["class", "train", "val"],
        ["cat", "3", "5"],  # whatever its number is there
        ["dog", "1", "9"],
    ]


def test_table_of_many_classes_shows_both_ends() -> None:
    names = tuple(f"class {number}" for number in range(100))
    labels = Counter({number: number for number in range(1, 100)})
    rows = describe_survey(Survey({"train": stage(classes=names, labels=labels)})).splitlines()
    table = [line.split() for line in rows[-21:]]
    assert table[0] == ["class", "99", "99"]
    assert table[10] == ["(80", "more,", "median", "49.5)"]
    assert table[-1] == ["class", "0", "0"]


def test_json_has_everything() -> None:
    group = (Member("train", "a", ("cat",)), Member("val", "b", ("dog",)))
    survey = Survey(
        {"train": stage(), "val": stage("val")},
        faults=[Fault("train", "empty", "c", "it has no bytes")],
        groups=[group],
    )
    data = to_json(survey)
    assert data["stages"]["train"]["samples_per_class"] == {"cat": 3, "dog": 1}
    assert data["faults"] == [
        {"stage": "train", "kind": "empty", "name": "c", "detail": "it has no bytes"}
    ]
    (equal,) = data["equal_images"]
    assert equal["kinds"] == ["conflict", "leak"]
    assert [sample["name"] for sample in equal["samples"]] == ["a", "b"]
    assert len(data["problems"]) == 3
