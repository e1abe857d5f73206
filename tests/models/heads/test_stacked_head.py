import pytest
import torch
from torch import nn

from mmlight.models.heads.stacked_head import StackedLinearClsHead


def test_layers_follow_each_other():
    norm = dict(type="BN1d", eps=0.01)
    head = StackedLinearClsHead(3, 4, [5, 6], 0.5, norm, dict(type="Tanh"))
    kinds = [[type(part) for part in block.children()] for block in head.layers]
    assert kinds == [[nn.Linear, nn.BatchNorm1d, nn.Tanh, nn.Dropout]] * 2 + [[nn.Linear]]
    assert head.layers[0].norm.eps == 0.01
    head.eval()
    feats = (torch.rand(2, 9), torch.rand(2, 4))
    assert head.pre_logits(feats).shape == (2, 6)
    torch.testing.assert_close(head(feats), head.fc(head.pre_logits(feats)))


def test_norms_are_fixed_when_told():
    head = StackedLinearClsHead(3, 4, [5], norm_cfg=dict(type="BN1d", requires_grad=False))
    assert not head.layers[0].norm.weight.requires_grad
    assert head.layers[0].fc.weight.requires_grad


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((3, 4, 5), "mid_channels must be a list of one or more, got 5"),
        ((3, 4, []), r"mid_channels must be a list of one or more, got \[\]"),
        ((0, 4, [5]), "num_classes must be at least 1, got 0"),
    ],
)
def test_raises_when_sizes_are_wrong(arguments, text):
    with pytest.raises(ValueError, match=text):
        StackedLinearClsHead(*arguments)
