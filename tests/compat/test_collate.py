import random
from collections import namedtuple

import numpy as np
import pytest
import torch

from mmlight.compat.collate import UserCollate, default_collate, pseudo_collate, worker_init_fn
from mmlight.compat.data_sample import DataSample
from mmlight.data.workers import pack_rng, restore_rng


def samples(*targets):
    image = torch.full((1, 2, 2), 7, dtype=torch.uint8)
    return [{"inputs": image, "target": t, "metas": {"at": i}} for i, t in enumerate(targets)]


def stack_theirs(batch):
    """A user's function, as written for mmpretrain."""
    assert all(sample.keys() == {"inputs", "data_samples"} for sample in batch)
    known = [sample["data_samples"] for sample in batch]
    return {"inputs": torch.stack([s["inputs"] for s in batch]), "data_samples": known[::-1]}


@pytest.mark.parametrize("collate", [stack_theirs, pseudo_collate, default_collate])
def test_users_function_gets_and_gives_data_samples(collate):
    batch = UserCollate(collate)(samples(3, 5))
    turned = collate is stack_theirs
    assert batch["target"].tolist() == ([5, 3] if turned else [3, 5])
    assert [meta["at"] for meta in batch["metas"]] == ([1, 0] if turned else [0, 1])
    assert len(batch["inputs"]) == 2
    assert "data_samples" not in batch


def test_labels_and_scores_come_back():
    labels = [torch.tensor([0, 2]), torch.tensor([1, 3])]
    batch = UserCollate(stack_theirs)(samples(*labels))
    assert [target.tolist() for target in batch["target"]] == [[1, 3], [0, 2]]
    scores = UserCollate(stack_theirs)(samples(torch.tensor([0.0, 1.0]), torch.ones(2)))
    assert scores["target"].tolist() == [[1, 1], [0, 1]]
    unknown = [{"inputs": torch.zeros(1), "metas": {}}]
    assert "target" not in UserCollate(stack_theirs)(unknown)


def test_what_counts_becomes_a_tensor():
    marked = [{**sample, "counted": at > 0} for at, sample in enumerate(samples(1, 2))]
    assert UserCollate(pseudo_collate)(marked)["counted"].tolist() == [False, True]


def test_samples_and_batches_of_another_kind_stay():
    assert UserCollate(list)([1, 2]) == [1, 2]
    assert UserCollate(pseudo_collate)([{"a": 1}, {"a": 2}]) == {"a": [1, 2]}


def test_collate_functions_join_as_those_of_mmengine():
    point = namedtuple("point", "x y")
    batch = [{"a": 1, "p": point(1, "s"), "l": [1, 2], "d": DataSample()} for _ in range(2)]
    plain = pseudo_collate(batch)
    assert (plain["a"], plain["p"], plain["l"]) == (
        [1, 1],
        point([1, 1], ["s", "s"]),
        [[1, 1], [2, 2]],
    )
    joined = default_collate(batch)
    assert joined["a"].tolist() == [1, 1]
    assert joined["p"].y == ["s", "s"]
    assert len(joined["d"]) == 2
    with pytest.raises(RuntimeError, match=r"equal lengths, got \[1, 2\]"):
        pseudo_collate([[1], [1, 2]])


def test_worker_is_seeded_as_by_mmengine():
    state = pack_rng()
    try:
        worker_init_fn(1, num_workers=4, rank=2, seed=42)
        found = random.random(), np.random.rand(), torch.rand(()).item()
        random.seed(51)
        np.random.seed(51)
        torch.manual_seed(51)
        assert found == (random.random(), np.random.rand(), torch.rand(()).item())
    finally:
        restore_rng(state)
