import pytest
import torch

from mmlight.models.heads.cls_head import ClsHead, topk_accuracy


def test_accuracy_counts_positive_logits_only() -> None:
    logits = torch.tensor([[2.0, 1.0, -1.0], [-0.5, -2.0, -3.0], [1.0, 3.0, 2.0]])
    top1, top2 = topk_accuracy(logits, torch.tensor([0, 0, 2]), (1, 2))
    assert top1.item() == pytest.approx(100 / 3)
    assert top2.item() == pytest.approx(200 / 3)


def test_losses_hold_accuracies_when_asked() -> None:
    head = ClsHead(topk=(1, 2), cal_acc=True)
    losses = head.loss((torch.eye(3) + 1,), torch.arange(3))
    assert list(losses) == ["loss", "accuracy_top-1", "accuracy_top-2"]
    assert losses["accuracy_top-1"].item() == pytest.approx(100)
    assert all(value.ndim == 0 for value in losses.values())


def test_scores_sum_to_one() -> None:
    torch.testing.assert_close(ClsHead().predict((torch.rand(2, 3),)).sum(dim=1), torch.ones(2))


def test_raises_when_accuracy_meets_soft_labels() -> None:
    with pytest.raises(ValueError, match="cal_acc must be False with soft labels"):
        ClsHead(cal_acc=True).loss((torch.rand(2, 3),), torch.rand(2, 3))


def test_raises_when_topk_is_zero() -> None:
    with pytest.raises(ValueError, match=r"topk must be at least 1, got \(0,\)"):
        ClsHead(topk=0)


def test_raises_when_topk_exceeds_classes() -> None:
    with pytest.raises(ValueError, match="topk must be at most 3, the number of classes, got 5"):
        topk_accuracy(torch.rand(2, 3), torch.tensor([0, 1]), (5,))


def test_tensor_is_the_only_feature() -> None:
    x = torch.rand(2, 3)
    assert torch.equal(ClsHead()(x), ClsHead()((torch.rand(2, 9), x)))


def test_best_class_is_chosen() -> None:
    scores = torch.tensor([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])
    assert ClsHead().choose_labels(scores).tolist() == [[1], [0]]
