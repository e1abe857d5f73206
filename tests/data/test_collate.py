import pytest
import torch

from mmlight.data.collate import collate, move_batch


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
