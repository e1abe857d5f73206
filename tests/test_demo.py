"""What `make demo` runs reaches the accuracy that the README names, in either generation."""

import re
import shlex
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from matplotlib import pyplot

import mmlight
from tests.runs import ROOT, run, write_image_folder

LEAST_ACCURACY = 84.0
MOST_SECONDS = 180
TWINS = (
    "configs/lenet/lenet5_fashion-mnist-mini.py",
    "configs/mmengine/lenet/lenet5_fashion-mnist-mini.py",
)


def read_demo_commands() -> list[list[str]]:
    """Return the words after `mmlight` of the commands in the Makefile's demo recipe."""
    recipe = re.search(r"^demo:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    lines = [shlex.split(line) for line in recipe[1].splitlines()]
    return [words[words.index("mmlight") + 1 :] for words in lines]


@pytest.mark.slow
def test_demo_reaches_its_accuracy_and_draws_predictions(tmp_path: Path) -> None:
    fit, test = read_demo_commands()
    assert (fit[0], test[0]) == ("fit", "test")

    start = time.monotonic()
    trained = run(*fit, "--work-dir", tmp_path, cwd=ROOT)
    assert trained.returncode == 0, trained.stderr
    assert time.monotonic() - start < MOST_SECONDS

    tested = run(*test, "--work-dir", tmp_path, cwd=ROOT)
    assert tested.returncode == 0, tested.stderr
    printed = re.search(r"accuracy_top-1\D+(\d+\.\d+)", tested.stdout)
    assert printed is not None, tested.stdout
    assert LEAST_ACCURACY <= float(printed[1]) <= 100

    picture = cv2.imread(str(tmp_path / "predictions.png"))
    assert picture is not None
    assert min(picture.shape[:2]) >= 400
    assert np.unique(picture).size > 100


@pytest.mark.slow
def test_ends_in_the_same_weights_when_written_in_either_generation(tmp_path: Path) -> None:
    ends = []
    for number, config in enumerate(TWINS):
        spec = mmlight.Config.fromfile(ROOT / config)
        spec.work_dir = str(tmp_path / str(number))
        spec.merge_from_dict(
            {"runner.max_epochs": 2, "lr_config.step": [1]}
            if "runner" in spec
            else {"train_cfg.max_epochs": 2, "param_scheduler.milestones": [1]}
        )
        ends.append(mmlight.fit(spec))
    ours, theirs = (parts.model.state_dict() for parts in ends)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name
    scores = [sorted(float(v) for v in parts.trainer.callback_metrics.values()) for parts in ends]
    assert scores[0] == scores[1]
    assert scores[0] != []


@pytest.mark.slow
def test_readme_python_runs_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)[0]
    for folder in ("configs", "datasets"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    image = write_image_folder(tmp_path / "images", per_class=1, size_px=28) / "8" / "0000.png"
    image.rename(tmp_path / "picture.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pyplot, "show", lambda **_: None)

    scope: dict[str, Any] = {}
    exec(lines, scope)
    pyplot.close("all")
    told = re.findall(r"print\(.*\)  # (.+)", lines)
    assert len(told) == 2
    assert capsys.readouterr().out.splitlines()[0] == told[0]
    assert str(list(scope["result"])) == told[1]
    assert scope["result"]["pred_class"] == "Bag"
