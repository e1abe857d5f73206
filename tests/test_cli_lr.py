"""The command `lr`."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmlight.cli import main
from tests.runs import LENET_NEW, LENET_OLD, write_config


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what was complained about."""
    capsys.readouterr()
    code = main(["lr", *map(str, words)])
    return code, *capsys.readouterr()


def test_prints_a_row_for_each_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, LENET_OLD)
    code, shown, _ = run(capsys, config, "--cfg-options", "optimizer.lr=0.5")
    assert code == 0
    line, _, head, *rows = shown.splitlines()
    assert line.endswith("█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  lr")
    assert head.split() == ["epoch", "batch", "lr"]
    assert [row.split() for row in rows] == [
        ["1", "1", "0.05"],
        ["2", "95", "0.5"],
        ["3", "189", "0.05"],
    ]


def test_prints_some_batches_when_there_are_no_epochs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = LENET_NEW + "train_cfg = dict(by_epoch=False, max_iters=40)\n"
    text += "param_scheduler = dict(type='StepLR', step_size=20, by_epoch=False)\n"
    code, shown, _ = run(capsys, write_config(tmp_path, text))
    rows = [row.split() for row in shown.splitlines()[3:]]
    assert code == 0
    assert len(rows) == 20
    assert (rows[0], rows[-1]) == (["1", "0.02"], ["39", "0.002"])


@pytest.mark.parametrize("flag", ["-o", "--output", "--save-path", "-s"])
def test_draws_a_picture(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "lr.png"
    words = ("-p", "wd", "--window-size", "6*4", "--not-show", "--epoch-length", 3, flag, file)
    code, shown, _ = run(capsys, write_config(tmp_path, LENET_NEW), *words)
    assert (code, shown) == (0, f"{file}\n")
    assert cv2.imread(str(file)).shape[:2] == (440, 660)


def test_tells_what_a_curve_cannot_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rule = "param_scheduler = dict(type='ReduceOnPlateauLR', monitor='accuracy/top1')\n"
    config = write_config(tmp_path, LENET_NEW + rule)
    _, shown, _ = run(capsys, config, "--epoch-length", 2)
    assert shown.startswith("note: ReduceOnPlateau waits for accuracy/top1")


def test_points_at_the_picture_when_there_are_many_curves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = ", ".join(f"'.{i}.': dict(lr_mult=0.{i + 1})" for i in range(8))
    text = LENET_NEW + f"optim_wrapper['paramwise_cfg'] = dict(custom_keys={{{keys}}})\n"
    text += (
        "model['backbone']['type'] = 'ResNet'; model['backbone'].update(depth=18, in_channels=1)\n"
    )
    text += "model['backbone'].pop('num_classes')\n"
    text = text.replace("'.2.'", "'layer1.0.conv1'").replace("'.3.'", "'layer1.0.conv2'")
    text = text.replace("'.4.'", "'layer1.1.conv1'").replace("'.5.'", "'layer1.1.conv2'")
    text = text.replace("'.6.'", "'layer2.0.conv1'").replace("'.7.'", "'layer2.0.conv2'")
    _, shown, _ = run(capsys, write_config(tmp_path, text), "--epoch-length", 2)
    assert shown.splitlines()[-1] == "3 more curves: draw them with -o lr.png"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--epoch-length", 0), "--epoch-length: it must be 1 or more, got 0"),
        (("--devices", -1), "--devices: it must be 1 or more, got -1"),
        (("--dataset-size", 0), "--dataset-size: it must be 1 or more, got 0"),
        (("-o", "lr.txt"), "--output: 'lr.txt' is no name of a picture"),
        (("-o", "/proc/lr.png", "--epoch-length", 1), "--output: /proc/lr.png cannot be written"),
        (("--window-size", "12x7"), "--window-size: '12x7' is no size"),
        (("--window-size", "0*7"), "--window-size: '0*7' is no size"),
        (("--parm", "lr"), "--parm: there is no such flag"),
        (("--param", "beta", "--epoch-length", 1), "--param: the optimizer has no option 'beta'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value)),
)
def test_complains_about_a_flag(
    words: tuple[object, ...],
    complaint: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, told = run(capsys, write_config(tmp_path, LENET_NEW), *words)
    assert code == 2
    assert complaint in told


def test_needs_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys)
    assert code == 2
    assert "--config: no config was given" in told


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from mmlight.cli import main; main(['lr', '--help']);"
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "--epoch-length N" in done.stdout) == (0, True)
