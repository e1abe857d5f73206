"""Whatever is wrong with the input: a clear error, exit code 2, no traceback, nothing trained."""

import os
import pickle
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
import torch

from mmlight.cli import main
from mmlight.errors import MMLightError
from tests.runs import (
    FASHION,
    LENET_NEW,
    LENET_OLD,
    command,
    environment,
    run,
    write_config,
    write_image_folder,
)

Fails = Callable[..., str]
UNREACHABLE = "http://127.0.0.1:1/resnet.pth"


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    """Run `mmlight fit` on a config text or file, which must fail in the right way."""

    def check(config: str | Path, *words: object) -> str:
        work_dir = tmp_path / "work"
        path = config if isinstance(config, Path) else write_config(tmp_path, config)
        options = [str(word) for word in ("--config", path, "--work-dir", work_dir, *words)]
        code = main(["fit", *options])
        captured = capsys.readouterr()
        assert code == 2, captured
        assert "Traceback" not in captured.err
        assert captured.out == ""
        assert not work_dir.exists() or not list(work_dir.iterdir())
        return captured.err[captured.err.index("mmlight: ") :]

    return check


def _line(text: str, config: str = LENET_OLD) -> int:
    """Return the number of the line that has a text, from 1."""
    return next(n for n, line in enumerate(config.splitlines(), start=1) if text in line)


# ------------------------------------------------------------------ the twelve


def test_names_the_file_and_its_neighbour_when_it_is_missing(fails: Fails, tmp_path: Path) -> None:
    write_config(tmp_path, LENET_OLD, "lenet.py")
    text = fails(tmp_path / "lenett.py")
    assert f"mmlight: {tmp_path}/lenett.py: no such config file.\n" in text
    assert "expected: one of lenet.py\n" in text
    assert "nearest:  lenet.py\n" in text


def test_names_the_line_when_the_syntax_is_wrong(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_OLD + "x = dict(a=1,\n")
    line = len(LENET_OLD.splitlines()) + 1
    assert "syntax error: '(' was never closed: 'x = dict(a=1,'" in text
    assert f"set in:   {tmp_path}/config.py:{line}\n" in text


def test_names_the_nearest_when_a_type_is_unknown(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_OLD.replace("'LeNet5'", "'LeNet6'"))
    assert "mmlight: model.backbone.type: unknown model type 'LeNet6'.\n" in text
    assert f"set in:   {tmp_path}/config.py:{_line('LeNet5')}\n" in text
    assert "nearest:  LeNet5\n" in text
    assert "next:     Correct the name" in text


def test_names_the_arguments_when_one_is_wrong(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_OLD.replace("'LeNet5', num_classes", "'LeNet5', nun_classes"))
    problem = "LeNet5 takes no argument 'nun_classes', got 10"
    assert f"mmlight: model.backbone.nun_classes: {problem}.\n" in text
    assert f"set in:   {tmp_path}/config.py:{_line('LeNet5')}\n" in text
    assert "nearest:  num_classes\n" in text


def test_names_the_files_when_the_dataset_folder_is_missing(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_OLD.replace(str(FASHION), "/no/such/folder"))
    assert "mmlight: 2 problems\n" in text
    assert "/no/such/folder/train-images-idx3-ubyte: this file is missing" in text
    val, test = _line("    val=dict"), _line("    test=dict")
    assert f"set in:   {tmp_path}/config.py:{val}, {tmp_path}/config.py:{test}\n" in text
    assert "next:     Put t10k-images-idx3-ubyte.gz of FashionMNIST into /no/such/folder" in text


def test_names_the_folder_when_a_dataset_is_empty(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    changed = LENET_OLD.replace("'FashionMNIST'", "'CustomDataset'")
    text = fails(changed.replace(str(FASHION), str(tmp_path / "empty")))
    assert f"mmlight: {tmp_path}/empty: the dataset is empty.\n" in text
    assert f"{tmp_path}/config.py:{_line('    train=dict')}" in text


def test_names_both_numbers_when_classes_do_not_fit(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_OLD.replace("num_classes=10", "num_classes=7"))
    assert "model.backbone.num_classes: the model tells 7 classes apart, the data has 10." in text
    assert f"set in:   {tmp_path}/config.py:{_line('num_classes=10')}\n" in text
    assert "expected: num_classes=10 for T-shirt/top, Trouser, Pullover, ..." in text


class _Malice:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.system, (f"touch {self.file}",)


def _write_checkpoint(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.pth"
    torch.save({"state_dict": {"stem.weight": torch.zeros(2)}}, path)
    if kind == "text":
        path.write_text("<html>404</html>")
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:700])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "malicious":
        torch.save({"state_dict": {"a": torch.zeros(1)}, "x": _Malice(folder / "PWNED")}, path)
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(_Malice(folder / "PWNED"), protocol=2))
    elif kind == "missing":
        path.unlink()
    return path


PROBLEMS = {
    "other": "none of its 1 tensors fits the model; it has stem.weight",
    "text": "this is a web page and no",
    "truncated": "the checkpoint is damaged, not whole (700 bytes), or not written by torch",
    "empty": "the checkpoint is empty; it has 0 bytes",
    "malicious": "the checkpoint holds 'posix.system', which could run code; nothing was run",
    "pickle": "the checkpoint holds 'posix.system', which could run code; nothing was run",
    "missing": "no such checkpoint file",
}


@pytest.mark.parametrize("way", ["load_from", "pretrained", "resume"])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_says_what_is_wrong_with_a_checkpoint(
    fails: Fails, tmp_path: Path, kind: str, way: str
) -> None:
    path = _write_checkpoint(kind, tmp_path)
    init_cfg = f"init_cfg=dict(type='Pretrained', checkpoint={str(path)!r}), num_classes"
    config = {
        "load_from": LENET_OLD.replace("load_from = None", f"load_from = {str(path)!r}"),
        "resume": LENET_OLD.replace("resume_from = None", f"resume_from = {str(path)!r}"),
        "pretrained": LENET_OLD.replace("num_classes", init_cfg, 1),
    }[way]
    keyword = {"load_from": "load_from", "resume": "resume_from", "pretrained": "LeNet5"}[way]
    text = fails(config)
    expected = PROBLEMS[kind]
    if (kind, way) == ("other", "resume"):
        expected = "the checkpoint holds weights but no training state"
    assert f"mmlight: {path}: {expected}" in text
    assert f"set in:   {tmp_path}/config.py:{_line(keyword)}\n" in text
    assert "weights_only" not in text  # torch advises to unpickle the file
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
def test_refuses_a_wrong_checkpoint_when_evaluating(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    path = _write_checkpoint("malicious", tmp_path)
    config = write_config(tmp_path, LENET_OLD)
    assert main([stage, "--config", str(config), str(path)]) == 2
    assert f"{path}: the checkpoint holds 'posix.system'" in capsys.readouterr().err
    assert not (tmp_path / "PWNED").exists()


def test_says_where_to_put_weights_that_cannot_be_fetched(
    fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    text = fails(LENET_OLD.replace("load_from = None", f"load_from = {UNREACHABLE!r}"))
    assert f"mmlight: {UNREACHABLE}: the weights cannot be fetched" in text
    assert f"set in:   {tmp_path}/config.py:{_line('load_from')}\n" in text
    assert f"put it at {tmp_path}/cache/hub/checkpoints/resnet.pth, or into the folder" in text
    assert "Get resnet.pth elsewhere" in text
    assert "MMLIGHT_WEIGHTS_MIRROR" in text


def test_names_the_nearest_when_a_top_level_key_is_unknown(fails: Fails, tmp_path: Path) -> None:
    text = fails(LENET_NEW + "optim_wraper = dict(accumulative_counts=2)\n")
    line = len(LENET_NEW.splitlines()) + 1
    value = "{'accumulative_counts': 2}"
    assert f"mmlight: optim_wraper: unknown key 'optim_wraper' with value {value}.\n" in text
    assert f"set in:   {tmp_path}/config.py:{line}\n" in text
    assert "nearest:  optim_wrapper\n" in text


@pytest.mark.parametrize(
    ("typo", "nearest"),
    [
        ("evaluation.intervall", "interval"),
        ("optimizer_config.grad_clp", "grad_clip"),
        ("runner.max_epoch", "max_epochs"),
        ("data.samples_per_gp", "samples_per_gpu"),
    ],
)
def test_names_words_of_the_generation_when_one_is_misspelt(
    fails: Fails, typo: str, nearest: str
) -> None:
    text = fails(LENET_OLD, "--cfg-options", f"{typo}=2")
    assert f"mmlight: {typo}: unknown key" in text
    assert f"nearest:  {nearest}\n" in text
    assert "val_interval" not in text


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--trainer.devices", "0"), "the Trainer refuses devices='0': "),
        (("--trainer.devices", "x"), "the Trainer refuses devices='x': "),
        (("--trainer.accelerator", "nonsense"), "the Trainer refuses accelerator='nonsense': "),
        (("--trainer.strategy", "nonsense"), "the Trainer refuses strategy='nonsense': "),
        (("--trainer.precision", "12"), "--trainer.precision: the value '12' does not fit"),
    ],
)
def test_names_the_flag_when_a_device_is_impossible(
    fails: Fails, words: tuple[str, ...], problem: str
) -> None:
    text = fails(LENET_OLD, *words)
    assert problem in text
    assert "next:     " in text


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_names_the_way_out_when_there_is_no_gpu(fails: Fails) -> None:
    text = fails(LENET_OLD, "--trainer.accelerator", "gpu")
    assert "mmlight: trainer: the Trainer refuses accelerator='gpu'" in text
    assert "next:     Correct the --trainer.* flags; --trainer.accelerator cpu works" in text


@pytest.mark.parametrize(
    ("override", "problem", "hint"),
    [
        ("seed", "'seed' is no override", "expected: key=value"),
        (
            "model.type.x=1",
            "model.type.x: 'model.type' is 'ImageClassifier', so it has no entry 'x'",
            "set in:   --cfg-options model.type.x=1",
        ),
        (
            "data.train.pipeline.99.size=1",
            "'data.train.pipeline' has 7 items, so it has no item '99'",
            "expected: an index from 0 to 6",
        ),
        ("lr_config.step=[1,(2", "the brackets of '[1,(2' do not match", "expected: key=value"),
        (
            "model.backbone.num_clases=3",
            "LeNet5 takes no argument 'num_clases', got 3",
            "nearest:  num_classes",
        ),
    ],
)
def test_names_the_override_when_it_is_bad(
    fails: Fails, override: str, problem: str, hint: str
) -> None:
    text = fails(LENET_OLD, "--cfg-options", override)
    assert problem in text
    assert hint in text


# ------------------------------------------------------------------ their surroundings


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ("samples_per_gpu=64", "samples_per_gpu=0", "data.samples_per_gpu", "batch_size must be"),
        ("flip_prob=0.5", "flip_prob=7", "data.train.pipeline[2].flip_prob", "prob must be"),
        ("type='RandomCrop'", "type='Crop'", "data.train.pipeline[1].type", "unknown transform"),
        ("max_epochs=3", "max_epochs=0", "runner.max_epochs", "the value 0 cannot be used"),
        ("policy='step'", "policy='stp'", "lr_config.policy", "unknown policy"),
        ("topk=(1, )", "topk=0", "evaluation.metric_options.topk", "topk must hold"),
    ],
)
def test_names_the_key_as_the_config_does_when_it_is_old(
    fails: Fails, tmp_path: Path, old: str, new: str, path: str, problem: str
) -> None:
    text = fails(LENET_OLD.replace(old, new))
    assert f"{path}: {problem}" in text
    assert f"set in:   {tmp_path}/config.py:{_line(old)}" in text


def test_reports_every_problem_when_there_are_several(fails: Fails, tmp_path: Path) -> None:
    config = LENET_OLD.replace("'LeNet5'", "'LeNet6'").replace("type='SGD'", "type='SDG'")
    text = fails(config.replace("'Resize'", "'Rezise'"))
    assert text.startswith("mmlight: 4 problems\n")
    for problem, nearest in (("LeNet6", "LeNet5"), ("SDG", "SGD"), ("Rezise", "Resize")):
        assert f"type {problem!r}" in text
        assert f"nearest:  {nearest}\n" in text
    # the test pipeline stands in one line, though two loaders use it
    line = _line("Resize", LENET_OLD.replace("Resize", "", 1))
    assert text.count(f"{tmp_path}/config.py:{line}\n") == 1


def test_reports_wrong_types_and_wrong_arguments_together(fails: Fails) -> None:
    config = LENET_OLD.replace("'LeNet5', num_classes", "'LeNet5', nun_classes")
    text = fails(config.replace("type='SGD'", "type='SDG'"))
    assert text.startswith("mmlight: 2 problems\n")
    assert "nearest:  SGD\n" in text
    assert "nearest:  num_classes\n" in text


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (
            ("--trainer.max_epoch", "1"),
            "--trainer.max_epoch: there is no such flag",
            "nearest:  --trainer.max_epochs",
        ),
        (("--wrk-dir", "x"), "--wrk-dir: there is no such flag", "nearest:  --work-dir"),
        (("--seed", "x"), "--seed: invalid int value: 'x'", "'mmlight fit --help' lists"),
        (("--load-from",), "--load-from: expected one argument", "'mmlight fit --help' lists"),
        (("--cfg-options",), "--cfg-options: expected at least one", "'mmlight fit --help' lists"),
        (("a.ckpt", "b.ckpt"), "b.ckpt: one word too many", "'mmlight --help' lists"),
        (
            ("--model.backbone.init_args.num_classes", "x"),
            "--model.backbone: the value 'x' does not fit",
            "expected: int",
        ),
        (
            ("--data.train.init_args.batch_size", "0"),
            "data.train.batch_size: batch_size must be at least 1, got 0",
            "set in:   the command line",
        ),
    ],
)
def test_names_the_flag_when_it_is_wrong(
    fails: Fails, words: tuple[str, ...], problem: str, hint: str
) -> None:
    text = fails(LENET_OLD, *words)
    assert problem in text
    assert hint in text


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (("fit",), "--config: no config was given", "mmlight fit X.py"),
        (("test",), "--config: no config was given", "mmlight test X.py"),
        (("fit", "a.ckpt"), "--config: no config was given", "mmlight fit X.py"),
        (("fot", "--config", "x.py"), "unknown command 'fot'", "nearest:  fit"),
        (("--config", "x.py"), "no command was given", "one of analyze, browse, check, eject"),
        (("test", "none.ckpt"), "none.ckpt: no such checkpoint file", "Correct the path"),
    ],
)
def test_says_what_is_missing_when_a_command_is_not_whole(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str, hint: str
) -> None:
    assert main(list(words)) == 2
    text = capsys.readouterr().err
    assert problem in text
    assert hint in text


def test_names_the_word_of_the_generation_that_is_near(fails: Fails, tmp_path: Path) -> None:
    for text, nearest in ((LENET_OLD, "optimizer"), (LENET_NEW, "optim_wrapper")):
        config = write_config(tmp_path, text)
        told = fails(config, "--cfg-options", "optimzer.lr=0.1")
        assert "optimzer: unknown key 'optimzer' with value {'lr': 0.1}." in told
        assert f"nearest:  {nearest}\n" in told


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.yaml", "model: {neck: }", "this does not describe a run: model is {"),
        (
            "a.yaml",
            "model: {type: ImageClassifier}",
            "model.backbone: the classifier has no backbone",
        ),
        ("a.yaml", "hello", "this does not describe a run: model is None"),
        ("a.yaml", "a: [1", "this is no YAML: expected ',' or ']'"),
        ("a.yaml", None, "the file cannot be read: [Errno 2] No such file"),
        ("a.txt", "", "no config has the suffix '.txt'"),
        ("folder", None, "folder: this is a folder"),
    ],
)
def test_says_what_a_config_is_when_it_is_none(
    fails: Fails, tmp_path: Path, name: str, content: str | None, problem: str
) -> None:
    (tmp_path / "folder").mkdir()
    if content is not None:
        (tmp_path / name).write_text(content)
    assert problem in fails(tmp_path / name)


def test_refuses_an_unknown_key_of_printed_yaml(
    fails: Fails, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, LENET_OLD)
    assert main(["fit", "--config", str(config), "--print_config"]) == 0
    (tmp_path / "run.yaml").write_text(capsys.readouterr().out + "trainr: {max_epochs: 1}\n")
    text = fails(tmp_path / "run.yaml")
    assert "trainr: unknown key 'trainr' with value {'max_epochs': 1}" in text
    assert "nearest:  trainer\n" in text


def test_refuses_overrides_in_mm_words_for_yaml(fails: Fails, tmp_path: Path) -> None:
    text = fails(tmp_path / "run.yaml", "--cfg-options", "model.depth=3")
    assert "['model.depth=3'] are words of an mm config" in text


def test_says_so_when_the_work_dir_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    config = write_config(tmp_path, LENET_OLD)
    code = main(["fit", "--config", str(config), "--work-dir", str(tmp_path / "file" / "work")])
    text = capsys.readouterr().err
    assert code == 2
    assert f"{tmp_path}/file/work: the work directory cannot be written: Not a directory" in text
    assert "set in:   --work-dir" in text


@pytest.mark.parametrize(
    ("stage", "removed", "problem"),
    [
        ("fit", "train_dataloader", "train_dataloader: the config describes no such data"),
        ("fit", "optim_wrapper", "optim_wrapper: the config has no optimizer"),
        ("validate", "val_dataloader", "val_dataloader: the config describes no such data"),
        ("predict", "test_dataloader", "test_dataloader: the config describes no such data"),
    ],
)
def test_says_what_a_stage_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str, removed: str, problem: str
) -> None:
    names = [removed, "param_scheduler"]
    names += {"val_dataloader": ["val_evaluator", "val_cfg"]}.get(removed, [])
    names += {"test_dataloader": ["test_evaluator", "test_cfg"]}.get(removed, [])
    config = write_config(tmp_path, LENET_NEW + "".join(f"{name} = None\n" for name in names))
    assert main([stage, "--config", str(config), "--work-dir", str(tmp_path / "w")]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("workers", [0, 2])
def test_names_the_image_when_it_is_broken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], workers: int
) -> None:
    images = write_image_folder(tmp_path / "images", per_class=1, size_px=28)
    for file in images.rglob("*.png"):
        cv2.imwrite(str(file.with_suffix(".jpg")), cv2.imread(str(file)))
        file.unlink()
    broken = images / "3" / "0000.jpg"
    broken.write_bytes(broken.read_bytes()[:100])
    words = f"""
pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='Resize', scale=32), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=2, num_workers={workers}, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CustomDataset', data_root={str(images)!r}, pipeline=pipeline))
"""
    config = write_config(tmp_path, LENET_NEW + words)
    code = main(["fit", "--config", str(config), "--work-dir", str(tmp_path / "work")])
    error = capfd.readouterr().err
    assert code == 2, error
    assert error.count(str(broken)) == 1
    assert "Traceback" not in error
    told = error[error.index("mmlight: ") :].splitlines()
    assert told[0].startswith(f"mmlight: {broken}: ")
    assert len(told) <= 4


def test_raises_when_a_traceback_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(MMLightError, match=r"none\.py: no such config file"):
        main(["fit", "--config", str(tmp_path / "none.py"), "--traceback"])


def test_ends_the_process_with_code_2(tmp_path: Path) -> None:
    done = run("fit", "--config", tmp_path / "none.py")
    assert done.returncode == 2
    assert done.stderr.startswith(f"mmlight: {tmp_path}/none.py: no such config file.\n")


@pytest.mark.slow
def test_ends_in_one_line_when_interrupted(tmp_path: Path) -> None:
    work_dir = tmp_path / "work"
    options = ("--config", write_config(tmp_path, LENET_OLD), "--work-dir", work_dir)
    long = ("--cfg-options", "runner.max_epochs=300")
    process = subprocess.Popen(
        command("fit", *options, *long), env=environment(), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not (work_dir / "epoch_1.ckpt").exists() and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be interrupted"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in text
    last = text.strip().splitlines()[-1]
    assert last.startswith("mmlight: interrupted; the same command with --resume goes on")
    resumed = run("fit", *options, "--resume", "--trainer.limit_train_batches", "2")
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming from" in resumed.stderr


@pytest.mark.parametrize(
    ("config", "before", "word"),
    [
        (LENET_OLD, "    dict(type='Resize', size=32),", "file_client_args"),
        (LENET_NEW, "pipeline = [", "backend_args"),
    ],
)
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("dict(backend='petrl')", "must name a backend, one of archive, ceph, disk, "),
        ("dict(backend='lmdb', db_pth='x')", "must fit the backend 'lmdb', which takes db_path, "),
        ("dict(backend='petrel')", "cannot be used for the backend 'petrel': the package petrel_"),
    ],
)
def test_names_the_line_when_a_loading_backend_is_wrong(
    fails: Fails, config: str, before: str, word: str, options: str, problem: str
) -> None:
    load = f"dict(type='LoadImageFromFile', {word}={options}),"
    text = config.replace(before, f"{before}\n{load}", 1)
    told = fails(text)
    assert re.search(rf"pipeline\[\d\]\.{word}: {word} {re.escape(problem)}", told), told
    assert f":{_line(load, text)}\n" in told


def test_tells_what_is_wrong_inside_a_dataset_of_unknown_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = "dict(type='FashionMNIST', pipeline=[dict(type='RandomFlp')])"
    wrapped = f"data['train'] = dict(type='RepeatDatset', times=2, dataset={inside})\n"
    assert main(["fit", str(write_config(tmp_path, LENET_OLD + wrapped))]) == 2
    text = capsys.readouterr().err
    assert "data.train.type: unknown dataset type 'RepeatDatset'" in text
    assert "unknown transform type 'RandomFlp'" in text
