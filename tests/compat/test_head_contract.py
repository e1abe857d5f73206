import pytest
import torch
from torch import nn

from mmlight.check.calls import find_taken
from mmlight.compat.cls_head import LinearClsHead, OldLinearClsHead
from mmlight.compat.head_contract import BaseHead


class MyHead(LinearClsHead):
    """Gives its arguments on, as users do."""

    def __init__(self, extra=1, **kwargs):
        super().__init__(**kwargs)
        self.extra = extra


def test_arguments_of_the_head_behind_are_known():
    taken = find_taken(MyHead)
    assert {"extra", "num_classes", "in_channels", "init_cfg", "loss", "topk"} <= set(taken.names)
    assert not taken.takes_any


def test_loss_is_built_in_any_place():
    smooth = dict(type="LabelSmoothLoss", label_smooth_val=0.1)
    for head in (LinearClsHead(3, 8, None, loss=smooth), OldLinearClsHead(3, 8, loss=smooth)):
        assert type(head.loss_module).__name__ == "LabelSmoothLoss"
    assert smooth == dict(type="LabelSmoothLoss", label_smooth_val=0.1)


def test_options_reach_the_loss():
    class Loss(nn.Module):
        def forward(self, cls_score, target, avg_factor=None, factor=1):
            return cls_score.sum() * factor

    feats, labels = (torch.rand(2, 8),), torch.tensor([0, 1])
    new, old = LinearClsHead(3, 8, loss=Loss()), OldLinearClsHead(3, 8, loss=Loss())
    assert new.loss(feats, labels, factor=0)["loss"] == 0
    assert old.forward_train(feats, labels, factor=0)["loss"] == 0


def test_base_head_wants_forward_train():
    with pytest.raises(TypeError, match="forward_train"):
        BaseHead()
