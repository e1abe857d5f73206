import pytest
import torch
from timm.layers.norm_act import BatchNormAct2d, SyncBatchNormAct
from torch import nn

from mmlight.models.layers.norm_act import norm_act_layer, swap_norms


def test_activation_follows_the_norm_when_applied() -> None:
    make = norm_act_layer({"type": "BN", "eps": 0.1, "momentum": 0.3}, {"type": "ReLU"})
    layer, plain = make(2, apply_act=True).eval(), make(2, apply_act=False).eval()
    images = torch.tensor([-1.0, 1.0]).view(1, 2, 1, 1)  # (C,) -> (B, C, H, W)
    scale = 1.1**-0.5
    torch.testing.assert_close(layer(images).flatten(), torch.tensor([0.0, scale]))
    torch.testing.assert_close(plain(images).flatten(), torch.tensor([-scale, scale]))
    assert (layer.eps, layer.momentum) == (0.1, 0.3)


def test_makes_a_synchronized_norm() -> None:
    layer = norm_act_layer({"type": "SyncBN"}, {"type": "GELU"})(2, apply_act=True)
    assert isinstance(layer, SyncBatchNormAct)
    assert isinstance(layer.act, nn.GELU)


def test_raises_when_norm_is_another_one() -> None:
    with pytest.raises(ValueError, match="norm_cfg type must be 'BN' or 'SyncBN', got 'GN'"):
        norm_act_layer({"type": "GN", "num_groups": 2}, {"type": "ReLU"})


def test_swaps_norms_and_keeps_their_activations() -> None:
    network = nn.Sequential(BatchNormAct2d(4, act_layer=nn.Tanh), nn.BatchNorm2d(4))
    swap_norms(network, {"type": "BN", "eps": 0.5})
    assert [norm.eps for norm in network] == [0.5, 0.5]
    assert isinstance(network[0].act, nn.Tanh)


def test_swaps_plain_norms_for_any_other() -> None:
    network = nn.Sequential(nn.BatchNorm2d(4))
    swap_norms(network, {"type": "GN", "num_groups": 2})
    assert isinstance(network[0], nn.GroupNorm)
