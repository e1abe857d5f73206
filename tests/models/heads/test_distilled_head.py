import pytest
import torch

from mmlight.models.heads.efficientformer_head import EfficientFormerClsHead
from mmlight.models.heads.levit_head import LeViTClsHead

HEADS = [
    lambda **words: EfficientFormerClsHead(3, 4, **words),
    lambda **words: LeViTClsHead(3, in_channels=4, **words),
]


@pytest.mark.parametrize("make", HEADS)
def test_has_one_layer_when_not_distilled(make) -> None:
    head, x = make(distillation=False).eval(), torch.rand(2, 4)
    torch.testing.assert_close(head((x,)), head.head(x))
    assert head.loss((x,), torch.tensor([0, 1]))["loss"].isfinite()


@pytest.mark.parametrize("make", HEADS)
def test_averages_two_layers_and_cannot_be_trained_when_distilled(make) -> None:
    head, x = make().eval(), torch.rand(2, 4)
    torch.testing.assert_close(head((x,)), (head.head(x) + getattr(head, head.second)(x)) / 2)
    with pytest.raises(ValueError, match="distillation must be False for training, got True"):
        head.loss((x,), torch.tensor([0, 1]))
