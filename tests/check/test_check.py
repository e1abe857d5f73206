"""The whole examination: many mistakes at once, sound configs, and what it leaves behind."""

import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.check.calls import check_calls
from mmlight.check.check import check_config
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from mmlight.read.config import Config
from mmlight.run import read_spec
from tests.reference.original import FOLDER
from tests.runs import FASHION, LENET_NEW, LENET_OLD, ROOT, write_config

Examine = Callable[..., Findings]
CONFIGS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "configs").rglob("*.py")
    if "_base_" not in path.parts
)


def probe(url: str) -> None:
    """Find every address."""


# -------------------------------------------------------------------------- all at once

TEN = {
    "depth=18,": "depth=18, stem=3,",
    "in_channels=512": "in_channels=2048",
    "type='RandomFlip'": "type='RandomFlipp'",
    "num_classes=10,\n    batch_augments=None": "batch_augments=dict(\n"
    "        augments=[dict(type='Mixup', alpha=-1.0)]), num_classes=10",
    "batch_size=64,\n    num_workers=0,\n    drop_last": "batch_size=0,\n    num_workers=0,\n"
    "    drop_last",
    f"data_root={str(FASHION)!r},  # val": f"data_root={str(FASHION) + 'x'!r},  # val",
    "topk=(1, 5))\ntest_dataloader": "topk=(1, 50))\ntest_dataloader",
    "lr=0.02": "lr=-0.02",
    "end=9": "end=0",
    "val_interval=1": "val_interval=0",
    "save_best='auto'": "save_best='accuracy/top2'",
    "custom_hooks = []": "custom_hooks = [dict(type='EMAHooky')]",
    "load_from = None": "load_from = 'nowhere.pth'",
}


def test_tells_all_when_many_things_are_wrong(examine: Examine) -> None:
    found = examine(TEN)
    told = {error.path: error.problem for error in found.errors}
    interval = [problem for problem in told.values() if "interval must be" in problem]
    assert interval == ["interval must be 1 or more, got 0"]
    expected = {
        "train_dataloader.dataset.pipeline[1].type": "unknown transform type 'RandomFlipp'",
        "custom_hooks[0].type": "unknown hook type 'EMAHooky'",
        "model.backbone.stem": "ResNet takes no argument 'stem', got 3",
        "val_dataloader.dataset.data_root": f"'{FASHION}x' is missing",
        "model.head.in_channels": "in_channels is 2048, the neck gives 512 channels",
        "data_preprocessor.batch_augments.augments[0].alpha": "alpha must be above 0, got -1.0",
        "train_dataloader.batch_size": "batch_size must be at least 1, got 0",
        "param_scheduler.end": "the schedule begins at 0, and it ends at 0",
        "optim_wrapper.optimizer.lr": "Invalid learning rate: -0.02",
        "val_evaluator.topk": "topk=(1, 50) asks for more than the 10 classes",
        "default_hooks.checkpoint.save_best": "no metric of the validation is called "
        "'accuracy/top2'",
        "nowhere.pth": "no such checkpoint file",
    }
    assert {path: told.get(path) for path in expected} == expected, str(found)
    assert len(told) == len(TEN)
    assert found.summary.startswith(f"{len(TEN)} problems")
    assert all(error.origin for error in found.errors), str(found)


def test_ends_when_the_config_cannot_be_read(tmp_path: Path) -> None:
    found = check_config(tmp_path / "none.py")
    assert [error.problem for error in found.errors] == ["no such config file"]
    assert found.exit_code() == 2


def test_says_so_when_a_stage_crashes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("boo")

    monkeypatch.setattr("mmlight.check.check.examine_loaders", crash)
    found = check_config(write_config(tmp_path, LENET_NEW.replace("lr=0.02", "lr=-3.0")))
    assert [error.problem for error in found.errors] == [
        "crash failed: RuntimeError: boo",
        "Invalid learning rate: -3.0",
    ]
    monkeypatch.setattr("mmlight.check.check.try_read_spec", crash)
    (error,) = check_config(write_config(tmp_path, LENET_NEW)).errors
    assert error.problem == "reading the config failed: RuntimeError: boo"


def test_takes_overrides_and_specs(tmp_path: Path) -> None:
    path = write_config(tmp_path, LENET_NEW)
    (error,) = check_config(path, ["model.backbone.num_classes=7"]).errors
    assert error.problem == "the model tells 7 classes apart, the data has 10"
    assert error.origin.startswith("--cfg-options model.backbone.num_classes=7")
    assert check_config(read_spec(path)).errors == []
    assert check_config(Config.fromfile(path)).errors == []


# -------------------------------------------------------------------------- nothing wrong


@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW], ids=["0.x", "1.x"])
def test_finds_nothing_when_the_config_is_sound(tmp_path: Path, text: str) -> None:
    path = write_config(tmp_path, text)
    found = check_config(path, data=True)
    assert found.errors == [], str(found)
    assert found.exit_code() == 0
    assert found.notes == list(read_spec(path).notes) != []


def test_finds_nothing_in_the_base_of_these_tests(examine: Examine) -> None:
    assert examine({}, data=True).errors == []


@pytest.mark.parametrize("path", CONFIGS)
def test_finds_only_missing_data_in_the_configs_of_this_repository(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    found = check_config(path)
    problems = [error.problem for error in found.errors if not error.problem.endswith("is missing")]
    assert problems == []
    if "mini" in path:
        assert found.errors == []


SAMPLE = (
    "mmcls/mmcls/.mim/configs/resnet/resnet50_8xb32_in1k.py",
    "mmcls/mmcls/.mim/configs/seresnet/seresnet50_8xb32_in1k.py",
    "mmpretrain/mmpretrain/.mim/configs/resnext/resnext50-32x4d_8xb32_in1k.py",
    "mmpretrain/mmpretrain/.mim/configs/vision_transformer/vit-base-p16_64xb64_in1k.py",
)
# what is wrong with them as their authors wrote them: pattern of the names -> problem
WRONG = {
    "vit-base-p16_4xb544-ipu_in1k.py": "the config has train_dataloader, but no optim_wrapper",
    "mmcls/.mim/configs/repmlp/*256px.py": (
        "the backbone cannot take the images of train, (3, 224, 224): RepMLPNet fails with "
        "(2, 3, 224, 224): images must have the size (256, 256), got (224, 224)"
    ),
    "efficientformer-l*": "distillation must be False for training, got True",
    "levit-*": "distillation must be False for training, got True",
    "efficientnetv2-*_in21k.py": "the model tells 21843 classes apart, the data has 1000",
}
# data and weights that the user has to bring
MISSING = ("is missing", "'' names no checkpoint")


@pytest.mark.reference
@pytest.mark.parametrize("path", SAMPLE)
def test_finds_only_missing_data_in_configs_of_the_originals(path: str) -> None:
    assert find_problems(FOLDER / path) == []


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("package", ["mmcls", "mmpretrain"])
def test_finds_only_missing_data_in_every_translatable_config(package: str) -> None:
    root = FOLDER / package / package / ".mim" / "configs"
    files = [path for path in root.rglob("*.py") if "_base_" not in path.parts]
    told = {path: find_problems(path) for path in files}
    translated = {path: problems for path, problems in told.items() if problems is not None}
    assert len(translated) > 60
    surprises = {
        path.name: problems
        for path, problems in translated.items()
        if problems != [text for name, text in WRONG.items() if path.match(name)]
    }
    assert surprises == {}


def find_problems(path: Path) -> list[str] | None:
    """Return what is wrong besides missing data; None when the config does not translate."""
    try:
        config = Config.fromfile(path)
        check_calls(read_spec(config))
    except MMLightError:
        return None
    problems = [error.problem for error in check_config(config, probe=probe).errors]
    return [problem for problem in problems if not problem.endswith(MISSING)]


# -------------------------------------------------------------------------- nothing left behind


def test_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = write_config(tmp_path, LENET_NEW)
    before = (random.getstate(), np.random.get_state()[1].sum(), torch.get_rng_state().sum())
    levels = {name: logging.getLogger(name).level for name in ("mmlight", "lightning.pytorch")}
    folder, modules = os.getcwd(), list(sys.path)
    files = sorted(tmp_path.rglob("*"))
    check_config(path, data=True)
    after = (random.getstate(), np.random.get_state()[1].sum(), torch.get_rng_state().sum())
    assert after == before
    assert {name: logging.getLogger(name).level for name in levels} == levels
    assert (os.getcwd(), sys.path) == (folder, modules)
    assert sorted(tmp_path.rglob("*")) == files


@pytest.mark.slow
def test_takes_no_memory_and_little_time_when_the_model_is_large() -> None:
    code = (
        "import time, resource; start = time.process_time();"
        "from mmlight.check.check import check_config;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "found = check_config('configs/mmengine/vision_transformer/vit-base-p16_32xb128_in1k.py');"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "print(len(found.errors), after - before, time.process_time() - start)"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    problems, kilobytes, seconds = map(float, done.stdout.split())
    assert problems == 1  # the data
    assert kilobytes < 200_000  # its weights would take 350 000
    assert seconds < 15
