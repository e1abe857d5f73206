import pytest
import torch

from mmlight.models.backbones.swin_transformer_v2 import SwinTransformerV2
from mmlight.weights.name_map import name_map

ARCH = {"embed_dims": 8, "depths": [1, 2], "num_heads": [2, 2], "extra_norm_every_n_blocks": 0}


def build(**kwargs):
    words = {"img_size": 32, "window_size": [4, 2], "out_indices": (0, 1)}
    return SwinTransformerV2(ARCH, **words | kwargs)


def test_outputs_have_the_promised_shapes() -> None:
    outputs = build()(torch.rand(1, 3, 32, 48))
    assert [out.shape for out in outputs] == [(1, 8, 8, 12), (1, 16, 4, 6)]


def test_stage_owns_the_merging_before_it() -> None:
    backbone = build(frozen_stages=0)
    assert backbone.network.layers[1].downsample.reduction.weight.requires_grad
    assert not backbone.network.layers[0].blocks[0].norm1.weight.requires_grad


@pytest.mark.parametrize(("cfg", "count"), [({}, 2), ({"use_post_norm": True}, 1)])
def test_merged_channels_are_reordered_where_there_are(cfg, count) -> None:
    transforms = name_map(build(stage_cfgs={"downsample_cfg": cfg})).transforms
    assert len({name.split(".")[4] for name in transforms}) == count


def test_tables_are_saved_for_the_original() -> None:
    constants = build().mm_constants()
    assert constants["stages.0.blocks.0.attn.w_msa.relative_coords_table"].shape == (1, 7, 7, 2)
    assert len(constants) == 6


def test_window_of_pretraining_scales_the_places() -> None:
    plain, scaled = build(), build(pretrained_window_sizes=[7, 0])
    tables = [
        part.mm_constants()["stages.0.blocks.0.attn.w_msa.relative_coords_table"]
        for part in (plain, scaled)
    ]
    assert tables[1].max() < tables[0].max()


def test_raises_when_windows_are_too_few() -> None:
    with pytest.raises(ValueError, match=r"window_size must have 2 entries, got \[4\]"):
        build(window_size=[4])
