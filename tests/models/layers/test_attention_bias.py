import copy
import pickle

import pytest
import torch
from timm.models import efficientformer, levit, tiny_vit
from torch import nn

from mmlight.models.layers.attention_bias import compute_bias_anew


def make(kind: type[nn.Module]) -> nn.Sequential:
    options = {"num_heads": 2, "key_dim": 4, "attn_ratio": 1}
    size = (2, 2) if kind is tiny_vit.Attention else 2
    if kind is levit.AttentionDownsample:
        return nn.Sequential(kind(8, 8, resolution=size, **options))
    return nn.Sequential(kind(8, resolution=size, **options))


KINDS = [
    levit.Attention,
    levit.AttentionDownsample,
    tiny_vit.Attention,
    efficientformer.Attention,
]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_new_weights_count_when_loaded_in_eval_mode(kind: type[nn.Module]) -> None:
    network, x = make(kind).eval(), torch.randn(1, 4, 8)
    for value in network.parameters():
        value.normal_()
    compute_bias_anew(network)
    first = network(x)
    network[0].attention_biases.normal_(std=5)
    second = network(x)
    assert not torch.allclose(first, second)
    theirs = make(kind).eval()
    theirs.load_state_dict(network.state_dict())
    torch.testing.assert_close(second, theirs(x))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_flow_when_inference_went_before(kind: type[nn.Module]) -> None:
    network = make(kind).eval()
    compute_bias_anew(network)
    x = torch.randn(1, 4, 8)
    with torch.inference_mode():
        network(x)
    network(x).square().sum().backward()
    assert network[0].attention_biases.grad is not None


def test_network_can_be_copied_and_pickled() -> None:
    network = make(levit.Attention).eval()
    compute_bias_anew(network)
    x = torch.randn(1, 4, 8)
    expected = network(x)
    torch.testing.assert_close(copy.deepcopy(network)(x), expected)
    torch.testing.assert_close(pickle.loads(pickle.dumps(network))(x), expected)
