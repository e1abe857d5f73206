import pytest
import torch
from torch.nn import functional

from mmlight.models.heads.multi_label_head import MultiLabelClsHead, MultiLabelLinearClsHead

LOGITS = torch.tensor([[3.0, -1.0, 0.5], [-2.0, -3.0, -1.0]])


def test_targets_may_be_scores_or_indices():
    scores = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
    expected = functional.binary_cross_entropy_with_logits(LOGITS, scores, reduction="sum") / 2
    head = MultiLabelClsHead()
    for target in (scores, [torch.tensor([0, 2]), torch.tensor([1])]):
        torch.testing.assert_close(head.loss((LOGITS,), target)["loss"], expected)


def test_difficult_classes_count_when_told():
    scores = torch.tensor([[-1, 0, 1], [0, 1, 0]], dtype=torch.int8)
    easy = MultiLabelClsHead().loss((LOGITS,), scores.abs())["loss"]
    head = MultiLabelClsHead(difficult_as_positive=True)
    assert head.loss((LOGITS,), scores)["loss"] == easy
    assert MultiLabelClsHead().loss((LOGITS,), scores)["loss"] != easy


def test_each_class_has_a_score_of_its_own():
    scores = MultiLabelClsHead().predict((LOGITS,))
    torch.testing.assert_close(scores, LOGITS.sigmoid())


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({}, [[0, 2], []]),
        ({"thr": 0.2}, [[0, 1, 2], [2]]),
        ({"topk": 2}, [[0, 2], [2, 0]]),
        ({"thr": 0.9, "topk": 2}, [[0], []]),
    ],
)
def test_classes_are_chosen_by_threshold_or_number(options, labels):
    head = MultiLabelClsHead(**options)
    chosen = head.choose_labels(head.predict((LOGITS,)))
    assert [row.tolist() for row in chosen] == labels


def test_linear_head_uses_the_last_feature():
    head = MultiLabelLinearClsHead(3, 4)
    feats = (torch.rand(2, 9), torch.rand(2, 4))
    torch.testing.assert_close(head(feats), head.fc(feats[1]))
    assert (head.num_classes, head.in_channels) == (3, 4)


def test_raises_when_there_are_no_classes():
    with pytest.raises(ValueError, match="num_classes must be at least 1, got -1"):
        MultiLabelLinearClsHead(-1, 4)


def test_refuses_several_numbers_of_classes():
    with pytest.raises(ValueError, match=r"topk must be one number .*, got \(1, 2\)"):
        MultiLabelClsHead(topk=(1, 2))
