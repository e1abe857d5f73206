import pytest
import torch

from mmlight.models.heads.vision_transformer_head import VisionTransformerClsHead
from mmlight.models.initialize import init_weights


@pytest.mark.parametrize("hidden_dim", [None, 5])
def test_last_layer_maps_pre_logits_to_logits(hidden_dim) -> None:
    head = VisionTransformerClsHead(3, 4, hidden_dim)
    feats = (torch.rand(2, 4),)
    torch.testing.assert_close(head(feats), head.layers.head(head.pre_logits(feats)))
    assert head.pre_logits(feats).shape == (2, hidden_dim or 4)


def test_hidden_layer_starts_by_its_own_rule() -> None:
    head = VisionTransformerClsHead(3, 400, hidden_dim=300)
    init_weights(head, lambda *_: None)
    assert head.layers.head.weight.abs().sum() == 0
    assert head.layers.pre_logits.weight.std().item() == pytest.approx(0.05, rel=0.02)


def test_raises_when_there_are_no_classes() -> None:
    with pytest.raises(ValueError, match="num_classes must be at least 1, got -1"):
        VisionTransformerClsHead(-1, 4)


def test_takes_the_last_of_a_list_of_tokens() -> None:
    head = VisionTransformerClsHead(3, 4, hidden_dim=5)
    token = torch.rand(2, 4)
    assert torch.equal(head(([torch.rand(2, 9, 4), token],)), head((token,)))
    assert torch.equal(head(token), head((token,)))
