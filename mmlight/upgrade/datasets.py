"""Turns the datasets of mmcls 0.25 into the words of mmpretrain 1.2.

0.x names each file of a dataset and says by `test_mode` which part it takes; 1.x names one folder
and the part (`data_root`, `split`). Where the files lie elsewhere than 1.x expects them, each is
still named. The words of a user's own type stay.

To add a dataset: 1. write a function that changes its dict; 2. name it in `CONVERT`; 3. compare in
tests/upgrade/test_datasets.py and with the twins in tests/reference/test_twins.py.
"""

from collections.abc import Callable
from typing import Any, Final

from mmlight.read.node import ConfigDict, ConfigList
from mmlight.spec import Note
from mmlight.upgrade.move import node, pop
from mmlight.upgrade.shape import WRAPPERS

RECURSION = "All folders below are searched in any case."


def upgrade_dataset(value: Any, path: str, notes: list[Note], *, held_out: bool) -> Any:
    """Return `data.train`, `data.val` or `data.test` in 1.x words.

    Args:
        value: A dataset, a wrapped dataset, or a list of them, which 0.x joins.
        path: Its key path in the result, for notes.
        notes: Receives what was ignored.
        held_out: True for validation and test, where 0.x sets `test_mode`.

    From: mmcls 0.25 `build_dataset`.
    """
    if isinstance(value, (list, tuple)):
        first = value[0] if value else None
        origin = first.origin if isinstance(first, ConfigDict) else None
        value = node(origin, type="ConcatDataset", datasets=ConfigList(value))
    if not isinstance(value, ConfigDict):
        return value
    if value.get("type") == "ConcatDataset":
        parts = [
            upgrade_dataset(part, f"{path}.datasets", notes, held_out=held_out)
            for part in value.get("datasets") or ()
        ]
        value.put("datasets", ConfigList(parts), value.origin_of("datasets"))
        value.put("generation", "0.x", value.origin_of("type"))
        value.setdefault("separate_eval", True)  # the upgrade of metrics reads it
        if not held_out:
            del value["separate_eval"]
    elif value.get("type") in WRAPPERS:
        inner_held_out = held_out
        if value["type"] == "KFoldDataset" and value.get("test_mode") is None:
            # 0.x passes `test_mode` to the first that lacks it
            value.put("test_mode", held_out, value.origin_of("type"))
            inner_held_out = False
        inner = upgrade_dataset(
            value.get("dataset"), f"{path}.dataset", notes, held_out=inner_held_out
        )
        if isinstance(inner, ConfigDict):
            inner.pop("separate_eval", None)
        value.put("dataset", inner, value.origin_of("dataset"))
    else:
        _upgrade_plain(value, path, notes, held_out=held_out)
    return value


def _upgrade_plain(dataset: ConfigDict, path: str, notes: list[Note], *, held_out: bool) -> None:
    if held_out:
        dataset.setdefault("test_mode", True)
    convert = CONVERT.get(str(dataset.get("type")).removeprefix("mmcls."))
    if convert is not None:
        convert(dataset, path, notes)


def _split_by_mode(dataset: ConfigDict, _path: str, _notes: list[Note]) -> None:
    split = "test" if dataset.get("test_mode") else "train"
    dataset.put("split", split, dataset.origin_of("test_mode"))


def _convert_imagenet21k(dataset: ConfigDict, path: str, notes: list[Note]) -> None:
    if dataset.get("recursion_subdir"):
        origin = pop(dataset, "recursion_subdir")[1]
        notes.append(Note(f"{path}.recursion_subdir", RECURSION, origin))


def _convert_cub(dataset: ConfigDict, path: str, notes: list[Note]) -> None:
    """Name the folder of CUB-200-2011 where all of its four entries lie at their usual places."""
    places = {
        "data_prefix": "images",
        "ann_file": "images.txt",
        "image_class_labels_file": "image_class_labels.txt",
        "train_test_split_file": "train_test_split.txt",
    }
    _split_by_mode(dataset, path, notes)
    roots = {_cut(dataset.get(key), place) for key, place in places.items()}
    root = roots.pop()
    if not roots and root is not None:
        _put_root(dataset, root, *places)


def _convert_cars(dataset: ConfigDict, path: str, notes: list[Note]) -> None:
    """Name the folder of Stanford Cars; its `split` says what `test_mode` said."""
    _split_by_mode(dataset, path, notes)
    dataset.pop("test_mode", None)
    root = dataset.get("data_prefix")
    if not isinstance(root, str):
        return
    if dataset.get("ann_file") is None:
        _put_root(dataset, root, "data_prefix", "ann_file")
    else:
        folder = f"{root.rstrip('/')}/cars_{dataset['split']}"
        dataset.put("data_prefix", folder, dataset.origin_of("data_prefix"))


def _convert_voc(dataset: ConfigDict, _path: str, _notes: list[Note]) -> None:
    """Name the folder of VOC 2007 and the image set; difficult objects stay as in 0.x."""
    dataset.rename("difficult_as_postive", "difficult_as_positive")
    dataset.put("generation", "0.x", dataset.origin_of("type"))
    root, ann_file = dataset.get("data_prefix"), dataset.get("ann_file")
    if not isinstance(root, str) or not isinstance(ann_file, str):
        return
    root = root.rstrip("/")
    folder, _, name = ann_file.rpartition("/")
    split = name.removesuffix(".txt")
    origin = dataset.origin_of("ann_file")
    if folder == f"{root}/ImageSets/Main" and split in ("train", "val", "trainval", "test"):
        _put_root(dataset, root, "data_prefix", "ann_file")
        dataset.put("split", split, origin)
        return
    dataset.put("image_set_path", dataset.pop("ann_file"), origin)
    dataset.put("split", "", origin)
    folders = node(
        dataset.origin_of("data_prefix"),
        img_path=f"{root}/JPEGImages",
        ann_path=f"{root}/Annotations",
    )
    dataset.put("data_prefix", folders, dataset.origin_of("data_prefix"))


def _put_root(dataset: ConfigDict, root: str, *replaced: str) -> None:
    origin = dataset.origin_of("data_prefix")
    for key in replaced:
        dataset.pop(key, None)
    dataset.put("data_root", root.rstrip("/"), origin)


def _cut(path: Any, ending: str) -> str | None:
    """Return the folder in which `ending` lies, None when the path ends otherwise."""
    if not isinstance(path, str) or not path.rstrip("/").endswith(f"/{ending}"):
        return None
    return path.rstrip("/").removesuffix(f"/{ending}")


CONVERT: Final[dict[str, Callable[[ConfigDict, str, list[Note]], None]]] = {
    "CIFAR10": _split_by_mode,
    "CIFAR100": _split_by_mode,
    "MNIST": _split_by_mode,
    "FashionMNIST": _split_by_mode,
    "ImageNet21k": _convert_imagenet21k,
    "CUB": _convert_cub,
    "StanfordCars": _convert_cars,
    "VOC": _convert_voc,
}
