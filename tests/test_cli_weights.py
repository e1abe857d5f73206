"""`mmlight weights`."""

from pathlib import Path

import pytest
import timm
import torch

from mmlight.cli_weights import ACTIONS, COMMANDS, run_weights_command
from mmlight.errors import ConfigError, WeightsError
from tests.runs import write_config

RESNET = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=512))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, RESNET)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    state = timm.create_model("resnet18", num_classes=7).state_dict()
    classes = [f"class {index}" for index in range(7)]
    torch.save({"state_dict": state, "meta": {"CLASSES": classes}}, tmp_path / "theirs.pth")
    return tmp_path / "theirs.pth"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    capsys.readouterr()
    return run_weights_command([str(word) for word in words]), capsys.readouterr().out


def test_help_lists_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "--help")
    assert code == 0
    assert text.startswith("usage: mmlight weights ")
    for flag in ("--to", "--force", "--config", "--cfg-options", "--safe"):
        assert flag in text
    assert all(action in COMMANDS["weights"] for action in ACTIONS)


@pytest.mark.parametrize(
    ("words", "path", "problem"),
    [
        ([], "mmlight weights", "no action was given"),
        (["inspekt", "a.pth"], "mmlight weights", "unknown action 'inspekt'"),
        (["inspect"], "mmlight weights inspect", "0 files were given"),
        (["inspect", "a", "b"], "mmlight weights inspect", "2 files were given"),
        (["convert", "a"], "mmlight weights convert", "1 files were given"),
        (["inspect", "a", "--form"], "--form", "there is no such flag"),
    ],
)
def test_says_what_is_wrong_with_the_words(words: list[str], path: str, problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        run_weights_command(words)
    assert (error.value.path, error.value.problem) == (path, problem)


def test_names_the_nearest_action() -> None:
    with pytest.raises(ConfigError) as error:
        run_weights_command(["inspekt", "a.pth"])
    assert (error.value.nearest, error.value.expected) == ("inspect", "one of convert, inspect")


def test_inspect_says_what_a_file_holds(theirs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "inspect", theirs)
    lines = text.splitlines()
    assert code == 0
    assert lines[0] == f"{theirs}: a state dict, {theirs.stat().st_size / 1e6:.1f} MB"
    assert lines[1].split() == ["weights", "122", "tensors,", "11,189,723", "values"]
    assert lines[2].split(maxsplit=1)[1] == "7: class 0, class 1, class 2, class 3, class 4, ..."
    assert lines[-1].split() == ["fc", "2", "3,591", "float32", "weight", "(7,", "512)"]


def test_inspect_says_what_fits_a_config(
    theirs: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = run(capsys, "inspect", theirs, "--config", config)
    assert code == 0
    assert text.splitlines()[-1] == f"{config}: 122 tensors fit, in the names of timm"
    override = ("--cfg-options", "model.head.num_classes=9", "model.backbone.depth=34")
    code, text = run(capsys, "inspect", theirs, "--config", config, *override)
    assert code == 2
    told = text[text.index("122 tensors fit".replace("122", "120")) :].splitlines()
    assert told[1].endswith(" missing, they keep their start values:")
    assert told[2] == "    backbone.network.layer1.2.conv1.weight"
    assert told[10].startswith("    and ")
    assert told[11:] == [
        "  2 dropped, for the head has another shape:",
        "    head.fc.weight",
        "    head.fc.bias",
    ]


def test_convert_writes_what_was_asked_for(
    theirs: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mm.safetensors"
    code, text = run(capsys, "convert", theirs, target, "--config", config)
    assert (code, text) == (0, f"written: {target} (122 tensors, names of mm)\n")
    back = tmp_path / "back.pth"
    run(capsys, "convert", target, back, "--config", config, "--to", "timm")
    before = torch.load(theirs, weights_only=True)["state_dict"]
    after = torch.load(back, weights_only=True)
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    code, text = run(capsys, "convert", theirs, tmp_path / "same.safetensors")
    assert text.endswith("same.safetensors (122 tensors, names as before)\n")


def test_convert_says_what_was_left_out(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = timm.create_model("resnet18", num_classes=0).state_dict()
    torch.save({**state, "queue": torch.ones(1)}, tmp_path / "moco.pth")
    source, target = tmp_path / "moco.pth", tmp_path / "mm.pth"
    code, text = run(capsys, "convert", source, target, "--config", config)
    assert code == 0
    assert text.splitlines()[1] == (
        f"note: {source}: 120 tensors loaded; 2 missing: head.fc.weight, head.fc.bias; "
        "1 unexpected: queue"
    )


def test_convert_keeps_a_file_that_is_there(
    theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "there.pth"
    target.write_bytes(b"before")
    with pytest.raises(ConfigError, match=f"DST: {target} is there already") as error:
        run_weights_command(["convert", str(theirs), str(target)])
    assert error.value.next_step == "Add --force to replace it."
    assert target.read_bytes() == b"before"
    assert run(capsys, "convert", theirs, target, "--force")[0] == 0
    assert target.read_bytes() != b"before"


def test_reports_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_text("<html>")
    for words in (["inspect", f"{tmp_path}/a.pth"], ["convert", f"{tmp_path}/a.pth", "b.pth"]):
        with pytest.raises(WeightsError, match=r"a\.pth: this is a web page and no checkpoint"):
            run_weights_command(words)


def test_runs_no_config_when_told_to_be_safe(theirs: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    config = write_config(tmp_path, f"open({str(trap)!r}, 'w')\n{RESNET}", "unsafe.py")
    with pytest.raises(ConfigError, match=r"unsafe\.py"):
        run_weights_command(["inspect", str(theirs), "--config", str(config), "--safe"])
    assert not trap.exists()
