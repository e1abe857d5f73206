import pytest
import torch
from torch import nn

from mmlight.models.backbones.riformer import Affine, RIFormer
from mmlight.weights.name_map import name_map

TINY = {"layers": [1, 2], "embed_dims": [8, 12], "layer_scale_init_value": 1.0}


def _backbone() -> RIFormer:
    torch.manual_seed(0)
    backbone = RIFormer(TINY, in_channels=1).eval()
    for module in backbone.modules():
        if isinstance(module, nn.GroupNorm):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return backbone


def test_fusing_keeps_the_output_and_drops_the_mixers() -> None:
    backbone, images = _backbone(), torch.rand(2, 1, 32, 32)
    before = backbone(images)
    backbone.switch_to_deploy()
    backbone.switch_to_deploy()
    torch.testing.assert_close(backbone(images), before, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, Affine) for module in backbone.modules())


def test_fused_weights_fit_a_backbone_built_fused() -> None:
    backbone = _backbone()
    assert "network.2.1.token_mixer.affine.bias" in name_map(backbone).to_ours
    backbone.switch_to_deploy()
    built = RIFormer(TINY, in_channels=1, deploy=True).eval()
    names = name_map(built).to_ours
    assert names == name_map(backbone).to_ours
    assert names["network.2.1.norm_reparam.bias"] == "network.stages.1.blocks.1.norm1.bias"
    built.load_state_dict(backbone.state_dict())
    images = torch.rand(2, 1, 32, 32)
    torch.testing.assert_close(built(images), backbone(images))


def test_frozen_stages_is_the_last_frozen_part() -> None:
    backbone = RIFormer(TINY, frozen_stages=0).train()
    frozen = {n for n, v in backbone.named_parameters() if not v.requires_grad}
    assert {name.split(".blocks")[0] for name in frozen} == {
        *("network.stem.conv.weight", "network.stem.conv.bias", "network.stages.0"),
    }
    assert all(value.requires_grad for value in RIFormer(TINY).parameters())


def test_raises_when_there_is_no_such_part_to_freeze() -> None:
    with pytest.raises(ValueError, match=r"frozen_stages must be in \[-1, 2\], got 3"):
        RIFormer(TINY, frozen_stages=3)
