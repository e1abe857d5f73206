import pytest

from mmlight.read.node import to_nodes, to_plain
from mmlight.upgrade.datasets import upgrade_dataset


def upgrade(held_out=False, **words):
    notes = []
    new = upgrade_dataset(to_nodes(words), "train_dataloader.dataset", notes, held_out=held_out)
    return to_plain(new), [str(note) for note in notes]


def cub(root="data/CUB", images="images"):
    return dict(
        type="CUB",
        data_prefix=f"{root}/{images}",
        ann_file=f"{root}/images.txt",
        image_class_labels_file=f"{root}/image_class_labels.txt",
        train_test_split_file=f"{root}/train_test_split.txt",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (cub(), dict(type="CUB", data_root="data/CUB", split="train")),
        (
            dict(**cub(), test_mode=True),
            dict(type="CUB", test_mode=True, data_root="data/CUB", split="test"),
        ),
        (
            dict(type="StanfordCars", data_prefix="data/cars/", test_mode=True),
            dict(type="StanfordCars", data_root="data/cars", split="test"),
        ),
        (
            dict(type="VOC", data_prefix="d/VOC2007/", ann_file="d/VOC2007/ImageSets/Main/val.txt"),
            dict(type="VOC", generation="0.x", data_root="d/VOC2007", split="val"),
        ),
        (
            dict(type="VOC", data_prefix="VOC2007", difficult_as_postive=False),
            dict(type="VOC", data_prefix="VOC2007", difficult_as_positive=False, generation="0.x"),
        ),
        (
            dict(type="CIFAR10", data_prefix="c", test_mode=False),
            dict(type="CIFAR10", data_prefix="c", test_mode=False, split="train"),
        ),
        (dict(type="mmcls.MNIST"), dict(type="mmcls.MNIST", split="train")),
        (dict(type="Mine", data_prefix="x"), dict(type="Mine", data_prefix="x")),
    ],
)
def test_words_are_those_of_mmpretrain_when_dataset(old, new):
    assert upgrade(**old) == (new, [])


def voc_folders(root):
    return dict(img_path=f"{root}/JPEGImages", ann_path=f"{root}/Annotations")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (cub(images="pictures"), {**cub(images="pictures"), "split": "train"}),
        (
            {**cub(), "ann_file": "elsewhere/images.txt", "test_mode": True},
            {**cub(), "ann_file": "elsewhere/images.txt", "test_mode": True, "split": "test"},
        ),
        (
            dict(type="StanfordCars", data_prefix="c/", ann_file="mine.mat", test_mode=False),
            dict(
                type="StanfordCars", data_prefix="c/cars_train", ann_file="mine.mat", split="train"
            ),
        ),
        *(
            (
                dict(type="VOC", data_prefix="d/VOC2007", ann_file=path),
                dict(
                    type="VOC",
                    generation="0.x",
                    image_set_path=path,
                    split="",
                    data_prefix=voc_folders("d/VOC2007"),
                ),
            )
            for path in ("lists/VOC2007/train.txt", "d/VOC2007/ImageSets/Main/mine.txt")
        ),
    ],
)
def test_each_file_is_named_when_it_lies_elsewhere(old, new):
    assert upgrade(**old) == (new, [])


def test_part_is_the_held_out_one_when_val_or_test():
    assert upgrade(held_out=True, type="CIFAR100")[0]["split"] == "test"
    new, _ = upgrade(held_out=True, type="RepeatDataset", times=2, dataset=dict(type="CIFAR10"))
    assert new["dataset"] == dict(type="CIFAR10", test_mode=True, split="test")
    assert "test_mode" not in new


@pytest.mark.parametrize(
    ("given", "held_out", "fold", "inside"),
    [
        ({}, True, True, "train"),  # the fold takes the `test_mode` that was for the dataset
        ({}, False, False, "train"),
        ({"test_mode": None}, True, True, "train"),
        ({"test_mode": False}, True, False, "test"),
    ],
)
def test_fold_is_held_out_when_its_mode_is_not_given(given, held_out, fold, inside):
    words = dict(type="KFoldDataset", fold=1, dataset=dict(type="CIFAR10"), **given)
    new, _ = upgrade(held_out=held_out, **words)
    assert (new["test_mode"], new["dataset"]["split"]) == (fold, inside)


def test_parts_are_upgraded_when_joined():
    joined = dict(type="ConcatDataset", datasets=[dict(type="MNIST", split="train")])
    for separate in (True, False):
        new, notes = upgrade(
            type="ConcatDataset", separate_eval=separate, datasets=[dict(type="MNIST")]
        )
        assert (new, notes) == ({**joined, "generation": "0.x"}, [])
    new = upgrade_dataset(to_nodes([dict(type="MNIST")]), "dataset", [], held_out=False)
    assert to_plain(new) == {**joined, "generation": "0.x"}


@pytest.mark.parametrize(("given", "kept"), [({}, True), ({"separate_eval": False}, False)])
def test_metrics_learn_whether_parts_are_evaluated_apart(given, kept):
    words = dict(type="ConcatDataset", datasets=[dict(type="Mine")], **given)
    new, _ = upgrade(held_out=True, **words)
    assert new["separate_eval"] is kept
    folds, _ = upgrade(held_out=True, type="KFoldDataset", test_mode=True, dataset=words)
    assert "separate_eval" not in folds["dataset"]


def test_note_is_written_when_folders_are_searched():
    told = "train_dataloader.dataset.recursion_subdir: All folders below are searched in any case."
    assert upgrade(type="ImageNet21k", recursion_subdir=True) == (dict(type="ImageNet21k"), [told])
    refused = dict(type="ImageNet21k", recursion_subdir=False)  # which the original refuses too
    assert upgrade(**refused) == (refused, [])
