import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize

NORM = dict(type="Normalize", mean=[1.0, 2.0, 3.0], std=[4.0] * 3, to_rgb=True)
PACK = dict(type="Collect", keys=["img", "gt_label"])
IMAGES = dict(type="ImageNet", data_prefix="data/imagenet/train")


def upgrade(train=IMAGES, steps=(NORM,), val=None, val_steps=None, **words):
    def dataset(given, transforms):
        return dict(**given, pipeline=[*transforms, PACK])

    data = dict(samples_per_gpu=8, workers_per_gpu=2, train=dataset(train, steps))
    if val is not None:
        data["val"] = data["test"] = dataset(val, val_steps or steps)
    data.update(words.pop("data", {}))
    config = modernize(Config({"data": data, "runner": {"max_epochs": 1}, **words}))
    notes = [note.text for note in config.notes if note.path.startswith("train_")]
    return to_plain(config.values), notes


def dataset_of(**words):
    new, notes = upgrade(words)
    dataset = new["train_dataloader"]["dataset"]
    dataset.pop("pipeline")
    return dataset, notes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            dict(type="ImageNet", data_prefix="d/imagenet/train"),
            dict(type="ImageNet", data_root="d/imagenet", split="train"),
            1,
        ),
        (
            dict(type="ImageNet", data_prefix="d/val", ann_file="d/meta/val.txt"),
            dict(type="ImageNet", data_root="d", split="val"),
            0,
        ),
        (
            dict(type="ImageNet", data_prefix="d/train", ann_file="d/mine.txt"),
            dict(type="ImageNet", data_root="d", data_prefix="train", ann_file="mine.txt"),
            0,
        ),
        (
            dict(type="ImageNet", data_prefix="d/train", ann_file="lists/train.txt"),
            dict(type="ImageNet", data_prefix="d/train", ann_file="lists/train.txt"),
            0,
        ),
        (
            dict(type="CustomDataset", data_prefix="d/cats"),
            dict(type="CustomDataset", data_root="d", data_prefix="cats"),
            0,
        ),
        (
            dict(type="CIFAR10", data_prefix="d/c"),
            dict(type="CIFAR10", data_root="d/c", split="train"),
            0,
        ),
        (
            dict(
                type="VOC", data_prefix="d/VOC2007", ann_file="d/VOC2007/ImageSets/Main/train.txt"
            ),
            dict(type="VOC", data_root="d/VOC2007", split="train"),
            1,
        ),
        (dict(type="Mine", data_prefix="x"), dict(type="Mine", data_prefix="x"), 0),
    ],
)
def test_dataset_has_the_words_of_mmpretrain_when_modern(old, new, told):
    dataset, notes = dataset_of(**old)
    assert (dataset, len(notes)) == (new, told)


def test_file_is_chosen_by_test_mode_when_mnist():
    new, _ = upgrade(dict(type="MNIST", data_prefix="m"), val=dict(type="MNIST", data_prefix="m"))
    assert new["val_dataloader"]["dataset"]["test_mode"] is True  # mmpretrain reads no split there
    new, _ = upgrade(dict(type="CIFAR10", data_prefix="m"), val=dict(type="CIFAR10"))
    assert "test_mode" not in new["val_dataloader"]["dataset"]


def test_metrics_get_what_they_ask_for_when_voc():
    voc = dict(type="VOC", data_root="d")
    new, notes = upgrade(voc, val=voc, model=dict(head=dict(num_classes=20)))
    pack = new["test_pipeline"][-1]
    assert pack["meta_keys"][-1] == "gt_label_difficult"
    assert new["train_pipeline"][-1] == dict(type="PackInputs")
    assert new["data_preprocessor"]["to_onehot"] is True
    assert "their label was -1" in notes[0]


def test_no_word_of_ours_is_left_when_datasets_are_joined():
    inside = dict(type="RepeatDataset", times=2, dataset=dict(type="VOC", data_root="d"))
    new, _ = upgrade(data=dict(val=dict(type="MNIST"), train=[inside, inside]))
    dataset = new["train_dataloader"]["dataset"]
    assert dataset["type"] == "ConcatDataset"
    assert "generation" not in str(dataset)


def test_pipelines_have_names_when_loaders_use_them():
    new, _ = upgrade(val=IMAGES)
    assert list(new)[:3] == ["data_preprocessor", "train_pipeline", "test_pipeline"]
    new, _ = upgrade(data=dict(val=dict(pipeline=[PACK]), test=dict(pipeline=[NORM, PACK])))
    assert {"val_pipeline", "test_pipeline"} <= new.keys()


def test_words_are_in_order_when_modern():
    step = dict(type="RandomResizedCrop", backend="pillow", size=8)
    new, _ = upgrade(steps=[step, NORM])
    assert list(new["train_pipeline"][0]) == ["type", "scale", "backend"]
    loader = new["train_dataloader"]
    assert list(loader) == [
        *("batch_size", "num_workers", "dataset", "sampler", "persistent_workers")
    ]
    assert list(loader["dataset"]) == ["type", "data_root", "split", "pipeline"]


def test_normalization_stays_when_train_and_test_differ():
    other = {**NORM, "mean": [0.0, 0.0, 0.0]}
    new, _ = upgrade(val=IMAGES, val_steps=[other])
    assert new["train_pipeline"][0]["mean"] == [1.0, 2.0, 3.0]
    assert new["test_pipeline"][0]["mean"] == [0.0, 0.0, 0.0]
    assert "data_preprocessor" not in new


@pytest.mark.parametrize(
    "model",
    [
        dict(head=dict(num_classes=7)),
        dict(backbone=dict(num_classes=7), head=dict(type="ClsHead")),
        dict(train_cfg=dict(augments=dict(type="BatchMixup", alpha=1.0, num_classes=7))),
    ],
)
def test_preprocessor_knows_the_classes_when_the_model_does(model):
    new, _ = upgrade(model=model)
    assert new["data_preprocessor"] == dict(
        num_classes=7, mean=[1.0, 2.0, 3.0], std=[4.0] * 3, to_rgb=True
    )


def test_channels_have_no_order_when_there_is_one():
    gray = dict(type="Normalize", mean=[1.0], std=[2.0], to_rgb=True)
    new, _ = upgrade(steps=[gray], model=dict(head=dict(num_classes=2)))
    assert new["data_preprocessor"] == dict(num_classes=2, mean=[1.0], std=[2.0])


def test_loader_words_without_meaning_go_when_modern():
    words = dict(workers_per_gpu=0, seed=3, round_up=False)
    new, notes = upgrade(data=words, sampler=dict(type="RepeatAugSampler"))
    loader = new["train_dataloader"]
    assert (loader["num_workers"], "persistent_workers" in loader, "seed" in loader) == (
        *(0, False, False),
    )
    assert loader["sampler"] == dict(type="RepeatAugSampler", shuffle=True)
    assert notes[0] == "mmcls cut each round to a multiple of 256 samples, mmpretrain does not."
