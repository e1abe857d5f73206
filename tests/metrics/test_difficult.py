import pytest
import torch

from mmlight.metrics.difficult import mark_difficult

LABELS = [torch.tensor([0]), torch.tensor([2])]


@pytest.mark.parametrize(("positive", "mark"), [(None, -1), (True, 1), (False, 0)])
def test_classes_of_difficult_objects_only_are_marked(positive, mark):
    metas = [{"gt_label_difficult": [0, 1]}, {"gt_label_difficult": []}]
    assert mark_difficult(LABELS, metas, 3, positive).tolist() == [[1, mark, 0], [0, 0, 1]]


def test_targets_that_say_it_already_stay():
    target = torch.tensor([[1, -1, 0]], dtype=torch.int8)
    assert mark_difficult(target, [], 3, True).tolist() == [[1, -1, 0]]


def test_raises_when_difficult_objects_are_unknown():
    with pytest.raises(ValueError, match="have 'gt_label_difficult', got img_path"):
        mark_difficult(LABELS, [{"img_path": "a"}] * 2, 3, None)
