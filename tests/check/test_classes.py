from collections.abc import Callable
from pathlib import Path

from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from tests.check.conftest import photos_text

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]


def test_compares_the_model_with_the_data(only: Only) -> None:
    error = only({"num_classes=10,\n        in_channels": "num_classes=7,\n        in_channels"})
    assert (error.path, error.origin) == ("model.head.num_classes", "num_classes=7,")
    assert error.problem == "the model tells 7 classes apart, the data has 10"
    assert error.expected == "num_classes=10 for T-shirt/top, Trouser, Pullover, ..."


def test_counts_the_folders_of_one_stage(examine: Examine, photos: Path) -> None:
    (photos / "val" / "eleven").mkdir()
    found = examine({}, photos_text(photos))
    problems = [error.problem for error in found.errors]
    assert problems == [
        "the model tells 10 classes apart, the data of val has 11",
        "the model tells 10 classes apart, the data of test has 11",
    ]


def test_compares_the_names_of_the_stages(examine: Examine, photos: Path) -> None:
    (photos / "val" / "9").rename(photos / "val" / "bird")
    found = examine({}, photos_text(photos))
    (error,) = found.errors
    assert error.path == "val_dataloader.dataset"
    assert error.problem == "label 9 is 'bird' here, '9' in train"


def test_compares_the_soft_labels(only: Only) -> None:
    augments = "num_classes=4,\n    batch_augments=dict(augments=[dict(type='Mixup', alpha=0.8)])"
    error = only({"num_classes=10,\n    batch_augments=None": augments})
    assert (error.path, error.origin) == ("data_preprocessor.num_classes", "num_classes=4,")
    assert error.problem == (
        "the soft labels of the batch augments have 4 classes, the model tells 10 apart"
    )
