"""The newest checkpoint is found among others, damaged ones and those of the originals."""

import os
import time
from pathlib import Path

import pytest
import torch

from mmlight.weights.newest import find_newest, find_newest_of_mm, strip_suffix


def write(path: Path, age: float = 0.0) -> Path:
    torch.save({"a": torch.rand(99)}, path)
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def test_finds_the_newest_whole_one_when_others_are_damaged(tmp_path: Path) -> None:
    assert find_newest(str(tmp_path / "missing")) is None
    assert find_newest(str(tmp_path)) is None
    torch.save({"a": torch.rand(99)}, tmp_path / "epoch_9.ckpt")
    whole = (tmp_path / "epoch_9.ckpt").read_bytes()
    old = time.time() - 100
    os.utime(tmp_path / "epoch_9.ckpt", (old, old))
    for name in ("epoch_10.ckpt", "iter_5.ckpt"):  # equal times: the larger number is newer
        (tmp_path / name).write_bytes(whole)
        os.utime(tmp_path / name, (old + 10, old + 10))
    (tmp_path / "epoch_11.ckpt").write_bytes(whole[:-30])
    (tmp_path / "epoch_12.ckpt").write_bytes(b"")
    for name in ("best_acc_epoch_13.ckpt", "last.ckpt", "epoch_x.ckpt", "epoch_14.ckpt.tmp"):
        (tmp_path / name).write_bytes(whole)
    assert find_newest(str(tmp_path)) == str(tmp_path / "epoch_10.ckpt")
    os.remove(tmp_path / "epoch_10.ckpt")
    assert find_newest(str(tmp_path)) == str(tmp_path / "iter_5.ckpt")


def test_finds_names_of_a_template_when_given(tmp_path: Path) -> None:
    write(tmp_path / "state-7.ckpt", 5)
    write(tmp_path / "state-x.ckpt")
    assert find_newest(str(tmp_path)) is None
    assert find_newest(str(tmp_path), "state-{}.pth") == str(tmp_path / "state-7.ckpt")
    write(tmp_path / "broken_off.ckpt", 3)
    assert find_newest(str(tmp_path), "state-{}.pth") == str(tmp_path / "broken_off.ckpt")


@pytest.mark.parametrize("template", ["v1.2_{}", "v1.2_{:02d}.pth"])
def test_finds_names_of_any_template_that_str_format_takes(tmp_path: Path, template: str) -> None:
    for number in (7, 12):
        write(tmp_path / f"{strip_suffix(template).format(number)}.ckpt", 20 - number)
    newest = tmp_path / "v1.2_12.ckpt"
    assert find_newest(str(tmp_path), template) == str(newest)


@pytest.mark.parametrize("moved", [False, True])
def test_follows_the_note_of_mmengine(tmp_path: Path, moved: bool) -> None:
    write(tmp_path / "epoch_1.pth")
    path = write(tmp_path / "mine.pth", 50)
    told = Path("/nowhere/mine.pth") if moved else path
    (tmp_path / "last_checkpoint").write_text(f"{told}\n")
    assert find_newest_of_mm(str(tmp_path)) == str(path)
    path.write_bytes(b"half")
    assert find_newest_of_mm(str(tmp_path)) == str(tmp_path / "epoch_1.pth")


def test_follows_the_link_of_mmcv(tmp_path: Path) -> None:
    assert find_newest_of_mm(str(tmp_path / "missing")) is None
    assert find_newest_of_mm(str(tmp_path)) is None
    write(tmp_path / "iter_5.pth", 90)
    write(tmp_path / "iter_9.pth", 10)
    assert find_newest_of_mm(str(tmp_path)) == str(tmp_path / "iter_9.pth")
    os.symlink("iter_5.pth", tmp_path / "latest.pth")
    assert find_newest_of_mm(str(tmp_path)) == str(tmp_path / "latest.pth")
