import numpy as np
import pytest
import torch

from mmlight.data.collate import CountedCollate, collate, join_targets, move_batch
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.transforms.pack import PackInputs
from mmlight.models.targets import to_scores
from tests.runs import FASHION


def sample(size=4, **more):
    return {"inputs": torch.full((3, size, size), 7, dtype=torch.uint8), **more}


def test_collate_stacks_when_shapes_agree():
    samples = [sample(target=i, metas={"i": i}, counted=i < 1) for i in range(2)]
    batch = collate(samples)
    assert batch["inputs"].shape == (2, 3, 4, 4)
    assert batch["inputs"].dtype == torch.uint8
    assert batch["target"].dtype == torch.int64
    assert batch["target"].tolist() == [0, 1]
    assert batch["metas"] == [{"i": 0}, {"i": 1}]
    assert batch["counted"].dtype == torch.bool
    assert batch["counted"].tolist() == [True, False]


def test_collate_counts_samples_when_only_others_say_so():
    batch = collate([sample(), sample(counted=False)])
    assert batch["counted"].tolist() == [True, False]


def test_collate_makes_list_when_shapes_differ():
    batch = collate([sample(4), sample(5)])
    assert [tuple(item.shape) for item in batch["inputs"]] == [(3, 4, 4), (3, 5, 5)]


def test_collate_leaves_target_out_when_there_are_no_labels():
    assert collate([sample()]).keys() == {"inputs"}


def test_collate_stacks_target_when_it_is_a_tensor():
    batch = collate([sample(target=torch.tensor([0.0, 1.0])), sample(target=torch.ones(2))])
    assert batch["target"].tolist() == [[0, 1], [1, 1]]


def test_collate_raises_when_keys_differ():
    with pytest.raises(ValueError, match=r"\['inputs', 'target'\], got \['inputs'\] at 1"):
        collate([sample(target=1), sample()])


def test_move_batch_moves_tensors_and_lists_of_tensors_alone():
    metas = [{"i": 0, "box": torch.zeros(1)}]
    batch = {"inputs": [torch.zeros(1), torch.zeros(2)], "target": torch.zeros(2), "metas": metas}
    moved = move_batch(batch, torch.device("meta"))
    assert [item.device.type for item in moved["inputs"]] == ["meta", "meta"]
    assert moved["target"].device.type == "meta"
    assert moved["metas"] is metas
    assert metas[0]["box"].device.type == "cpu"


class Relabelled:
    """Puts another label into real samples."""

    def __init__(self, key, labels):
        self.key, self.labels = key, labels

    def __call__(self, results):
        label = self.labels[results["sample_idx"]]
        return {key: results[key] for key in results if key != "gt_label"} | {self.key: label}


ONE_HOT = [[1, 0, 1, 0], [0, 1, 0, 0], [0, 1, 1, 0]]
LABELS = [[0, 2], [1], [1, 2]]
MANY = {
    "lists, 1.x": ("gt_label", LABELS),
    "arrays, 1.x": ("gt_label", [np.array(labels) for labels in LABELS]),
    "scores, 1.x": ("gt_score", [np.array(row, np.float32) for row in ONE_HOT]),
    "one-hot, 0.x": ("gt_label", [np.array(row, np.int8) for row in ONE_HOT]),
    "soft, 0.x": ("gt_label", [np.array(row, np.float32) for row in ONE_HOT]),
}


@pytest.mark.parametrize("case", MANY)
def test_batch_means_the_same_scores_when_labels_are_several(case):
    pipeline = [Relabelled(*MANY[case]), PackInputs()]
    dataset = FashionMNIST(data_root=str(FASHION), split="test", indices=3, pipeline=pipeline)
    batch = collate([dataset[i] for i in range(3)])
    assert batch["inputs"].shape == (3, 1, 28, 28)
    assert to_scores(batch["target"], 4).tolist() == ONE_HOT
    same_length = collate([dataset[i] for i in (0, 2)])  # labels, and no scores of two classes
    assert to_scores(same_length["target"], 4).tolist() == [ONE_HOT[0], ONE_HOT[2]]
    alone = collate([dataset[1]])
    assert to_scores(alone["target"], 4).tolist() == [ONE_HOT[1]]


def test_targets_of_one_image_are_a_list_when_labels():
    assert [t.tolist() for t in join_targets([torch.tensor([3])])] == [[3]]


def test_collate_makes_a_list_of_batches_when_there_are_views():
    views = [[torch.zeros(1, 4, 4), torch.zeros(1, 2, 2)] for _ in range(3)]
    batch = collate([{"inputs": pair} for pair in views])
    assert [tuple(view.shape) for view in batch["inputs"]] == [(3, 1, 4, 4), (3, 1, 2, 2)]
    moved = move_batch({"inputs": [batch["inputs"]]}, torch.device("meta"))
    assert moved["inputs"][0][1].device.type == "meta"


def test_collate_describes_a_sample_once_when_all_is_said_of_every_view():
    views = [torch.zeros(1, 2, 2), torch.ones(1, 2, 2)]
    labels = [torch.tensor([0, 2])] * 2
    sample = {"inputs": views, "target": labels, "metas": [{"flip": True}, {"flip": False}]}
    batch = collate([sample, sample])
    assert [tuple(view.shape) for view in batch["inputs"]] == [(2, 1, 2, 2)] * 2
    assert [target.tolist() for target in batch["target"]] == [[0, 2], [0, 2]]
    assert batch["metas"] == [{"flip": True}] * 2


def test_counted_collate_tells_what_counts_when_some_samples_do_not():
    batch = CountedCollate(collate)([(sample(), True), (sample(), False)])
    assert batch["counted"].tolist() == [True, False]
    pairs = [(sample(counted=False), True), (sample(counted=True), True)]
    assert CountedCollate(collate)(pairs)["counted"].tolist() == [False, True]


def test_counted_collate_raises_when_a_batch_is_no_dict():
    with pytest.raises(TypeError, match=r"a batch must be a dict .* got <class 'list'>"):
        CountedCollate(list)([(1, True)])
