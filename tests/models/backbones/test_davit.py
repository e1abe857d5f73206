import pytest
import torch

from mmlight.models.backbones.davit import DaViT
from mmlight.weights.name_map import name_map

ARCH = {"embed_dims": 8, "depths": [1, 2], "num_heads": [2, 2]}


def build(**kwargs):
    return DaViT(ARCH, **{"window_size": 4, "out_indices": (0, 1)} | kwargs)


def test_outputs_have_the_promised_shapes() -> None:
    outputs = build()(torch.rand(1, 3, 32, 40))
    assert [out.shape for out in outputs] == [(1, 8, 8, 10), (1, 16, 4, 5)]


def test_output_is_behind_the_downsampling_when_asked() -> None:
    outputs = build(out_after_downsample=True)(torch.rand(1, 3, 32, 40))
    assert [out.shape for out in outputs] == [(1, 16, 4, 5), (1, 16, 4, 5)]


def test_names_are_those_of_the_original() -> None:
    names = name_map(build()).to_ours
    assert names["patch_embed.projection.weight"] == "network.stem.conv.weight"
    assert (
        names["stages.0.downsample.projection.weight"] == "network.stages.1.downsample.conv.weight"
    )
    spatial = "stages.1.blocks.1.spatial_block.attn.w_msa.qkv.weight"
    assert names[spatial] == "network.stages.1.blocks.1.0.attn.qkv.weight"
    assert names["norm1.weight"] == "network.norm_pre.weight"


def test_frozen_stage_includes_the_downsampling_behind_it() -> None:
    network = build(frozen_stages=0).network
    assert not network.stem.conv.weight.requires_grad
    assert not network.stages[1].downsample.conv.weight.requires_grad
    assert network.stages[1].blocks[0][0].norm1.weight.requires_grad


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"stage_cfgs": {"downsample_cfg": {"kernel_size": 3}}},
            "downsample_cfg does not support kernel_size=3",
        ),
        ({"stage_cfgs": [{}]}, "stage_cfgs must have 2 entries, got 1"),
        ({"frozen_stages": 2}, "frozen_stages must be in .*, got 2"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        build(**kwargs)
