"""Every value of every config of the originals is accounted for in the translation report."""

from collections import Counter
from pathlib import Path

import pytest

from mmlight.errors import MMLightError
from mmlight.explain.fates import find_fates
from mmlight.explain.report import explain_config
from mmlight.explain.rows import list_rows
from mmlight.read.config import Config, read_config
from mmlight.read.key_path import list_entries, walk

REFERENCE = Path(__file__).parents[2] / ".reference"
PACKAGES = {"mmcls": "mmcls 0.25", "mmpretrain": "mmpretrain 1.2"}
TAKEN = {
    "type": "Normalize, which becomes the preprocessor, and the first step of formatting",
    "keys": "of the first step of formatting",
    "prob": "of batch augments: one list of probabilities in 1.x",
    "efficientnet_style": "a class of its own in 1.x",
    "adaptive_side": "part of ResizeEdge",
    "num_classes": "of batch augments: one number for all of them in 1.x",
    "recursion_subdir": "what CustomDataset does in any case",
    **{f"[{i}]": "of evaluation.metric: part of the evaluators" for i in range(7)},
    "ann_file": "of CUB: where 1.x expects it below data_root",
    "image_class_labels_file": "of CUB: likewise",
    "train_test_split_file": "of CUB: likewise",
}
"""Words of 0.x that have no place of their own in 1.x, by their last step."""


def list_configs(package: str) -> list[Path]:
    folder = REFERENCE / package / package / ".mim" / "configs"
    return sorted(path for path in folder.rglob("*.py") if "_base_" not in path.parts)


def count_kinds(config: Config) -> Counter[str]:
    """Check that each leaf has a row, or is inside one that tells all; count what rows tell."""
    fates = find_fates(config)
    rows = {row.path: row for top in list_rows(config, fates) for row in top.walk()}
    kinds: Counter[str] = Counter()
    for path, value, _ in walk(config.values):
        if list_entries(value):
            continue
        place = path
        while place not in rows:
            place = place[: max(place.rfind("."), place.rfind("["))]
        row = rows[place]
        assert row.fates, f"{config.filename}: {path}"
        assert not row.inside, f"{config.filename}: {path}"
        for fate in row.fates:
            kinds[fate.kind if fate.kind != "taken" else f"taken {row.name}"] += 1
    assert fates.problems or not kinds["open"], config.filename
    return kinds


@pytest.mark.parametrize("package", PACKAGES)
def test_every_leaf_is_accounted_for_when_explained(package: str) -> None:
    kinds: Counter[str] = Counter()
    explained = 0
    for path in list_configs(package):
        try:
            config = read_config(path)
        except MMLightError:
            continue  # tests/reference/test_corpus.py names these
        kinds += count_kinds(config)
        explained += 1
    assert explained >= (278 if package == "mmcls" else 520)
    taken = {kind.partition(" ")[2] for kind in kinds if kind.startswith("taken")}
    assert taken <= (TAKEN.keys() if package == "mmcls" else set()), taken


def test_report_is_written_when_the_config_can_be_translated() -> None:
    path = next(path for path in list_configs("mmcls") if path.stem == "resnet50_8xb32_in1k")
    assert "mmlight.models.backbones.resnet.ResNet" in explain_config(read_config(path))
