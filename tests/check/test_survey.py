"""The whole data is read in parallel; equal images are found wherever they are."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from torch.utils.data import ConcatDataset, Subset

from mmlight.check.survey import CHUNK, Samples, Survey, survey_data
from mmlight.errors import ConfigError
from tests.runs import LENET_OLD, write_config, write_image_folder

TEXT = """
model = dict(type='ImageClassifier', backbone=dict(type='Unknown'))
train_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='RandomCrop', size=9), dict(type='Nothing')]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='ImageToTensor', keys=['img'])]
train_pipeline.pop()
data = dict(
    samples_per_gpu=4,
    workers_per_gpu=0,
    train=dict(type='CustomDataset', data_prefix={train!r}, pipeline=train_pipeline),
    val=dict(type='CustomDataset', data_prefix={val!r}, pipeline=test_pipeline),
    test=dict(type='CustomDataset', data_prefix={val!r}, pipeline=[test_pipeline[0]]))
"""


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Write Fashion-MNIST images: 8 of each class for training, 2 for validation."""
    write_image_folder(tmp_path / "train", per_class=8, size_px=16)
    write_image_folder(tmp_path / "val", per_class=2, size_px=20, split="val")
    return tmp_path


def survey(folder: Path, change: str = "", **options: Any) -> Survey:
    text = TEXT.format(train=str(folder / "train"), val=str(folder / "val"))
    return survey_data(write_config(folder, text + change), **{"workers": 2, **options})


def names(found: Survey) -> list[list[str]]:
    folder = Path(found.groups[0][0].name).parents[2] if found.groups else ""
    return [[str(Path(m.name).relative_to(folder)) for m in group] for group in found.groups]


def test_counts_every_sample_of_every_stage_once(folders: Path) -> None:
    told: list[tuple[str, int, int]] = []
    found = survey(folders, advance=lambda *state: told.append(state))
    assert list(found.stages) == ["train", "val"]
    assert found.same == {"test": "val"}  # another pipeline, the same images
    train, val = found.stages.values()
    assert (train.count, val.count) == (80, 20)
    assert train.labels == Counter(dict.fromkeys(range(10), 8))
    assert (train.sizes == 16).all()
    assert (val.sizes == 20).all()
    assert train.modes == {"L": 80}
    assert (found.faults, found.groups, found.errors) == ([], [], [])
    assert told == [("train", CHUNK, 80), ("train", 80, 80), ("val", 20, 20)]


def test_finds_what_is_wrong_in_any_chunk(folders: Path) -> None:
    (folders / "train" / "0" / "0001.png").write_bytes(b"")
    (folders / "train" / "9" / "0007.png").write_bytes(b"no image")
    found = survey(folders)
    assert [(f.stage, f.kind, Path(f.name).parts[-2:]) for f in found.faults] == [
        ("train", "empty", ("0", "0001.png")),
        ("train", "corrupt", ("9", "0007.png")),
    ]
    assert found.stages["train"].labels[0] == 8  # a bad file has its label
    assert (found.stages["train"].sizes == 16).sum() == 2 * 78


def test_finds_missing_files_of_a_list(folders: Path) -> None:
    (folders / "list.txt").write_text("0/0000.png 0\n0/none.png 1\n")
    found = survey(folders, f"data['train']['ann_file'] = {str(folders / 'list.txt')!r}\n")
    assert [(f.kind, Path(f.name).name) for f in found.faults] == [("missing", "none.png")]


def test_finds_equal_files_in_and_across_stages(folders: Path) -> None:
    train, val = folders / "train", folders / "val"
    shutil.copy(train / "0" / "0000.png", train / "0" / "copy.png")
    shutil.copy(train / "1" / "0003.png", val / "2" / "leak.png")
    found = survey(folders)
    assert sorted(names(found)) == [
        ["train/0/0000.png", "train/0/copy.png"],
        ["train/1/0003.png", "val/2/leak.png"],
    ]
    (leak,) = [group for group in found.groups if group[1].stage == "val"]
    assert [member.labels for member in leak] == [("1",), ("2",)]


def test_equal_keys_are_compared_for_certain(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmlight.check.image_facts._key", lambda content: 7)
    shutil.copy(folders / "train" / "0" / "0000.png", folders / "train" / "5" / "copy.png")
    assert names(survey(folders)) == [["train/0/0000.png", "train/5/copy.png"]]


def test_finds_equal_arrays_in_memory(tmp_path: Path) -> None:
    same = "data['val'] = dict(data['train'], test_mode=False)\n"
    found = survey_data(write_config(tmp_path, LENET_OLD + same), workers=1)
    assert found.stages["train"].modes == {"L": 6000}
    assert found.same == {}
    assert len(found.groups) == 6000
    assert {tuple(member.stage for member in group) for group in found.groups} == {("train", "val")}


def test_goes_on_when_a_stage_cannot_be_made(folders: Path) -> None:
    found = survey(folders, "data['train']['data_prefix'] = '/nowhere'\n")
    assert list(found.stages) == ["val"]
    assert [error.path for error in found.errors] == ["/nowhere"]


def test_tells_when_there_are_no_data(folders: Path) -> None:
    with pytest.raises(ConfigError, match="train_dataloader: the config describes no such data"):
        survey(folders, "del data\n")


def test_samples_of_wrappers_are_found_where_they_are() -> None:
    first, second = ["a", "b"], ["c", "d", "e"]
    samples = Samples(ConcatDataset([first, Subset(second, [2, 0])]))  # type: ignore
    assert len(samples) == 4
    assert [samples[i] for i in range(4)] == [(first, 0), (first, 1), (second, 2), (second, 0)]


def test_large_survey_keeps_little(folders: Path) -> None:
    image = cv2.imread(str(folders / "train" / "0" / "0000.png"))
    assert image is not None
    found = survey(folders)
    kept = found.stages["train"]
    assert kept.keys.nbytes + kept.sizes.nbytes == 16 * 80
    assert isinstance(kept.keys, np.ndarray)
