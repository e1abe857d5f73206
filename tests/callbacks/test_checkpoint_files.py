"""Files are whole or not there, and read as safely as others."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.plugins.io import AsyncCheckpointIO

from mmlight.callbacks.checkpoint_files import (
    WholeFiles,
    copy_whole,
    link,
    use_whole_files,
    write_whole,
)
from mmlight.errors import WeightsError
from tests.callbacks.nets import build_trainer


def test_old_file_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    WholeFiles().save_checkpoint({"a": 1}, path)

    def fail(part: str) -> None:
        Path(part).write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert torch.load(path, weights_only=True) == {"a": 1}
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_what_an_interrupted_run_left_goes_when_the_next_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "epoch_1.ckpt.part").write_bytes(b"half")
    (tmp_path / "mine.part").write_bytes(b"not ours")
    WholeFiles().save_checkpoint({}, tmp_path / "epoch_2.ckpt")
    assert sorted(os.listdir(tmp_path)) == ["epoch_2.ckpt", "mine.part"]


def test_folder_is_made_when_missing(tmp_path: Path) -> None:
    WholeFiles().save_checkpoint({"a": 1}, tmp_path / "b" / "c" / "a.ckpt")
    assert WholeFiles().load_checkpoint(tmp_path / "b" / "c" / "a.ckpt") == {"a": 1}


def test_values_of_numpy_are_read_and_code_is_not(tmp_path: Path) -> None:
    files = WholeFiles()
    files.save_checkpoint({"score": np.float64(0.5)}, tmp_path / "a.ckpt")
    assert files.load_checkpoint(tmp_path / "a.ckpt", weights_only=True)["score"] == 0.5
    files.save_checkpoint({"f": os.system}, tmp_path / "b.ckpt")
    with pytest.raises(WeightsError, match="could run code"):
        files.load_checkpoint(tmp_path / "b.ckpt", weights_only=False)


def test_other_storages_are_left_to_lightning(tmp_path: Path) -> None:
    address = "memory://run/a.ckpt"
    WholeFiles().save_checkpoint({"a": 1}, address)
    assert WholeFiles().load_checkpoint(address, weights_only=True) == {"a": 1}
    assert os.listdir(tmp_path) == []


def test_another_way_to_write_stays_when_the_trainer_was_given_one() -> None:
    trainer = build_trainer()
    use_whole_files(trainer)
    assert type(trainer.strategy.checkpoint_io) is WholeFiles

    class Mine(TorchCheckpointIO):
        pass

    for io in (Mine(), AsyncCheckpointIO(TorchCheckpointIO())):
        trainer = build_trainer(plugins=[io])
        use_whole_files(trainer)
        assert trainer.strategy.checkpoint_io is io


def test_link_points_to_what_other_writers_make(tmp_path: Path) -> None:
    """A strategy may write folders, a plugin may write later."""
    (tmp_path / "a.ckpt").mkdir()
    for name in ("a.ckpt", "later.ckpt"):
        link(str(tmp_path / name), str(tmp_path / "last.ckpt"))
        assert os.readlink(tmp_path / "last.ckpt") == name


@pytest.mark.parametrize("allowed", [True, False], ids=["link", "copy"])
def test_copy_is_whole_where_links_are_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no links here")

    if not allowed:
        monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(os, "symlink", refuse)
    first, second, last = (str(tmp_path / name) for name in ("a.ckpt", "b.ckpt", "last.ckpt"))
    Path(first).write_text("new")
    Path(second).write_text("old")
    for _ in range(2):  # again, when it is the same file already
        copy_whole(first, second)
        link(second, last)
    assert Path(second).read_text() == Path(last).read_text() == "new"
    assert os.path.samefile(first, second) == os.path.islink(last) == allowed
    assert sorted(os.listdir(tmp_path)) == ["a.ckpt", "b.ckpt", "last.ckpt"]
