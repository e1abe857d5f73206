from collections.abc import Callable
from pathlib import Path

import pytest

from mmlight.check.blank import examine_pipeline
from mmlight.check.datasets import examine_datasets
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from mmlight.run import read_spec, try_read_spec
from tests.check.conftest import TEXT, photos_text, write_changed

Only = Callable[..., MMLightError]
LAST = "dict(type='RandomFlip', prob=0.5),\n    dict(type='PackInputs')"


def shapes(folder: Path, text: str, changes: dict[str, str]) -> list[object]:
    path, _ = write_changed(folder, changes, text)
    found = Findings()
    made = [examine_pipeline(s, found) for s in examine_datasets(read_spec(path), found)]
    assert found.errors == []
    return made


def test_learns_what_the_network_gets(photos: Path) -> None:
    assert shapes(photos, TEXT, {}) == [(1, 32, 32)] * 3
    text = photos_text(photos)
    assert shapes(photos, text, {}) == [(3, 32, 32)] * 3
    grey = text.replace("'LoadImageFromFile'", "'LoadImageFromFile', color_type='grayscale'")
    assert shapes(photos, grey, {}) == [(1, 32, 32)] * 3


def test_says_nothing_when_the_pipeline_is_not_known(photos: Path) -> None:
    path, _ = write_changed(photos, {"'RandomFlip'": "'RandomFlipp'"})
    found = Findings()
    translation = try_read_spec(path)
    found.errors += translation.errors
    sources = examine_datasets(translation.spec, found)
    assert examine_pipeline(sources[0], found) is None
    assert len(found.errors) == 1


def test_tells_when_nothing_loads_the_image(only: Only, photos: Path) -> None:
    text = photos_text(photos).replace("dict(type='LoadImageFromFile'),", "", 1)
    error = only({}, text)
    assert error.path == "train_dataloader.dataset.pipeline[0]"
    assert error.problem.startswith("Resize needs 'img', which no step before it")
    assert error.next_step.endswith("such as LoadImageFromFile.")


def test_tells_when_a_dataset_in_memory_loads_images(only: Only) -> None:
    error = only({"train_pipeline = [": "train_pipeline = [dict(type='LoadImageFromFile'),"})
    assert error.problem.startswith("LoadImageFromFile needs 'img_path', which")


def test_tells_when_nothing_packs(only: Only) -> None:
    error = only({LAST: "dict(type='RandomFlip', prob=0.5)"})
    assert error.path == "train_dataloader.dataset.pipeline"
    assert "and no 'inputs'" in error.problem
    assert "'gt_label'" in error.problem
    assert error.origin == "pipeline=train_pipeline),"


def test_tells_when_there_are_no_labels_to_train_with(only: Only, photos: Path) -> None:
    changes = {"data_prefix='train',": "data_prefix='train', with_label=False,"}
    error = only(changes, photos_text(photos))
    assert error.problem == "the training samples have no 'target'"


@pytest.mark.parametrize("step", ["dict(type='Normalize', mean=[1., 2., 3., 4.], std=[1.])"])
def test_tells_when_a_step_cannot_take_what_comes(only: Only, photos: Path, step: str) -> None:
    error = only({LAST: f"{step}, {LAST}"}, photos_text(photos))
    assert error.path == "train_dataloader.dataset.pipeline[2]"
    assert error.problem.startswith("Normalize cannot take what the steps before it make: ")


def test_notes_when_a_step_fails_on_usual_sizes_only(photos: Path) -> None:
    crop = "dict(type='RandomCrop', crop_size=700, generation='0.x')"
    resize = "dict(type='Resize', scale=(32, 32)),\n    dict(type='RandomFlip'"
    text = photos_text(photos).replace(resize, f"{crop},\n    dict(type='RandomFlip'")
    path, _ = write_changed(photos, {}, text)
    found = Findings()
    sources = examine_datasets(read_spec(path), found)
    assert examine_pipeline(sources[0], found) is None
    assert found.errors == []
    assert "fails on images of 800x600 pixels: crop_size must fit" in str(found.notes[0])
