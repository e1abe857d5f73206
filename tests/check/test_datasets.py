from collections.abc import Callable
from pathlib import Path

import pytest

from mmlight.check.datasets import examine_datasets, find_datasets
from mmlight.check.findings import Findings
from mmlight.errors import MMLightError
from mmlight.run import read_spec
from mmlight.spec import Call, Spec
from tests.check.conftest import TEXT, photos_text
from tests.runs import FASHION, write_config

Only = Callable[..., MMLightError]
ROOT_OF_TRAIN = f"data_root={str(FASHION)!r},  # train"


def test_finds_the_datasets_of_all_stages(tmp_path: Path) -> None:
    found = Findings()
    sources = examine_datasets(read_spec(write_config(tmp_path, TEXT)), found)
    assert [source.stage for source in sources] == ["train", "val", "test"]
    assert all(len(source.classes or ()) == 10 for source in sources)
    assert found.errors == []
    assert [len(source.pipeline or ()) for source in sources] == [3, 2, 2]
    for source in sources:
        assert source.dataset is not None
        assert not source.dataset._fully_initialized


def test_looks_into_wrappers() -> None:
    inner = Call("mmlight.data.datasets.mnist.MNIST", {"data_root": "x"}, path="inner")
    other = Call("no.such.Thing")
    loader = Call("L", {"dataset": Call("torch.utils.data.Subset", {"dataset": inner, "o": other})})
    assert list(find_datasets(Spec(model={}, data={"val": loader}))) == [("val", inner)]


def test_names_the_nearest_folder_when_the_root_is_missing(only: Only) -> None:
    path = str(FASHION).replace("fashion", "fasion")
    error = only({ROOT_OF_TRAIN: f"data_root={path!r},"})
    assert error.path == "train_dataloader.dataset.data_root"
    assert error.problem == f"{path!r} is missing"
    assert error.origin == f"data_root={path!r},"
    assert error.nearest == str(FASHION)


def test_names_the_file_of_a_dataset_that_is_missing(only: Only, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    error = only({ROOT_OF_TRAIN: f"data_root={str(tmp_path / 'files')!r},"})
    assert error.path == f"{tmp_path}/files/train-images-idx3-ubyte"
    assert error.problem == "this file is missing, and so is its .gz"
    assert error.origin == f"data_root={str(tmp_path / 'files')!r},"


@pytest.mark.parametrize(
    ("given", "key", "missing", "nearest"),
    [
        ("ann_file='meta/trian.txt',", "ann_file", "meta/trian.txt", "meta/train.txt"),
        ("data_prefix='trian',", "data_prefix", "trian", "train"),
        ("data_prefix=dict(img_path='trian'),", "data_prefix", "trian", "train"),
    ],
)
def test_names_the_path_that_is_missing(
    only: Only, photos: Path, given: str, key: str, missing: str, nearest: str
) -> None:
    (photos / "meta").mkdir()
    (photos / "meta" / "train.txt").touch()
    error = only({"data_prefix='train',": given}, photos_text(photos))
    assert error.path == f"train_dataloader.dataset.{key}"
    assert error.problem == f"'{photos}/{missing}' is missing"
    assert error.nearest == f"{photos}/{nearest}"
    assert error.origin == given


def test_names_the_file_of_classes_that_is_missing(only: Only, photos: Path) -> None:
    (photos / "names.txt").touch()
    given = f"classes='{photos}/nams.txt',"
    error = only({"data_prefix='train',": f"data_prefix='train',\n{given}"}, photos_text(photos))
    assert (error.path, error.origin) == ("train_dataloader.dataset.classes", given)
    assert error.problem == f"'{photos}/nams.txt' is missing"
    assert error.nearest == f"{photos}/names.txt"


def test_counts_the_folders_of_classes(only: Only, photos: Path) -> None:
    (photos / "train" / "eleven").mkdir()
    classes = {"data_prefix='train',": "data_prefix='train', classes=list('abcdefghij'),"}
    same = {"data_prefix='val',": "data_prefix='val', classes=list('abcdefghij'),"}
    error = only({**classes, **same}, photos_text(photos))
    assert error.problem == "11 sub-folders do not fit 10 classes"
    assert error.path == str(photos / "train")


@pytest.mark.parametrize(
    ("pipeline", "path", "value"),
    [
        ("5", "pipeline", "5 is no transform"),
        ("[dict(type='PackInputs'), dict(scale=3)]", "pipeline[1]", "{'scale': 3} is no transform"),
    ],
)
def test_tells_what_is_no_transform(only: Only, pipeline: str, path: str, value: str) -> None:
    error = only({"pipeline=train_pipeline": f"pipeline={pipeline}"})
    assert error.path == f"train_dataloader.dataset.{path}"
    assert error.problem == value


def test_tells_what_a_dataset_refuses(only: Only) -> None:
    error = only({"split='train'": "split='trian'"})
    assert error.path == "train_dataloader.dataset.split"
    assert error.problem == "split must be 'train' or 'test', got 'trian'"


def test_tells_an_argument_of_a_base_class_that_is_misspelt(only: Only) -> None:
    error = only({"split='train'": "split='train', test_mod=False"})
    assert error.problem == "FashionMNIST takes no argument 'test_mod', got False"
    assert error.nearest == "test_mode"
