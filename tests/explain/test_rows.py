import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmlight.explain.rows import list_rows
from mmlight.read.config import Config, read_config
from mmlight.read.key_path import list_entries, walk

ROOT = Path(__file__).parents[2]
CONFIGS = sorted(path for path in (ROOT / "configs").rglob("*.py") if "_base_" not in path.parts)
TAKEN = {"type", "keys"}
"""Words of 0.x that went into the call around them: those of Normalize and ImageToTensor."""


def walk_rows(config):
    return [row for top in list_rows(config) for row in top.walk()]


def check_complete(config):
    """Every leaf has a row that tells its fate, or is inside an entry that has one as a whole."""
    rows = {row.path: row for row in walk_rows(config)}
    for path, value, _ in walk(config.values):
        if list_entries(value):
            continue
        while path not in rows:
            path = path[: max(path.rfind("."), path.rfind("["))]
        assert rows[path].fates, path
        assert rows[path].inside == (), path


@pytest.mark.parametrize("path", CONFIGS, ids=[path.stem for path in CONFIGS])
def test_nothing_is_missing_when_our_configs_are_explained(path):
    config = read_config(path)
    check_complete(config)
    is_old = "mmengine" not in path.parts
    fates = [(row.name, fate) for row in walk_rows(config) for fate in row.fates]
    assert not [name for name, fate in fates if fate.kind in ("refused", "open")]
    assert {name for name, fate in fates if fate.kind == "taken"} <= (TAKEN if is_old else set())


def test_nothing_is_missing_when_there_are_problems(old):
    config = read_config(old, ["optimizer.type=X", "data.val.pipeline.0.type=Y", "foo.x=[1,2]"])
    check_complete(config)
    kinds = {row.path: [fate.kind for fate in row.fates] for row in walk_rows(config)}
    assert kinds["optimizer.type"] == kinds["foo"] == ["refused"]
    assert kinds["optimizer.lr"] == kinds["data.val.pipeline[0].size"] == ["open"]
    assert kinds["model.backbone.num_classes"] == ["argument"]
    check_complete(Config({"model": {"type": "MAE", "backbone": {"a": [1, {}]}}, "x": None}))


def test_rows_know_value_and_origin_when_listed(old):
    rows = {row.path: row for row in walk_rows(read_config(old, ["seed=7"]))}
    assert (rows["seed"].value, str(rows["seed"].origin)) == (7, "--cfg-options seed=7")
    assert (rows["seed"].origin.overrode.value, rows["seed"].name) == (5, "seed")
    step = rows["data.val.pipeline[0]"]
    assert (step.name, [row.name for row in step.inside]) == ("[0]", ["type", "size"])
    assert rows["norm"].inside == ()


def test_rows_have_no_origin_when_set_from_python():
    (row,) = list_rows(Config({"author": "me"}))
    assert (row.origin, [fate.kind for fate in row.fates]) == (None, ["ignored"])


def test_none_is_unset_when_it_changes_nothing():
    rows = {
        row.path: row
        for row in walk_rows(Config({"load_from": None, "randomness": {"seed": None}}))
    }
    assert [rows[path].fates[0].kind for path in ("load_from", "randomness.seed")] == ["unset"] * 2


def test_explain_answers_at_once_and_without_torch():
    code = (
        "import sys; from mmlight.cli import main;"
        "code = main(['explain', 'configs/mmengine/resnet/resnet50_8xb32_in1k.py', 'model']);"
        "sys.exit(code or len({'torch', 'lightning', 'numpy', 'cv2'} & set(sys.modules)))"
    )
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
        assert "model.backbone" in done.stdout
    assert min(seconds) < 0.5
