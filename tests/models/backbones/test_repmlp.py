import pytest
import torch
from torch import nn

from mmlight.models.backbones.repmlp import RepMLPNet

TINY = {"channels": [4, 8], "depths": [1, 2], "sharesets_nums": [1, 2]}
ENDS = {"out_indices": (0, 1)}


@pytest.mark.parametrize("deploy", [False, True])
def test_gives_a_feature_per_stage(deploy) -> None:
    with torch.device("meta"):
        backbone = RepMLPNet("base", deploy=deploy, out_indices=(0, 3))
        features = backbone(torch.rand(1, 3, 224, 224))
    assert [tuple(feature.shape[1:]) for feature in features] == [(192, 28, 28), (768, 7, 7)]


@pytest.mark.parametrize("kernels", [None, (3,), (1, 5)])
def test_fusing_keeps_the_output_even_when_images_are_not_square(kernels) -> None:
    torch.manual_seed(0)
    kwargs = {"img_size": (16, 24), "reparam_conv_kernels": kernels, **ENDS}
    backbone = RepMLPNet(TINY, **kwargs).eval()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean)
    images = torch.rand(2, 3, 16, 24)
    before = backbone(images)
    backbone.switch_to_deploy()
    backbone.switch_to_deploy()
    torch.testing.assert_close(backbone(images), before, rtol=1e-4, atol=1e-5)
    RepMLPNet(TINY, **kwargs, deploy=True).load_state_dict(backbone.state_dict())


def test_norms_inside_blocks_are_fixed() -> None:
    backbone = RepMLPNet(TINY, img_size=16, norm_cfg={"type": "BN", "eps": 0.1}, **ENDS)
    unit = backbone.stages[0][0]
    assert (unit.norm1.eps, unit.repmlp_block.fc3_bn.eps) == (0.1, 1e-5)
    assert (backbone.final_norm.eps, unit.ffn_block.ffn_fc1.bn.eps) == (0.1, 1e-5)


def test_raises_when_images_have_another_size() -> None:
    backbone = RepMLPNet(TINY, img_size=16, **ENDS)
    with pytest.raises(ValueError, match=r"size \(16, 16\), got \(16, 20\)"):
        backbone(torch.rand(1, 3, 16, 20))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "small"}, "arch must be one of b, base, got 'small'"),
        ({"arch": TINY}, r"out_indices must be in \[0, 2\), got \(3,\)"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        RepMLPNet(**kwargs)
