import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from torchvision import datasets as tv

from mmlight.cli import main
from tests.runs import (
    FASHION,
    LENET_NEW,
    LENET_OLD,
    SHORT,
    assert_same_weights,
    command,
    environment,
    run,
    weights_of,
    write_config,
)

Printed = Callable[..., dict]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with config.py and the work directory of a short run of it."""
    folder = tmp_path_factory.mktemp("trained")
    config = write_config(folder, LENET_OLD)
    words = ["fit", "--config", config, "--work-dir", folder / "work", *SHORT]
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """Run `mmlight fit ... --print_config` and return what it prints."""

    def parse(*words: object) -> dict:
        capsys.readouterr()
        assert main(["fit", *map(str, words), "--print_config"]) == 0
        described: dict = yaml.safe_load(capsys.readouterr().out)
        return described

    return parse


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, LENET_OLD)


def test_is_silent_when_the_reader_of_its_pipe_has_gone(config: Path) -> None:
    words = [sys.executable, "-m", "mmlight", "explain", str(config)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment(), stdout=pipe, stderr=pipe) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


# ------------------------------------------------------------------ help


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_lists_the_commands_when_asked(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 0
    text = capsys.readouterr().out
    for stage in ("fit", "validate", "test", "predict"):
        assert f"\n  {stage} " in text


WITHOUT_TORCH = """
import sys
from mmlight.cli import main
main(sys.argv[1:])
print("torch" in sys.modules)
"""


def test_answers_at_once_when_help_is_all() -> None:
    start = time.monotonic()
    words = [sys.executable, "-c", WITHOUT_TORCH, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nFalse\n")
    assert time.monotonic() - start < 1.5  # a tenth of a second when nothing else runs


def test_prints_a_config_without_torch(config: Path) -> None:
    words = ["fit", "--config", str(config), "--seed", "3", "--print_config"]
    command_line = [sys.executable, "-c", WITHOUT_TORCH, *words]
    done = subprocess.run(command_line, capture_output=True, text=True, check=True)
    assert "seed_everything: 3\n" in done.stdout
    assert done.stdout.endswith("\nFalse\n")


def test_lists_both_vocabularies_when_a_command_needs_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fit", "--help"]) == 0
    text = capsys.readouterr().out
    for flag in ("--work-dir", "--cfg-options", "--trainer.devices", "--model.backbone"):
        assert flag in text


# ------------------------------------------------------------------ flags


def test_takes_the_command_before_and_after_its_config(config: Path) -> None:
    done = [
        run(*words, "--print_config")
        for words in (("fit", "--config", config), ("--config", config, "fit"))
    ]
    assert done[0].returncode == done[1].returncode == 0
    assert done[0].stdout == done[1].stdout != ""


def test_says_in_the_help_which_flag_wins(printed: Printed, config: Path) -> None:
    assert printed("--config", config)["trainer"]["max_epochs"] == 3
    in_mm_words = ("--cfg-options", "runner.max_epochs=5", "seed=1")
    described = printed("--config", config, *in_mm_words)
    assert (described["trainer"]["max_epochs"], described["seed_everything"]) == (5, 1)
    described = printed("--config", config, "--seed", "2", *in_mm_words)
    assert described["seed_everything"] == 2
    in_lightning_words = ("--trainer.max_epochs", "6", "--seed_everything", "4")
    described = printed(*in_lightning_words, "--seed", "2", *in_mm_words, "--config", config)
    assert (described["trainer"]["max_epochs"], described["seed_everything"]) == (6, 4)


def test_sets_what_mm_flags_say(printed: Printed, config: Path) -> None:
    described = printed(
        *("--config", config, "--deterministic", "--amp", "--no-validate"),
        *("--resume", "--load-from", "a.pth"),
    )
    trainer = described["trainer"]
    assert trainer["deterministic"] is True
    assert trainer["precision"] == "16-mixed"
    assert trainer["limit_val_batches"] == 0
    assert described["resume"] is True
    assert described["load_from"] == "a.pth"
    assert printed("--config", config, "--resume", "b.ckpt")["resume"] == "b.ckpt"


def test_scales_the_rate_when_the_flag_says_so(printed: Printed, config: Path) -> None:
    size = ("--cfg-options", "auto_scale_lr.base_batch_size=256")
    assert "base_batch_size" not in printed("--config", config, *size)["model"]
    described = printed("--config", config, "--auto-scale-lr", *size)
    assert described["model"]["base_batch_size"] == 256


def test_takes_a_negative_value_of_a_lightning_flag(printed: Printed, config: Path) -> None:
    described = printed("--config", config, "--trainer.max_epochs", "-1", "--seed", "-5")
    assert described["trainer"]["max_epochs"] == -1
    assert described["seed_everything"] == -5


def test_moves_everything_that_is_written_to_the_work_dir(printed: Printed, tmp_path: Path) -> None:
    logged = LENET_OLD.replace("TextLoggerHook", "TensorboardLoggerHook")
    text = str(printed("--config", write_config(tmp_path, logged), "--work-dir", "/elsewhere"))
    assert "work_dirs/config" not in text
    assert text.count("'/elsewhere'") >= 4  # Spec, Trainer, checkpoints, predictions


def test_overrides_a_class_of_the_model(printed: Printed, config: Path) -> None:
    flag = "--model.backbone.init_args.num_classes=7"
    described = printed("--config", config, flag)
    assert described["model"]["backbone"]["init_args"]["num_classes"] == 7


# ------------------------------------------------------------------ runs


def test_writes_everything_into_the_work_dir(trained: Path) -> None:
    names = {path.suffix: path for path in (trained / "work").iterdir()}
    assert {".ckpt", ".log", ".json", ".yaml"} <= names.keys()
    assert "backbone" in yaml.safe_load((trained / "work" / "spec.yaml").read_text())["model"]


def test_ends_in_the_same_weights_when_the_printed_yaml_runs(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    options = ["--work-dir", str(tmp_path / "work"), *SHORT]
    assert main(["fit", "--config", str(config), *options, "--print_config"]) == 0
    path = tmp_path / "run.yaml"
    path.write_text(capsys.readouterr().out)
    config.unlink()
    assert main(["fit", "--config", str(path)]) == 0
    ours, theirs = tmp_path / "work" / "epoch_1.ckpt", trained / "work" / "epoch_1.ckpt"
    assert_same_weights(weights_of(ours), weights_of(theirs))


@pytest.mark.slow
def test_starts_from_named_weights_into_a_folder_that_exists(tmp_path: Path, trained: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "notes.txt").write_text("mine")
    last = str(trained / "work" / "epoch_1.ckpt")
    for words in (["--load-from", last], [last]):
        options = ["--config", str(trained / "config.py"), "--work-dir", str(tmp_path / "work")]
        override = ["--cfg-options", "optimizer.lr=0.0", "optimizer.weight_decay=0.0"]
        assert main(["fit", *options, *override, *SHORT, *words]) == 0
        written = tmp_path / "work" / "epoch_1.ckpt"
        assert_same_weights(weights_of(written), weights_of(Path(last)))
        written.unlink()
    assert (tmp_path / "work" / "notes.txt").read_text() == "mine"


def _metrics(text: str) -> str:
    return next(line.split("│")[2].strip() for line in text.splitlines() if "accuracy" in line)


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["validate", "test"])
def test_evaluates_a_named_checkpoint_the_newest_and_one_alone(
    trained: Path, tmp_path: Path, stage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = str(trained / "work" / "epoch_1.ckpt")
    with_config = ["--config", str(trained / "config.py"), "--trainer.accelerator", "cpu"]
    found = []
    for words in (
        [*with_config, checkpoint, "--work-dir", str(tmp_path)],
        [*with_config, "--work-dir", str(trained / "work")],
        [checkpoint],
    ):
        assert main([stage, *words]) == 0
        found.append(_metrics(capsys.readouterr().out))
    assert float(found[0]) > 0
    assert found == [found[0]] * 3


def test_names_the_work_dir_when_it_has_no_checkpoint(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["test", "--config", str(trained / "config.py"), "--work-dir", str(tmp_path)]
    assert main(words) == 2
    text = capsys.readouterr().err
    assert f"{tmp_path}: no checkpoint was given and the work directory has none" in text
    assert "set in:   --work-dir" in text


@pytest.mark.slow
def test_predicts_with_a_checkpoint_alone_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The dataset of the config is given by a path relative to the folder of the training."""
    home, other = tmp_path / "home", tmp_path / "other"
    other.mkdir()
    shutil.copytree(FASHION, home / "data")
    text = "\n".join(_make_relative(line) for line in LENET_NEW.splitlines())
    config = write_config(home, text)
    monkeypatch.chdir(home)
    assert main(["fit", "--config", "config.py", *SHORT]) == 0
    config.unlink()
    shutil.move(home / "work_dirs" / "config" / "epoch_1.ckpt", other / "mine.ckpt")
    monkeypatch.chdir(other)
    capsys.readouterr()
    assert main(["predict", "mine.ckpt", "--trainer.limit_predict_batches", "2"]) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert [row[0] for row in rows] == [str(number) for number in range(128)]
    assert all(0 < float(row[2]) <= 1 for row in rows)
    assert {row[1] for row in rows} <= set(tv.FashionMNIST.classes)
    assert main(["test", "mine.ckpt", "--trainer.limit_test_batches", "1"]) == 0
    names = {path.name for path in other.iterdir() if not path.name.startswith("20")}  # the log
    assert names == {"mine.ckpt", "predictions.png"}


def test_leaves_behind_how_a_checkpoint_was_trained_when_it_is_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    """The machine may be another, and the limits were those of the training."""
    path = str(trained / "work" / "epoch_1.ckpt")
    capsys.readouterr()
    assert main(["test", path, "--trainer.precision", "bf16-mixed", "--print_config"]) == 0
    described = yaml.safe_load(capsys.readouterr().out)
    assert described["trainer"]["precision"] == "bf16-mixed"
    assert described["work_dir"] == str(trained / "work")
    assert not {"accelerator", "limit_val_batches", "max_epochs"} & described["trainer"].keys()


def _make_relative(line: str) -> str:
    before, mark, after = line.partition("data_root='")
    return f"{before}{mark}data{after[after.index(chr(39)) :]}" if mark else line


def test_says_where_its_data_were_when_they_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(FASHION, tmp_path / "d")
    text = "\n".join(_make_relative(line) for line in LENET_NEW.splitlines())
    text = text.replace("data_root='data'", f"data_root={str(tmp_path / 'd')!r}")
    words = ["--config", write_config(tmp_path, text), "--work-dir", tmp_path / "work", *SHORT]
    assert main(["fit", *map(str, words)]) == 0
    shutil.rmtree(tmp_path / "d")
    assert main(["test", str(tmp_path / "work" / "epoch_1.ckpt")]) == 2
    assert f"{tmp_path}/d/t10k-images-idx3-ubyte: this file is missing" in capsys.readouterr().err


@pytest.mark.slow
def test_ends_in_the_same_weights_when_resumed_from_a_named_file(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    flags = [*SHORT, "--deterministic"]
    for name, words in (
        ("whole", ["--trainer.max_epochs", "2"]),
        ("half", []),
        ("rest", ["--trainer.max_epochs", "2", "--resume", str(tmp_path / "half/epoch_1.ckpt")]),
    ):
        folder = str(tmp_path / name)
        assert main(["fit", "--config", str(config), "--work-dir", folder, *flags, *words]) == 0
    ours, theirs = (weights_of(tmp_path / name / "epoch_2.ckpt") for name in ("rest", "whole"))
    assert_same_weights(ours, theirs)


def test_prints_through_the_console_script(config: Path) -> None:
    script = Path(sys.executable).with_name("mmlight")
    words = [str(script), "fit", "--config", str(config), "--print_config"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment())
    assert done.stdout == run("fit", "--config", config, "--print_config").stdout
    assert command("fit")[-1] == "fit"
    assert os.path.basename(words[0]) == "mmlight"


@pytest.mark.slow
def test_draws_anew_when_no_seed_is_set(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD.replace("seed = 7", ""))
    found = []
    for name in ("a", "b"):
        words = ["fit", "--config", config, "--work-dir", tmp_path / name, *SHORT]
        assert main([str(word) for word in words]) == 0
        written = yaml.safe_load((tmp_path / name / "spec.yaml").read_text())
        found.append((written["seed_everything"], weights_of(tmp_path / name / "epoch_1.ckpt")))
    assert found[0][0] != found[1][0]
    name = "backbone.features.0.weight"
    assert not torch.equal(found[0][1][name], found[1][1][name])
