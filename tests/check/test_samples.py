import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlight.check.findings import Findings
from mmlight.check.samples import choose, examine_files, examine_labels, name_of, read_samples
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.read.node import Origin
from mmlight.spec import Call

CALL = Call("x", path="train_dataloader.dataset", origin=Origin("a.py", 4))


def load(folder: Path, *steps: Any, **options: Any) -> CustomDataset:
    return CustomDataset(
        data_prefix=str(folder / "train"),
        pipeline=[LoadImageFromFile(**options), *steps],
        test_mode=True,
    )


def test_chooses_the_same_samples_again() -> None:
    assert choose(5000, 6) == choose(5000, 6)
    assert len(choose(5000, 6)) == 8
    assert (choose(5000, 6)[0], choose(5000, 6)[-1]) == (0, 4999)
    assert choose(0, 6) == []
    assert choose(1, 6) == [0]


def test_notes_what_the_dataset_skips(photos: Path) -> None:
    for file in (photos / "train").glob("*/*"):
        file.write_bytes(b"no image")
    dataset = CustomDataset(
        data_prefix=str(photos / "train"), pipeline=[LoadImageFromFile()], on_error="skip"
    )
    found = Findings()
    assert read_samples(CALL, dataset, found) == []
    examine_files(CALL, dataset, found)
    assert found.errors == []
    assert found.notes[0].text.endswith(
        "the file holds no image that can be decoded, and is skipped."
    )


def test_reads_sound_samples(photos: Path) -> None:
    found = Findings()
    samples = read_samples(CALL, load(photos), found)
    assert len(samples) == len(choose(20, 6))
    assert (found.errors, found.notes) == ([], [])


def test_names_every_file_that_cannot_be_read(photos: Path) -> None:
    first, last = photos / "train" / "0" / "0000.png", photos / "train" / "9" / "0001.png"
    first.write_bytes(b"no image")
    last.write_bytes(b"no image either")
    found = Findings()
    samples = read_samples(CALL, load(photos), found)
    assert len(samples) == len(choose(20, 6)) - 2
    assert [error.path for error in found.errors] == [str(first), str(last)]
    for error in found.errors:
        assert error.problem == "the file holds no image that can be decoded"
        assert error.origin == "a.py:4"


def test_names_the_files_on_which_a_step_fails(photos: Path) -> None:
    def fail(results: dict[str, Any]) -> None:
        raise ZeroDivisionError("by zero")

    found = Findings()
    dataset = load(photos, fail)
    assert read_samples(CALL, dataset, found) == []
    (error,) = found.errors
    names = ", ".join(name_of(dataset, index) for index in choose(20, 6))
    assert error.problem == f"the pipeline fails on {names}: ZeroDivisionError: by zero"
    assert error.path == "train_dataloader.dataset"


def test_notes_what_the_pipeline_rejects(photos: Path) -> None:
    file = photos / "train" / "0" / "0000.png"
    file.write_bytes(b"no image")
    found = Findings()
    read_samples(CALL, load(photos, ignore_empty=True), found)
    assert found.errors == []
    assert [note.text for note in found.notes] == [f"The pipeline rejects {file}."]


def test_reads_any_dataset() -> None:
    assert read_samples(CALL, ["a", "b"], Findings()) == ["a", "b"]
    assert name_of(["a"], 0) == "sample 0"


# -------------------------------------------------------------------------- labels


class Labelled:
    CLASSES = ("a", "b", "c")

    def __init__(self, *labels: int) -> None:
        self.labels = np.array(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def get_gt_labels(self) -> Any:
        return self.labels


@pytest.mark.parametrize(("labels", "wrong"), [((0, 2, 1), 1), ((0, -1, 1), 1)])
def test_tells_a_label_that_the_model_does_not_know(labels: tuple[int, ...], wrong: int) -> None:
    found = Findings()
    examine_labels(CALL, Labelled(*labels), 2, found)
    (error,) = found.errors
    label = labels[wrong]
    assert error.problem == f"sample {wrong} has label {label}, the model tells 2 classes apart"
    assert error.expected == "labels from 0 to 1"


def test_notes_classes_without_samples() -> None:
    found = Findings()
    examine_labels(CALL, Labelled(2, 2), 3, found)
    assert found.errors == []
    assert [note.text for note in found.notes] == ["2 of 3 classes have no sample: a, b."]


def test_says_nothing_without_labels() -> None:
    found = Findings()
    examine_labels(CALL, ["a"], 3, found)
    assert (found.errors, found.notes) == ([], [])


# -------------------------------------------------------------------------- files


def test_tells_files_that_are_missing_or_empty(photos: Path) -> None:
    dataset = load(photos)
    first, other = photos / "train" / "0" / "0000.png", photos / "train" / "5" / "0001.png"
    first.unlink()
    other.write_bytes(b"")
    found = Findings()
    examine_files(CALL, dataset, found)
    (error,) = found.errors
    assert error.problem == f"2 of 20 images are missing or empty, the first is {first}"
    found = Findings()
    examine_files(CALL, load(photos, ignore_empty=True), found)
    assert found.errors == []
    assert f"1 of 19 images are missing or empty, the first is {other}." in str(found)


def test_notes_files_that_are_no_images(photos: Path) -> None:
    file = photos / "train" / "3" / "0000.png"
    file.write_bytes(b"no image")
    found = Findings()
    examine_files(CALL, load(photos), found)
    assert found.errors == []
    text = f"1 files are no images that can be read, the first is {file}."
    assert [note.text for note in found.notes] == [text]


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "a.zip"])
def test_looks_for_no_file_on_disk_when_it_lies_elsewhere(photos: Path, place: str) -> None:
    (photos / "list.txt").write_text("1.jpg 0\n")
    with zipfile.ZipFile(photos / "a.zip", "w") as archive:
        archive.writestr("1.jpg", b"")
    prefix = place if "://" in place else str(photos / place)
    dataset = CustomDataset(ann_file=str(photos / "list.txt"), data_prefix=prefix)
    found = Findings()
    examine_files(CALL, dataset, found)
    assert (found.errors, found.notes) == ([], [])


def test_looks_for_no_file_on_disk_when_a_backend_is_named(photos: Path) -> None:
    (photos / "list.txt").write_text("1.jpg 0\n")
    steps = [LoadImageFromFile(file_client_args={"backend": "lmdb", "db_path": "x"})]
    dataset = CustomDataset(ann_file=str(photos / "list.txt"), pipeline=steps)
    found = Findings()
    examine_files(CALL, dataset, found)
    assert found.errors == []
    dataset.pipeline = [LoadImageFromFile()]
    examine_files(CALL, dataset, found)
    assert "the first is 1.jpg" in found.errors[0].problem
