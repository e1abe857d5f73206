import torch

from mmlight.models.targets import choose_targets, to_scores


def test_scores_count_each_class_when_given_indices():
    assert to_scores(torch.tensor([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    lists = [torch.tensor([0, 2]), torch.tensor([1])]
    assert to_scores(lists, 3).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert to_scores(lists, 3).dtype == torch.float32


def test_scores_stay_when_given():
    scores = torch.rand(2, 3)
    assert to_scores(scores, 3) is scores
    assert to_scores(torch.tensor([[1, 0]], dtype=torch.int8), 2).tolist() == [[1.0, 0.0]]


def test_targets_are_chosen_when_some_count():
    chosen = torch.tensor([True, False, True])
    assert choose_targets(torch.tensor([4, 5, 6]), chosen).tolist() == [4, 6]
    lists = [torch.tensor([0, 2]), torch.tensor([1]), torch.tensor([3])]
    assert [t.tolist() for t in choose_targets(lists, chosen)] == [[0, 2], [3]]
