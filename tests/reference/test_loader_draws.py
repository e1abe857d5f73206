"""Training and validation leave torch's generator where the originals' loaders leave it."""

import json
from pathlib import Path
from typing import Any

import pytest

import mmlight
from tests.reference.test_hook_traces import (
    NEW,
    OLD,
    train_mmcls,
    train_mmpretrain,
)
from tests.runs import write_config, write_image_folder

PROBES = Path(__file__).parent


def read(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("workers", [0, 2], ids=["alone", "workers"])
@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_next_random_number_of_each_batch_equals_the_originals(
    generation: str, workers: int, request: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    original = request.getfixturevalue(generation)
    images = write_image_folder(tmp_path / "images", per_class=1, size_px=32)
    text = (OLD if generation == "mmcls" else NEW).replace("FOLDER", str(images))
    text = text.replace("workers_per_gpu=0", f"workers_per_gpu={workers}")
    text = text.replace("num_workers=0", f"num_workers={workers}")
    text += "\ncustom_hooks = [dict(type='ProbeRandom', name='r')]\n"
    text = text.replace("samples_per_gpu=4", "samples_per_gpu=4, persistent_workers=False")
    if generation == "mmcls":  # alone, it would draw for its order as well; see the samplers' tests
        text += "sampler = dict(type='DistributedSampler')\n"
    config = write_config(tmp_path, text)
    work, file = str(tmp_path / "theirs"), tmp_path / "theirs.jsonl"
    train = train_mmcls if generation == "mmcls" else train_mmpretrain
    original(train, str(config), work, str(PROBES), str(file))
    monkeypatch.setenv("PROBE_FILE", str(tmp_path / "ours.jsonl"))
    monkeypatch.syspath_prepend(str(PROBES))
    mmlight.fit(config, {"work_dir": str(tmp_path / "ours")})
    assert read(tmp_path / "ours.jsonl") == read(file)
    assert len(read(file)) == 9
