"""The command `analyze`."""

import json
from pathlib import Path

import cv2
import pytest

from mmlight.cli import main
from tests.runs import LENET_NEW, LENET_OLD, write_config


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what was complained about."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


@pytest.mark.slow
@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW])
def test_analyze_writes_figures_and_pictures(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, text)
    folder = tmp_path / "work"
    limits = ("--trainer.max_epochs", "1", "--trainer.limit_train_batches", "30")
    assert run(capsys, "fit", config, "--work-dir", folder, *limits)[0] == 0
    words = ("analyze", config, folder / "last.ckpt", "-o", tmp_path / "found", "--stage", "val")
    code, shown, _ = run(capsys, *words)
    assert code == 0
    lines = shown.splitlines()
    assert lines[0].startswith("1000 images of 10 classes, ")
    assert lines[-1] == f"written: {tmp_path / 'found'}/"
    rows = json.loads((tmp_path / "found" / "results.json").read_text())
    right = sum(row["gt_label"] == row["pred_label"] for row in rows)
    assert f"{right / 10:.2f} % right" in lines[0]
    for name in ("confusion.png", "right.png", "wrong.png"):
        assert min(cv2.imread(str(tmp_path / "found" / name)).shape[:2]) > 300


def test_analyze_needs_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = run(capsys, "analyze")
    assert code == 2
    assert "--config: no config was given" in complaint


def test_analyze_tells_first_where_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    words = (write_config(tmp_path, LENET_OLD), "no.pth", "-o", tmp_path / "taken" / "inside")
    code, _, complaint = run(capsys, "analyze", *words)
    assert code == 2
    assert f"--out-dir: {tmp_path}/taken/inside cannot be written: Not a directory" in complaint


def test_analyze_needs_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, LENET_OLD + "del data['test']\n")
    code, _, complaint = run(capsys, "analyze", config)
    assert code == 2
    assert "test_dataloader: the config describes no such data" in complaint
