import pytest
import torch
from torch import nn

from mmlight.models.backbones.levit import LeViT
from mmlight.weights.name_map import name_map

ARCH = {"embed_dims": (8, 16), "num_heads": (2, 2), "depths": (1, 2), "key_dims": (4, 4)}


@torch.no_grad()
def test_gives_maps_of_the_wanted_stages() -> None:
    outputs = LeViT(ARCH, img_size=64, out_indices=(1, 0))(torch.rand(2, 3, 64, 64))
    assert [tuple(x.shape) for x in outputs] == [(2, 8, 4, 4), (2, 16, 2, 2)]


@torch.no_grad()
def test_outputs_stay_when_deployed() -> None:
    torch.manual_seed(0)
    backbone, images = LeViT(ARCH, img_size=32), torch.rand(4, 3, 32, 32)
    backbone.train()(images)  # moves the running statistics
    backbone.double().eval()
    before = backbone(images.double())[0]
    backbone.switch_to_deploy()
    torch.testing.assert_close(backbone(images.double())[0], before)
    assert not [m for m in backbone.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert {p.dtype for p in backbone.parameters()} == {torch.float64}
    assert all(p.requires_grad for p in backbone.parameters())
    names = name_map(backbone).to_ours
    assert "patch_embed.patch_embed.6.bias" in names
    assert "stages.1.1.block.linear2.bias" in names
    assert name_map(LeViT(ARCH, img_size=32, deploy=True)).to_ours.keys() == names.keys()
    backbone.switch_to_deploy()  # once more changes nothing
    torch.testing.assert_close(backbone(images.double())[0], before)


@torch.no_grad()
def test_stem_is_the_given_one() -> None:
    backbone = LeViT(
        ARCH, img_size=16, patch_size=8, hybrid_backbone=lambda width: nn.Conv2d(3, width, 8, 8)
    )
    assert backbone(torch.rand(2, 3, 16, 16))[0].shape == (2, 16, 1, 1)
    assert "patch_embed.weight" in name_map(backbone).to_ours


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "64"}, "arch must be one of 128s, 128, 192, 256, 384, got '64'"),
        ({"arch": {"depths": (1,)}}, r"arch must have the keys .*, got {'depths': \(1,\)}"),
        ({"arch": {**ARCH, "key_dims": (4, 8)}}, r"arch key_dims must be .*, got \(4, 8\)"),
        ({"arch": ARCH, "mlp_ratio": 0}, "mlp_ratio must be above 0, got 0"),
        ({"arch": ARCH, "out_indices": 2}, r"out_indices must be in \[0, 2\), got 2"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        LeViT(**kwargs)
