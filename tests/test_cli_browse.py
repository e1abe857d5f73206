"""The command `browse`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmlight.cli import main
from tests.runs import LENET_NEW, LENET_OLD, write_config, write_image_folder

FOLDERS = """
model = dict(type='ImageClassifier')
steps = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=2, dataset=dict(type='CustomDataset', data_prefix={0!r}, pipeline=steps))
val_dataloader = dict(
    batch_size=2, dataset=dict(type='CustomDataset', data_prefix={1!r}, pipeline=steps))
"""


def browse(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[str], str]:
    """Return the exit code, the lines that were printed, and what was complained about."""
    capsys.readouterr()
    code = main(["browse", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def open_picture(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW])
def test_writes_a_picture_beside_the_run(
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, lines, complaint = browse(capsys, write_config(tmp_path, text, "lenet.py"))
    assert (code, complaint) == (0, "")
    assert lines[0] == "work_dirs/lenet/browse_train.png"
    assert lines[1:3] == ["     0  Ankle boot  32x32", "     1  T-shirt/top  32x32"]
    assert len(lines) == 21
    assert open_picture(tmp_path / lines[0]).shape == (1034, 1056, 3)


def test_heeds_the_flags_of_the_tools_of_mm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_config(tmp_path, LENET_OLD)
    old = ("--phase", "val", "--number", 2, "--mode", "concat", "--bgr2rgb", "--not-show")
    new = (
        "-p",
        "val",
        "-n",
        2,
        "-m",
        "concat",
        "--channel-order",
        "rgb",
        "--skip-type",
        "ToTensor",
    )
    found = [
        browse(capsys, file, *words, "-o", tmp_path / f"{len(words)}.png") for words in (old, new)
    ]
    assert [code for code, *_ in found] == [0, 0]
    assert (
        found[0][1][1:]
        == found[1][1][1:]
        == [f"     {i}  {name}  28x28 > 32x32" for i, name in enumerate(("Ankle boot", "Pullover"))]
    )
    pictures = [open_picture(tmp_path / f"{len(words)}.png") for words in (old, new)]
    assert (pictures[0] == pictures[1]).all()


def test_a_folder_gets_a_picture_for_each_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_image_folder(tmp_path / "images", per_class=2, size_px=50)
    file = write_config(tmp_path, FOLDERS.format(str(images), str(images)))
    out = tmp_path / "out"
    code, lines, _ = browse(capsys, file, "--output-dir", out, "--index", 3, 17, "-r", 2)
    assert code == 0
    assert [path.name for path in sorted(out.iterdir())] == ["17_0001.png", "3_0001.png"]
    assert lines[2] == str(out / "17_0001.png")
    assert lines[3] == f"    17  {images / '8' / '0001.png'}  8  50x50"
    assert open_picture(out / "3_0001.png").shape[1] == 2 * 16 + 7 * 50  # 7 * 50 <= 2 * 192


def test_the_same_words_make_the_same_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_config(tmp_path, LENET_OLD)

    def draw(*words: object) -> tuple[list[str], np.ndarray]:
        code, lines, _ = browse(capsys, file, "-o", tmp_path / "x.png", "-n", 5, *words)
        assert code == 0
        return lines, open_picture(tmp_path / "x.png")

    first, again = draw("--random", "--class", "Bag"), draw("--random", "--class", "Bag")
    assert first[0] == again[0]
    assert (first[1] == again[1]).all()
    assert all("  Bag  " in line for line in first[0][1:])
    assert draw("--random", "--class", "Bag", "--seed", 3)[0] != first[0]


def test_batch_is_shown_after_its_augments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixup = "dict(type='BatchMixup', alpha=1., num_classes=10, prob=1.)"
    text = LENET_OLD + f"model['train_cfg'] = dict(augments={mixup})\n"
    file = write_config(tmp_path, text)
    code, lines, _ = browse(capsys, file, "--batch", "-n", 4, "-o", tmp_path / "b.png")
    assert code == 0
    assert [line.split("  ")[0] for line in lines[5:]] == ["after Mixup"] * 4
    assert browse(capsys, file, "--batch", "-o", tmp_path)[1][0] == str(tmp_path / "batch.png")


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["--mode", "pipelin"], ["--mode: there is no mode 'pipelin'", "nearest:  pipeline"]),
        (["--stage", "test"], ["test_dataloader: the config describes no such data"]),
        (["--phase", "trian"], ["there is no stage 'trian'", "nearest:  train"]),
        (["--index", "6000"], ["there is no sample 6000", "numbers from 0 to 5999"]),
        (["--index", "x"], ["--index: invalid int value: 'x'"]),
        (["--class", "Sandle"], ["there is no class 'Sandle'", "nearest:  Sandal"]),
        (["--dataset", "chek"], ["--dataset: invalid choice: 'chek'"]),
        (["--dataset", "check", "--workers", "0"], ["at least 1 process must read, got 0"]),
        (["-o", "/dev/null/x.png"], ["--output-dir: /dev/null/x.png cannot be written"]),
        (["--modus", "x"], ["--modus: there is no such flag", "nearest:  --mode"]),
    ],
)
def test_tells_what_is_wrong(
    words: list[str], texts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_config(tmp_path, LENET_OLD + "del data['test']\n")
    code, lines, complaint = browse(capsys, file, *words)
    assert (code, lines) == (2, [])
    for text in texts:
        assert text in complaint


def test_needs_a_config(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = browse(capsys)
    assert code == 2
    assert "--config: no config was given" in complaint
    code, lines, _ = browse(capsys, "--help")
    assert code == 0
    assert lines[0].startswith("usage: mmlight browse ")


def test_check_of_sound_data_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_config(tmp_path, LENET_OLD)
    code, lines, _ = browse(capsys, file, "--dataset", "check", "--workers", 1, "--safe")
    assert code == 0
    assert lines[0] == "train: 6000 images, 10 classes"
    assert "test: reads what val reads" in lines
    assert lines[-1] == "no problem found"


@pytest.mark.slow
def test_check_tells_and_writes_what_is_wrong(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train = write_image_folder(tmp_path / "train", per_class=3, size_px=16)
    val = write_image_folder(tmp_path / "val", per_class=1, size_px=16, split="val")
    shutil.copy(train / "4" / "0001.png", val / "4" / "leak.png")
    (train / "7" / "0002.png").write_bytes(b"")
    file = write_config(tmp_path, FOLDERS.format(str(train), str(val)))
    written = str(tmp_path / "found.json")
    assert main(["browse", str(file), "--dataset", "check", "--json", written]) == 2
    shown, complaint = capfd.readouterr()  # of the processes that read as well
    assert complaint == ""
    assert "2 problems\n" in shown
    assert f"1 of 30 images empty:\n    {train / '7' / '0002.png'} (it has no bytes)" in shown
    leak = f"{train / '4' / '0001.png'} = {val / '4' / 'leak.png'}"
    assert f"1 of 11 images also in train:\n    {leak}" in shown
    found = json.loads((tmp_path / "found.json").read_text())
    assert [fault["kind"] for fault in found["faults"]] == ["empty"]
    assert [group["kinds"] for group in found["equal_images"]] == [["leak"]]
