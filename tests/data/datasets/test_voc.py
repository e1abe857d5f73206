import numpy as np
import pytest
import torch

from mmlight.data.collate import collate
from mmlight.data.datasets.voc import VOC
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.data.transforms.pack import PackInputs
from mmlight.errors import DataError
from tests.layouts import write_voc

CHAIR, DOG, TV, BOAT, PERSON = 8, 11, 19, 3, 14


@pytest.fixture
def root(tmp_path):
    return str(write_voc(tmp_path))


def test_difficult_objects_are_apart_when_1x(root):
    dataset = VOC(root)
    samples = [dataset[i] for i in range(4)]
    assert samples[0]["img_path"] == f"{root}/JPEGImages/000005.jpg"
    assert [sample["gt_label"] for sample in samples] == [[CHAIR, DOG], [BOAT], [], []]
    difficult = [sample["gt_label_difficult"] for sample in samples]
    assert difficult == [[CHAIR], [TV], [PERSON], []]
    assert dataset.get_cat_ids(0) == [CHAIR, DOG]


@pytest.mark.parametrize(("option", "value"), [(None, -1), (True, 1), (False, 0)])
def test_difficult_objects_have_the_score_that_is_asked_for_when_0x(root, option, value):
    dataset = VOC(root, generation="0.x", difficult_as_positive=option)
    labels = dataset.get_gt_labels()
    assert (labels.dtype, labels.shape) == (np.int8, (4, 20))
    assert (labels[0, CHAIR], labels[1, TV], labels[2, PERSON]) == (1, value, value)
    assert np.abs(labels).sum() == 3 + 2 * abs(value)
    assert dataset.get_cat_ids(1) == sorted([BOAT, *([TV] if value == 1 else [])])


@pytest.mark.parametrize(
    ("split", "count"), [("train", 3), ("val", 1), ("trainval", 4), ("test", 4)]
)
def test_split_is_an_image_set_when_chosen(root, split, count):
    assert len(VOC(root, split)) == count


def test_batch_has_what_heads_take_when_packed(root):
    steps = [LoadImageFromFile(), PackInputs()]
    new, old = VOC(root, pipeline=steps), VOC(root, pipeline=steps, generation="0.x")
    target = collate([new[i] for i in range(4)])["target"]
    assert [labels.tolist() for labels in target] == [[CHAIR, DOG], [BOAT], [], []]
    assert {labels.dtype for labels in target} == {torch.int64}
    scores = collate([old[i] for i in range(4)])["target"]
    assert (scores.dtype, scores.shape, scores[1, TV]) == (torch.int8, (4, 20), -1)


def test_labels_are_none_when_only_images_are_named(root):
    dataset = VOC(root, "test", data_prefix="JPEGImages", test_mode=True)
    assert (dataset[0]["gt_label"], dataset.ann_prefix) == (None, None)
    for options in ({"split": "trainval", "data_prefix": "JPEGImages"}, {"split": "test"}):
        with pytest.raises(ValueError, match="data_prefix must name a folder as 'ann_path', got"):
            VOC(root, **{"data_prefix": {"img_path": "x", "ann_path": None}, **options})


def test_training_set_is_used_with_a_warning_when_in_test_mode(root):
    with pytest.warns(UserWarning, match="split='train' with test_mode=True"):
        assert len(VOC(root, "train", test_mode=True)) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "mine"}, "split must be one of train, val, trainval, test, got 'mine'"),
        ({"split": ""}, "got ''"),
        ({"generation": "2"}, "generation must be"),
        ({"difficult_as_positive": False}, "is for generation='0.x', .* got False"),
    ],
)
def test_dataset_raises_when_an_argument_is_unknown(root, options, message):
    with pytest.raises(ValueError, match=message):
        VOC(root, **options)


def test_dataset_raises_when_a_file_is_missing_or_damaged(tmp_path, root):
    with pytest.raises(DataError, match=r"none\.txt: this file is missing"):
        VOC(root, "", "none.txt")
    with pytest.raises(DataError, match=r"none\.txt: this file is missing"):
        VOC(root, "", "none.txt", lazy_init=True).check_files()
    path = tmp_path / "Annotations" / "000007.xml"
    path.write_text("<annotation>")
    with pytest.raises(DataError, match=r"000007\.xml: is no annotation of VOC: no element"):
        VOC(root)
    path.unlink()
    with pytest.raises(DataError, match=r"000007\.xml: this file is missing"):
        VOC(root)
