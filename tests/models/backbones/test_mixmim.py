import pytest
import torch

from mmlight.models.backbones.mixmim import MixMIMTransformer

ARCH = {"embed_dims": 4, "depths": (1, 2), "num_heads": (1, 2)}
SMALL = {"arch": ARCH, "img_size": 32, "window_size": (4, 7)}


@pytest.mark.parametrize("use_checkpoint", [True, False])
def test_gives_one_feature(use_checkpoint: bool) -> None:
    backbone = MixMIMTransformer(**SMALL, use_checkpoint=use_checkpoint)
    (feature,) = backbone(torch.rand(2, 3, 32, 32))
    assert feature.shape == (2, 8)
    feature.square().sum().backward()
    lacking = [name for name, value in backbone.named_parameters() if value.grad is None]
    assert lacking == ["absolute_pos_embed"]


def test_rates_rise_block_by_block() -> None:
    layers = MixMIMTransformer(**SMALL, drop_path_rate=0.5).layers
    rates = [block.drop_path.drop_prob for layer in layers for block in layer.blocks]
    assert rates == [0.0, 0.25, 0.5]
    assert layers[1].downsample is None


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "tiny"}, "arch must be one of b, base, l, large, h, huge, got 'tiny'"),
        ({"arch": {"depths": (1,)}}, r"arch must have the keys .*, got {'depths': \(1,\)}"),
        ({**SMALL, "window_size": (3, 4)}, r"window_size must divide the grid \(8, 8\), got 3"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        MixMIMTransformer(**kwargs)
