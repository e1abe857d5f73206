import pytest
import torch

from mmlight.models.heads.efficientformer_head import EfficientFormerClsHead
from mmlight.models.initialize import init_weights


@torch.no_grad()
def test_logits_are_the_mean_when_distilled() -> None:
    head, x = EfficientFormerClsHead(5, 4), torch.rand(2, 4)
    torch.testing.assert_close(head((x,)), (head.head(x) + head.dist_head(x)) / 2)
    single = EfficientFormerClsHead(5, 4, distillation=False)
    torch.testing.assert_close(single((x,)), single.head(x))
    assert not hasattr(single, "dist_head")


def test_raises_when_a_distilled_head_is_trained() -> None:
    feats, target = (torch.rand(2, 4),), torch.tensor([0, 1])
    with pytest.raises(ValueError, match="distillation must be False for training, got True"):
        EfficientFormerClsHead(5, 4).loss(feats, target)
    assert EfficientFormerClsHead(5, 4, distillation=False).loss(feats, target)["loss"] > 0


def test_weights_start_small() -> None:
    head = EfficientFormerClsHead(100, 100)
    init_weights(head, lambda *_: None)
    assert head.dist_head.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert head.head.bias.unique().tolist() == [0.0]


def test_raises_when_there_is_no_class() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        EfficientFormerClsHead(0, 4)
