import pytest
import torch
from torch import nn

from mmlight.models.backbones.replknet import RepLKNet

TINY = {
    "large_kernel_sizes": [7, 5],
    "layers": [1, 2],
    "channels": [4, 8],
    "small_kernel": 3,
    "dw_ratio": 1.5,
}
ENDS = {"out_indices": (0, 1)}


@pytest.mark.parametrize("merged", [False, True])
def test_gives_a_feature_per_stage(merged) -> None:
    with torch.device("meta"):
        backbone = RepLKNet("31B", small_kernel_merged=merged, out_indices=(0, 3))
        features = backbone(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape[1:]) for feature in features] == [(128, 16, 16), (1024, 2, 2)]


@pytest.mark.parametrize("small_kernel", [None, 3])
def test_merging_keeps_the_output(small_kernel) -> None:
    torch.manual_seed(0)
    backbone = RepLKNet({**TINY, "small_kernel": small_kernel}, **ENDS).eval()
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.running_mean)
    images = torch.rand(2, 3, 32, 32)
    before = backbone(images)
    backbone.switch_to_deploy()
    backbone.switch_to_deploy()
    torch.testing.assert_close(backbone(images), before, rtol=1e-4, atol=1e-5)
    built = RepLKNet(TINY, **ENDS, small_kernel_merged=True)
    built.load_state_dict(backbone.state_dict())


def test_freezes_stem_and_stages_without_transitions() -> None:
    backbone = RepLKNet(TINY, **ENDS, frozen_stages=1).train()
    frozen = {n for n, v in backbone.named_parameters() if not v.requires_grad}
    assert {name.split(".")[1] for name in frozen} == {"stem", "stages"}
    assert not any(name.startswith("network.stages.1") for name in frozen)
    assert not backbone.network.stages[0].norm.training


def test_rate_of_stochastic_depth_rises() -> None:
    backbone = RepLKNet(TINY, **ENDS, drop_path_rate=0.4)
    rates = [block.drop_path.drop_prob for stage in backbone.stages() for block in stage]
    assert rates == pytest.approx([0, 0, 0.2, 0.2, 0.4, 0.4])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "31M"}, "arch must be one of .* got '31M'"),
        ({"arch": TINY}, r"out_indices must be in \[0, 2\), got \(3,\)"),
        ({"arch": {**TINY, "small_kernel": 9}, **ENDS}, "small_kernel must be at most 7, got 9"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        RepLKNet(**kwargs)
