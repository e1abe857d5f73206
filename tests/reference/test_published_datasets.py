"""Datasets with a layout of their own: the same samples from the same files."""

import pytest

from mmlight.data.datasets import list_set, mat_set
from mmlight.data.datasets.cub import CUB
from mmlight.data.datasets.multi_label import MultiLabelDataset
from mmlight.data.datasets.places import Places205
from mmlight.data.datasets.stanford_cars import StanfordCars
from mmlight.data.datasets.voc import VOC
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.read.node import to_nodes, to_plain
from mmlight.upgrade.datasets import upgrade_dataset
from tests import layouts
from tests.reference.their_dataset import check_equal, theirs_0x, theirs_1x

LOAD = {"type": "LoadImageFromFile"}
SETS = [
    *((CUB, layouts.write_cub, {"split": split}) for split in ("train", "test")),
    (CUB, layouts.write_cub, {}),
    *((StanfordCars, layouts.write_cars, {"split": split}) for split in ("train", "test")),
    *((StanfordCars, layouts.write_cars_together, {"split": split}) for split in ("train", "test")),
    *((VOC, layouts.write_voc, {"split": split}) for split in ("train", "val", "test")),
    (VOC, layouts.write_voc, {}),
    (VOC, layouts.write_voc, {"split": "", "image_set_path": "ImageSets/Main/mine.txt"}),
    (VOC, layouts.write_voc, {"classes": ["chair", "person"]}),
    (
        VOC,
        layouts.write_voc,
        {"split": "test", "test_mode": True, "data_prefix": {"img_path": "JPEGImages"}},
    ),
    *(
        (list_set.Caltech101, layouts.write_caltech101, options)
        for options in ({}, {"split": "test"})
    ),
    *((mat_set.DTD, layouts.write_dtd, {"split": s}) for s in ("train", "val", "trainval", "test")),
    (mat_set.DTD, layouts.write_dtd, {}),
    *(
        (list_set.FGVCAircraft, layouts.write_aircraft, {"split": s})
        for s in ("train", "val", "trainval", "test")
    ),
    (list_set.FGVCAircraft, layouts.write_aircraft, {}),
    *(
        (mat_set.Flowers102, layouts.write_flowers, {"split": s})
        for s in ("val", "trainval", "test")
    ),
    (mat_set.Flowers102, layouts.write_flowers, {}),
    *((list_set.Food101, layouts.write_food101, o) for o in ({}, {"split": "test"})),
    *((list_set.OxfordIIITPet, layouts.write_pets, o) for o in ({}, {"split": "test"})),
    *((list_set.SUN397, layouts.write_sun397, o) for o in ({}, {"split": "test"})),
    (Places205, layouts.write_places205, {"data_prefix": "images", "ann_file": "train.txt"}),
]


@pytest.mark.parametrize(
    ("cls", "write", "options"), SETS, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_dataset_equals_mmpretrain_when_its_files_are_real(
    mmpretrain, tmp_path, cls, write, options
):
    options = {"data_root": str(write(tmp_path)), **options}
    theirs = mmpretrain(theirs_1x, cls.__name__, {**options, "pipeline": [LOAD]})
    check_equal(cls(**options, pipeline=[LoadImageFromFile()]), theirs)


OLD_SETS = [
    *((layouts.write_cars, {"type": "StanfordCars"}, test_mode) for test_mode in (False, True)),
    (
        layouts.write_cars,
        {"type": "StanfordCars", "ann_file": "devkit/cars_train_annos.mat"},
        False,
    ),
    *(
        (
            layouts.write_cub,
            {
                "type": "CUB",
                "data_prefix": "images",
                "ann_file": "images.txt",
                "image_class_labels_file": labels,
                "train_test_split_file": "train_test_split.txt",
            },
            test_mode,
        )
        for labels in ("image_class_labels.txt", "elsewhere/labels.txt")
        for test_mode in (False, True)
    ),
    *(
        (
            layouts.write_voc,
            {"type": "VOC", "ann_file": f"ImageSets/Main/{name}.txt", **difficult},
            name == "test",
        )
        for name in ("trainval", "test", "mine")
        for difficult in (
            {},
            *({"difficult_as_postive": flag} for flag in (True, False)),
        )
    ),
]


@pytest.mark.parametrize(
    ("write", "words", "test_mode"),
    OLD_SETS,
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_dataset_equals_mmcls_when_upgraded(mmcls, tmp_path, write, words, test_mode):
    root = write(tmp_path / "VOC2007")
    (root / "elsewhere").mkdir()
    labels = root / "image_class_labels.txt"
    if labels.exists():
        labels.rename(root / words["image_class_labels_file"])
    paths = {key: str(root / value) for key, value in words.items() if str(value).count(".txt")}
    paths |= {key: str(root / value) for key, value in words.items() if str(value).count(".mat")}
    paths["data_prefix"] = str(root / words.get("data_prefix", ""))
    words = {**words, **paths, "test_mode": test_mode}
    name = words.pop("type")
    samples, classes = mmcls(theirs_0x, name, words)
    old = to_nodes({"type": name, **words})
    new = to_plain(upgrade_dataset(old, "dataset", [], held_out=test_mode))
    cls = {"CUB": CUB, "StanfordCars": StanfordCars, "VOC": VOC}[new.pop("type")]
    check_equal(cls(**new), (samples, classes), index=False)


def theirs_cat_ids(name, options, package):
    from importlib import import_module

    dataset = getattr(import_module(f"{package}.datasets"), name)(**options)
    return [dataset.get_cat_ids(i) for i in range(len(dataset))]


def test_labels_of_a_sample_equal_the_originals_when_there_are_several(mmcls, mmpretrain, tmp_path):
    root = layouts.write_voc(tmp_path / "VOC2007")
    dataset = VOC(str(root))
    ours = [dataset.get_cat_ids(i) for i in range(len(dataset))]
    assert ours == mmpretrain(theirs_cat_ids, "VOC", {"data_root": str(root)}, "mmpretrain")
    listed = str(root / "ImageSets/Main/trainval.txt")
    options = {"data_prefix": str(root), "ann_file": listed, "pipeline": []}
    dataset = VOC(str(root), generation="0.x")
    ours = [dataset.get_cat_ids(i) for i in range(len(dataset))]
    assert ours == mmcls(theirs_cat_ids, "VOC", options, "mmcls")


def test_multi_label_dataset_equals_mmpretrain(mmpretrain, tmp_path):
    (tmp_path / "a.json").write_text(
        '{"metainfo": {"classes": ["A", "B", "C"]}, "data_list": ['
        '{"img_path": "1.jpg", "gt_label": [0, 2]}, {"img_path": "2.jpg", "gt_label": []},'
        '{"img_path": "3.jpg", "gt_label": [1]}]}'
    )
    options = {"ann_file": str(tmp_path / "a.json"), "data_prefix": "img"}
    dataset = MultiLabelDataset(**options)
    check_equal(dataset, mmpretrain(theirs_1x, "MultiLabelDataset", options))
    theirs = mmpretrain(theirs_cat_ids, "MultiLabelDataset", options, "mmpretrain")
    assert [dataset.get_cat_ids(i) for i in range(3)] == theirs


def theirs_classes(names):
    from mmpretrain import datasets

    return {name: getattr(datasets, name).METAINFO.get("classes") for name in names}


def test_class_names_equal_mmpretrain_when_published(mmpretrain):
    classes = {cls for cls, _, _ in SETS}
    theirs = mmpretrain(theirs_classes, [cls.__name__ for cls in classes])
    assert {cls.__name__: cls.METAINFO.get("classes") for cls in classes} == theirs
