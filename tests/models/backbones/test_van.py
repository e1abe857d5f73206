import pytest
import torch
from torch import nn

from mmlight.models.backbones.van import VAN, VANBlock

TINY = {"embed_dims": [8, 12], "depths": [1, 2], "ffn_ratios": [2, 1.5]}
TWO = {"patch_sizes": (7, 3), "out_indices": (0, 1)}


def test_gives_a_feature_per_stage() -> None:
    with torch.device("meta"):
        features = VAN("base", out_indices=(0, 3))(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape[1:]) for feature in features] == [(64, 16, 16), (512, 2, 2)]


def test_outputs_are_normalized_per_pixel() -> None:
    (_, x) = VAN(TINY, **TWO)(torch.rand(2, 3, 32, 32))
    torch.testing.assert_close(x.mean(dim=1), torch.zeros(2, 4, 4), atol=1e-5, rtol=0)


def test_freezes_whole_stages() -> None:
    backbone = VAN(TINY, **TWO, frozen_stages=0).train()
    frozen = {n.split(".")[1] for n, v in backbone.named_parameters() if not v.requires_grad}
    assert frozen == {"patch_embed1", "blocks1", "norm1"}
    assert not backbone.network.patch_embed1.norm.training
    assert backbone.network.patch_embed2.norm.training


def test_norm_eval_holds_the_statistics() -> None:
    backbone = VAN(TINY, **TWO, norm_eval=True).train()
    norms = [layer for layer in backbone.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert norms
    assert not any(layer.training for layer in norms)


def test_block_options_reach_every_block() -> None:
    backbone = VAN(
        TINY, **TWO, block_cfgs={"layer_scale_init_value": 0, "act_cfg": {"type": "ReLU"}}
    )
    blocks = [block for block in backbone.modules() if isinstance(block, VANBlock)]
    assert [block.layer_scale_1 for block in blocks] == [None] * 3
    assert all(isinstance(block.mlp.act, nn.ReLU) for block in blocks)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "b9"}, "arch must be one of .* got 'b9'"),
        ({"arch": {"depths": [1]}}, "arch must have the keys embed_dims, depths, ffn_ratios"),
        ({"block_cfgs": {"drop_rate": 0.5}}, "block_cfgs does not support drop_rate=0.5"),
        ({"frozen_stages": 4}, r"frozen_stages must be in \[-1, 4\), got 4"),
        ({"out_indices": (4,)}, r"out_indices must be in \[0, 4\), got \(4,\)"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        VAN(**kwargs)
