import pytest
import torch

from mmlight.models.heads.linear_head import LinearClsHead


def test_uses_the_last_feature() -> None:
    head = LinearClsHead(3, 4)
    feats = (torch.rand(2, 9), torch.rand(2, 4))
    torch.testing.assert_close(head(feats), head.fc(feats[1]))
    assert (head.num_classes, head.in_channels) == (3, 4)


def test_raises_when_there_are_no_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        LinearClsHead(0, 4)
