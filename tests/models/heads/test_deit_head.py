import pytest
import torch

from mmlight.models.heads.deit_head import DeiTClsHead


@pytest.mark.parametrize("hidden", [None, 6])
def test_logits_are_the_mean_over_both_tokens(hidden) -> None:
    head = DeiTClsHead(3, 4, hidden_dim=hidden)
    tokens = (torch.rand(2, 4), torch.rand(2, 4))
    first, second = head.pre_logits((tokens,))
    last, last_dist = head.layers.head, head.layers.head_dist
    torch.testing.assert_close(head((tokens,)), (last(first) + last_dist(second)) / 2)
    assert first.shape == (2, hidden or 4)


def test_takes_the_tokens_behind_a_map() -> None:
    head = DeiTClsHead(3, 4)
    tokens = [torch.rand(2, 4), torch.rand(2, 4)]
    torch.testing.assert_close(head(([torch.rand(2, 4, 7, 7), *tokens],)), head((tuple(tokens),)))
