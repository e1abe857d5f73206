import pytest
import torch
from torch import nn

from mmlight.models.backbones.vgg import VGG
from mmlight.models.initialize import init_weights
from mmlight.weights.name_map import name_map


def test_gives_the_wanted_stages_in_order() -> None:
    with torch.device("meta"):
        features = VGG(11, out_indices=(4, 0))(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape) for feature in features] == [(1, 64, 32, 32), (1, 512, 2, 2)]


def test_gives_logits_last_when_there_are_classes() -> None:
    with torch.device("meta"):
        backbone = VGG(11, num_classes=7, out_indices=(1,))
        features = backbone(torch.rand(2, 3, 224, 224))
    assert [tuple(feature.shape) for feature in features] == [(2, 128, 56, 56), (2, 7)]


@pytest.mark.parametrize("norm_cfg", [None, {"type": "BN"}])
def test_names_count_a_convolution_with_its_norm(norm_cfg) -> None:
    with torch.device("meta"):
        backbone = VGG(11, num_classes=7, norm_cfg=norm_cfg)
    names = {name.rpartition(".")[0] for name in name_map(backbone).to_mm.values()}
    convs = {f"features.{place}.conv" for place in (0, 2, 4, 5, 7, 8, 10, 11)}
    norms = {name.replace("conv", "bn") for name in convs} if norm_cfg else set()
    assert names == convs | norms | {f"classifier.{place}" for place in (0, 3, 6)}


def test_last_pooling_is_left_out_when_asked() -> None:
    with torch.device("meta"):
        (feature,) = VGG(11, with_last_pool=False)(torch.rand(1, 3, 64, 64))
    assert feature.shape == (1, 512, 4, 4)


def test_sizes_are_rounded_up_when_asked() -> None:
    with torch.device("meta"):
        (feature,) = VGG(11, out_indices=(0,), ceil_mode=True)(torch.rand(1, 3, 35, 35))
    assert feature.shape == (1, 64, 18, 18)


def test_freezes_the_first_stages() -> None:
    backbone = VGG(11, num_stages=2, dilations=(1, 1), out_indices=(1,), frozen_stages=1)
    first, second = (
        [layer for layer in stage if isinstance(layer, nn.Conv2d)] for stage in backbone.stages()
    )
    assert not first[0].weight.requires_grad
    assert second[0].weight.requires_grad


def test_convolutions_start_by_he_with_and_without_init_cfg() -> None:
    backbone = VGG(11, num_stages=1, dilations=(1,), out_indices=(0,), init_cfg=())
    deviation = (2 / (64 * 9)) ** 0.5
    conv = backbone.network.features[0]
    assert conv.weight.std().item() == pytest.approx(deviation, rel=0.1)
    init_weights(backbone, lambda *_: None)
    assert conv.weight.std().item() == pytest.approx(deviation, rel=0.1)
    assert conv.bias.abs().max() == 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"depth": 12}, r"depth must be one of \(11, 13, 16, 19\), got 12"),
        ({"depth": 11, "num_stages": 6}, r"num_stages must be in \[1, 5\], got 6"),
        ({"depth": 11, "num_stages": 3}, r"dilations must have one entry per stage, got \(1, 1"),
        ({"depth": 11, "out_indices": (6,)}, r"out_indices must be in \[0, 5\], got \(6,\)"),
        ({"depth": 11, "conv_cfg": {"type": "DCN"}}, "conv_cfg must be None .* 'DCN'"),
        ({"depth": 11, "frozen_stages": 6}, r"frozen_stages must be in \[-1, 5\], got 6"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message), torch.device("meta"):
        VGG(**kwargs)
