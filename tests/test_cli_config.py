"""The commands that tell about a config and train nothing."""

from pathlib import Path

import pytest
import yaml

from mmlight.cli import main
from mmlight.cli_config import COMMANDS
from mmlight.read.config import Config
from tests.runs import LENET_NEW, LENET_OLD, write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, LENET_OLD)


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what was complained about."""
    capsys.readouterr()
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_the_flags(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, command, "--help")
    assert code == 0
    assert text.startswith(f"usage: mmlight {command} ")
    assert "--cfg-options" in text
    assert ("--strict" in text) == (command == "check")
    assert ("--output" in text) == (command in ("print", "upgrade", "eject"))


@pytest.mark.parametrize("command", COMMANDS)
def test_needs_a_config(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text, complaint = run(capsys, command)
    assert (code, text) == (2, "")
    assert complaint == (
        f"mmlight: --config: no config was given.\n  next:     Name one: mmlight {command} X.py\n"
    )


# ------------------------------------------------------------------ print


def test_print_merges_bases_and_overrides(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = tmp_path / "child.py"
    child.write_text(f"_base_ = {config.name!r}\nseed = 3\n")
    code, text, complaint = run(capsys, "print", child, "--cfg-options", "optimizer.lr=0.5")
    assert (code, complaint) == (0, "")
    merged = Config.fromstring(text, ".py")
    assert (merged.seed, merged.optimizer.lr, merged.optimizer.momentum) == (3, 0.5, 0.9)
    code, text, _ = run(capsys, "print", child, "-o", tmp_path / "merged.py")
    assert text == f"written: {tmp_path / 'merged.py'}\n"
    assert Config.fromfile(tmp_path / "merged.py").seed == 3


# ------------------------------------------------------------------ explain


def test_explain_tells_of_the_whole_file_or_of_one_key(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report, _ = run(capsys, "explain", config)
    assert code == 0
    assert report.startswith(f"{config}, in the words of mmcls 0.x\n")
    assert "mmlight.callbacks.Checkpoint" in report
    override = ("--cfg-options", "optimizer.lr=0.5")
    code, key, _ = run(capsys, "explain", "--config", config, "optimizer.lr", *override)
    assert code == 0
    assert key.splitlines()[:2] == [
        "optimizer.lr = 0.5",
        "  set in:   --cfg-options optimizer.lr=0.5",
    ]


def test_explain_names_the_nearest_key(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = run(capsys, "explain", config, "optimizer.lrr")
    assert code == 2
    assert "optimizer.lrr" in complaint
    assert "nearest:  optimizer.lr\n" in complaint


@pytest.mark.parametrize("command", ["explain", "upgrade", "eject"])
def test_a_translated_run_is_no_config(
    command: str, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yaml_file = config.with_name("run.yaml")
    assert run(capsys, "eject", config, "-o", yaml_file)[0] == 0
    code, text, complaint = run(capsys, command, yaml_file)
    assert (code, text) == (2, "")
    assert f"{yaml_file}: this is no mm config, but Lightning YAML" in complaint
    assert "none.yaml: the file cannot be read" in run(capsys, command, "none.yaml")[2]


# ------------------------------------------------------------------ check


@pytest.mark.slow
def test_check_says_by_its_code_what_it_found(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _ = run(capsys, "check", config)
    assert (code, text.splitlines()[0]) == (0, "no problem found, 2 notes")
    assert run(capsys, "check", config, "--strict")[0] == 2
    code, text, _ = run(capsys, "check", config, "--cfg-options", "optimizer.type=SDG")
    assert (code, text.splitlines()[0]) == (2, "1 problem, 2 notes")
    assert "optimizer.type: unknown optimizer type 'SDG'." in text


def test_check_reports_a_file_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _ = run(capsys, "check", write_config(tmp_path, "model = dict("))
    assert (code, text.splitlines()[0]) == (2, "1 problem")
    assert "syntax error: '(' was never closed" in text


# ------------------------------------------------------------------ upgrade and eject


def test_upgrade_writes_a_file_that_says_the_same(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.py"
    code, text, notes = run(capsys, "upgrade", config, "-o", new)
    assert (code, text) == (0, f"written: {new}\n")
    assert "note: val_evaluator (" in notes
    assert Config.fromfile(new).optim_wrapper.optimizer.lr == 0.02
    _, printed, _ = run(capsys, "upgrade", config)
    assert printed == new.read_text()
    _, exact, _ = run(capsys, "upgrade", config, "--exact")
    assert "generation='0.x'" in exact
    assert "generation" not in printed


def test_upgrade_refuses_a_config_that_is_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.py"
    code, text, complaint = run(capsys, "upgrade", write_config(tmp_path, LENET_NEW), "-o", new)
    assert (code, text) == (2, "")
    assert "is a word of mmpretrain 1.x already" in complaint
    assert not new.exists()


def test_eject_writes_what_print_config_prints(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "run.yaml"
    assert run(capsys, "eject", config, "-o", written)[:2] == (0, f"written: {written}\n")
    _, printed, _ = run(capsys, "fit", config, "--print_config")
    assert yaml.safe_load(written.read_text()) == yaml.safe_load(printed)


@pytest.mark.parametrize("command", ["upgrade", "eject"])
def test_keeps_a_file_that_is_there(
    command: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_text()
    code, _, complaint = run(capsys, command, config, "-o", config)
    assert code == 2
    assert complaint.startswith(f"mmlight: --output: {config} is there already.\n")
    assert config.read_text() == before
    other = tmp_path / "other.txt"
    other.write_text("old")
    assert run(capsys, command, config, "-o", other, "--force")[0] == 0
    assert other.read_text() != "old"
    code, _, complaint = run(capsys, command, config, "-o", tmp_path / "no" / "x.py")
    assert code == 2
    assert "x.py cannot be written: No such file or directory" in complaint


# ------------------------------------------------------------------ --safe


@pytest.mark.parametrize("command", ["explain", "check", "upgrade", "eject", "fit"])
def test_runs_no_config_when_told_to_be_safe(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap = tmp_path / "trap"
    config = write_config(tmp_path, f"open({str(trap)!r}, 'w')\n{LENET_OLD}")
    code, text, complaint = run(capsys, command, config, "--safe")
    assert code == 2
    assert f"{config}:1" in text + complaint
    assert not trap.exists()


@pytest.mark.parametrize("command", ["check", "fit"])
@pytest.mark.parametrize("target", ["subprocess.Popen", "mmlight.compat.fileio.mkdir_or_exist"])
def test_builds_no_foreign_class_when_told_to_be_safe(
    command: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, LENET_OLD)
    with config.open("a") as file:
        file.write(f"model['backbone'] = dict(type={target!r}, args='x')\n")
    code, text, complaint = run(capsys, command, config, "--safe")
    assert code == 2
    assert f"model.backbone.type: the import path {target!r} is not followed" in text + complaint


def test_explain_tells_what_is_refused_when_safe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, LENET_OLD)
    override = ("--cfg-options", "optimizer.type=os.system")
    _, text, _ = run(capsys, "explain", config, "optimizer.type", *override, "--safe")
    assert "REFUSED: the import path 'os.system' is not followed" in " ".join(text.split())


def test_builds_no_printed_run_when_told_to_be_safe(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = tmp_path / "run.yaml"
    assert run(capsys, "eject", config, "-o", printed)[0] == 0
    code, _, complaint = run(capsys, "fit", printed, "--safe")
    assert code == 2
    assert "a printed run names classes by import paths" in complaint
