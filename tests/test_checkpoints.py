from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmlight.checkpoints import (
    anchor_paths,
    find_resume_point,
    find_weights,
    read_evaluation,
    read_seed,
    read_spec_of,
)
from mmlight.errors import ConfigError, WeightsError
from mmlight.spec import Call, Spec

SPEC = Spec(
    model={"backbone": Call("torch.nn.Identity")},
    trainer={"accelerator": "gpu", "devices": 8, "precision": "bf16-mixed", "max_epochs": 9},
    callbacks=(Call("mmlight.callbacks.PredictionGrid", {"work_dir": "old"}),),
    seed=0,
    work_dir="old",
)


def _write(path: Path, spec: Spec = SPEC, **content: object) -> str:
    torch.save({"mmlight": {"spec": spec.to_yaml()}, "optimizer_states": [], **content}, path)
    return str(path)


def test_starts_afresh_when_nothing_is_to_be_resumed(tmp_path: Path) -> None:
    _write(tmp_path / "epoch_1.ckpt")
    assert find_resume_point(replace(SPEC, work_dir=str(tmp_path), resume=False)) is None
    assert find_resume_point(replace(SPEC, work_dir=str(tmp_path / "none"), resume=True)) is None


def test_finds_the_newest_and_the_named_checkpoint(tmp_path: Path) -> None:
    first = _write(tmp_path / "epoch_1.ckpt")
    second = _write(tmp_path / "epoch_2.ckpt")
    spec = replace(SPEC, work_dir=str(tmp_path))
    assert find_resume_point(replace(spec, resume=True)) == second
    assert find_resume_point(replace(spec, resume=first)) == first
    assert find_weights(spec, "test") == second
    assert find_weights(replace(spec, load_from="x.pth"), "test") == "x.pth"


def test_refuses_to_resume_mere_weights(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="weights but no training state") as error:
        find_resume_point(replace(SPEC, resume=str(tmp_path / "a.pth")))
    assert error.value.path == str(tmp_path / "a.pth")


def test_names_the_command_when_there_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="the work directory has none") as error:
        find_weights(replace(SPEC, work_dir=str(tmp_path)), "predict")
    assert "mmlight predict --config X.py CHECKPOINT" in error.value.next_step


def test_goes_on_with_the_seed_of_the_checkpoint(tmp_path: Path) -> None:
    assert read_seed(_write(tmp_path / "a.ckpt"), 5) == 0
    unseeded = replace(SPEC, seed=None)
    assert read_seed(_write(tmp_path / "b.ckpt", unseeded), 5) == 5


def test_reads_the_spec_of_a_checkpoint() -> None:
    assert read_spec_of({"mmlight": {"spec": SPEC.to_yaml()}}, "a") == SPEC


def test_tells_when_a_checkpoint_describes_nothing() -> None:
    with pytest.raises(WeightsError, match="does not describe its model"):
        read_spec_of({"state_dict": {}}, "a.pth")
    with pytest.raises(ConfigError, match="this does not describe a run") as error:
        read_spec_of({"mmlight": {"spec": "trainer: {}"}}, "a.ckpt")
    assert error.value.origin == "a.ckpt"


def test_leaves_the_training_behind_when_it_evaluates(tmp_path: Path) -> None:
    spec = read_evaluation(_write(tmp_path / "a.ckpt"))
    assert spec.trainer == {"precision": "bf16-mixed"}
    assert spec.work_dir == str(tmp_path)
    assert spec.callbacks[0].kwargs == {"work_dir": str(tmp_path)}


def test_writes_next_to_a_checkpoint_of_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / "a.ckpt")
    monkeypatch.chdir(tmp_path)
    assert read_evaluation("a.ckpt").work_dir == "."


def _anchored(**kwargs: object) -> dict[str, object]:
    inner = Call("X", kwargs)
    outer = Call("Repeat", {"dataset": inner})
    spec = anchor_paths(replace(SPEC, data={"train": Call("Loader", {"dataset": [outer]})}))
    found: dict[str, object] = dict(
        spec.data["train"].kwargs["dataset"][0].kwargs["dataset"].kwargs
    )
    return found


def test_makes_the_paths_of_datasets_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "names.txt").write_text("cat\n")
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path)
    # below data_root everything is relative to it
    assert _anchored(data_root="data", ann_file="names.txt") == {
        "data_root": f"{here}/data",
        "ann_file": "names.txt",
    }
    assert _anchored(data_prefix="data/train", ann_file="names.txt", classes="names.txt") == {
        "data_prefix": f"{here}/data/train",
        "ann_file": f"{here}/names.txt",
        "classes": f"{here}/names.txt",
    }
    assert _anchored(data_prefix={"img_path": "data"}) == {
        "data_prefix": {"img_path": f"{here}/data"}
    }
    unchanged = {"data_prefix": "gone", "classes": ["cat"], "split": "data", "ann_file": ""}
    assert _anchored(**unchanged) == unchanged


def _write_mm(path: Path, **content: object) -> str:
    meta = {"epoch": 1, "iter": 4, "seed": 5, "mmengine_version": "0.10.7"}
    torch.save({"meta": meta, "state_dict": {"a": torch.ones(1)}, **content}, path)
    return str(path)


def test_resumes_a_run_of_mm_when_there_is_none_of_ours(tmp_path: Path) -> None:
    spec = replace(SPEC, work_dir=str(tmp_path), resume=True)
    theirs = _write_mm(tmp_path / "epoch_3.pth", optimizer={})
    assert find_resume_point(spec) == theirs
    assert read_seed(theirs, 0) == 5
    ours = _write(tmp_path / "epoch_1.ckpt")
    assert find_resume_point(spec) == ours
    assert find_resume_point(replace(spec, resume=theirs)) == theirs


def test_refuses_a_file_of_mm_without_optimizer(tmp_path: Path) -> None:
    path = _write_mm(tmp_path / "best_acc_epoch_1.pth")
    with pytest.raises(WeightsError, match="weights but no training state") as error:
        find_resume_point(replace(SPEC, resume=path))
    assert error.value.path == path


def test_looks_where_the_callback_writes(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    path = _write(tmp_path / "out" / "state-7.ckpt")
    kwargs = {"dirpath": str(tmp_path / "out"), "filename_tmpl": "state-{}.pth"}
    saver = Call("mmlight.callbacks.Checkpoint", kwargs)
    spec = replace(SPEC, work_dir=str(tmp_path), callbacks=(saver,))
    assert find_resume_point(replace(spec, resume=True)) == path
    assert find_weights(spec, "test") == path
