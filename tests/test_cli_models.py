"""The command `models`."""

from pathlib import Path

import pytest

from mmlight.cli import main
from tests.runs import LENET_OLD, write_config


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what was complained about."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_lists_what_matches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "models", "resnetv1?*=3") == (
        0,
        "ResNetV1c depth=34\nResNetV1d depth=34\n",
        "",
    )


def test_counts_the_networks_that_match(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "models", "resnet depth=18", "--flops", "--shape", "32", "64")
    assert code == 0
    head, row = text.splitlines()
    assert head.split() == ["backbone", "parameters", "multiply-adds", "image"]
    assert row.split() == ["ResNet", "depth=18", "11,176,512", "0.074", "G", "3x32x64"]


@pytest.mark.parametrize("flag", [(), ("--config",)])
def test_counts_the_model_of_a_config(
    flag: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_config(tmp_path, LENET_OLD + "data['train'] = dict(type='Unknown')\n")
    code, text, complaint = run(capsys, "models", *flag, file)
    assert (code, complaint) == (0, "")
    rows = [line.split() for line in text.splitlines()]
    assert rows[1:] == [
        ["backbone", "61,706"],
        ["head", "0"],
        ["all", "61,706", "0.000", "G", "1x32x32"],
    ]


def test_tells_of_a_model_that_cannot_be_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_config(tmp_path, "model = dict(type='ImageClassifier')\n")
    code, _, complaint = run(capsys, "models", file)
    assert code == 2
    assert "model.backbone: the classifier has no backbone" in complaint


def test_tells_the_nearest_type_when_nothing_matches(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, complaint = run(capsys, "models", "ResNt")
    assert (code, text) == (2, "")
    assert "no network matches 'ResNt'" in complaint
    assert "nearest:  ResNet" in complaint


def test_help_lists_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "models", "--help")
    assert code == 0
    assert text.startswith("usage: mmlight models ")
    assert "--flops" in text
