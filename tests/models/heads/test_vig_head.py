import pytest
import torch
from torch import nn

from mmlight.models.heads.vig_head import VigClsHead


@torch.no_grad()
def test_hidden_layer_comes_before_the_logits() -> None:
    head = VigClsHead(5, 4, hidden_dim=8, act_cfg={"type": "ReLU"}, dropout=0.5)
    feats = (torch.zeros(2, 4), torch.rand(2, 4))
    assert head.drop.p == 0.5
    head.eval()
    hidden = head.pre_logits(feats)
    torch.testing.assert_close(hidden, nn.functional.relu(head.bn(head.fc1(feats[1]))))
    torch.testing.assert_close(head(feats), head.fc2(hidden))


def test_raises_when_there_is_no_class() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        VigClsHead(0, 4)
