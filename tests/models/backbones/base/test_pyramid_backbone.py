import pytest
import torch
from torch import nn

from mmlight.models.backbones.base.pyramid_backbone import PyramidBackbone, add_norms, split_rates


class Block(nn.Module):
    with_cp = False

    def forward(self, x):
        return x + 1


class Layer(nn.Module):
    def __init__(self, downsample):
        super().__init__()
        self.downsample = downsample
        self.blocks = nn.Sequential(Block(), nn.Linear(2, 2))
        self.blocks[1].with_cp = True


class Backbone(PyramidBackbone):
    def stem(self, images):
        return self.network.patch_embed(images).permute(0, 2, 3, 1)


def build(out_indices=(1,), downsamples_first=False, **kwargs):
    network = nn.Module()
    network.patch_embed = nn.Conv2d(3, 2, 1)
    network.layers = nn.ModuleList([Layer(nn.Identity()), Layer(nn.Linear(2, 2))])
    add_norms(network, [2, 2], out_indices, {"type": "LN"}, "norm")
    Backbone.downsamples_first = downsamples_first
    return Backbone(network, out_indices=out_indices, **kwargs)


def frozen(backbone):
    names = (name for name, value in backbone.named_parameters() if not value.requires_grad)
    return {name.removeprefix("network.").rsplit(".", 1)[0] for name in names}


def test_rates_rise_over_all_blocks() -> None:
    assert split_rates(0.4, (2, 1, 2)) == [
        pytest.approx([0, 0.1]),
        pytest.approx([0.2]),
        pytest.approx([0.3, 0.4]),
    ]


def test_outputs_are_maps_of_the_stages() -> None:
    outputs = build((0, 1))(torch.rand(2, 3, 4, 6))
    assert [out.shape for out in outputs] == [(2, 2, 4, 6)] * 2


@pytest.mark.parametrize("after", [False, True])
def test_output_is_behind_the_downsampling_when_asked(after) -> None:
    backbone = build((0,), out_after_downsample=after)
    layers = backbone.layers()
    x = layers[0].blocks(backbone.stem(torch.ones(1, 3, 2, 2)))
    expected = backbone.network.norm0(layers[1].downsample(x) if after else x)
    (out,) = backbone(torch.ones(1, 3, 2, 2))
    torch.testing.assert_close(out, expected.permute(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("count", "first", "expected"),
    [
        (-1, False, set()),
        (0, False, {"patch_embed", "layers.0.blocks.1", "layers.1.downsample", "norm0"}),
        (0, True, {"patch_embed", "layers.0.blocks.1", "norm0"}),
    ],
)
def test_frozen_stages_have_no_gradient(count, first, expected) -> None:
    backbone = build((0, 1), first, frozen_stages=count)
    assert frozen(backbone) == expected
    backbone.train()
    assert backbone.network.patch_embed.training is (count < 0)


@pytest.mark.parametrize("count", [2, -2])
def test_raises_when_there_are_not_so_many_stages(count) -> None:
    with pytest.raises(ValueError, match=f"frozen_stages must be in .*, got {count}"):
        build(frozen_stages=count)


def test_raises_when_output_is_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"out_indices must be in \[0, 2\), got \(2,\)"):
        build((2,))


def test_gradients_are_the_same_when_blocks_are_computed_again() -> None:
    backbone = build((0, 1)).double()
    images = torch.rand(1, 3, 2, 2, dtype=torch.float64)
    grads = []
    for flag in (True, False):
        for layer in backbone.layers():
            layer.blocks[1].with_cp = flag
        backbone.zero_grad()
        sum(out.sin().sum() for out in backbone(images)).backward()
        grads.append([value.grad.clone() for value in backbone.parameters()])
    for mine, other in zip(*grads, strict=True):
        torch.testing.assert_close(mine, other)
