import pytest
import torch

from mmlight.models.backbones.hornet import HorNet

CONV = {"type": "DW", "kernel_size": 3}
TINY = {"base_dim": 8, "depths": [1, 1, 2, 1], "orders": [2, 2, 3, 4], "dw_cfg": [CONV] * 4}


@pytest.mark.parametrize("arch", ["tiny", "s-gf", "LARGE-gf384"])
def test_averages_features_of_a_stage(arch) -> None:
    with torch.device("meta"):
        features = HorNet(arch, out_indices=(0, -1))(torch.rand(1, 3, 64, 64))
    assert [feature.shape[1] // features[0].shape[1] for feature in features] == [1, 8]
    assert [feature.ndim for feature in features] == [2, 2]


def test_keeps_the_map_when_not_averaged_before_the_norm() -> None:
    (x,) = HorNet(TINY, gap_before_final_norm=False)(torch.rand(2, 3, 64, 64))
    assert x.shape == (2, 64, 2, 2)


@pytest.mark.parametrize(("own", "norm"), [(False, "norm1"), (True, "norm0")])
def test_freezes_the_norm_of_the_next_stage_unless_told_otherwise(own, norm) -> None:
    kwargs = {"out_indices": (0, 1), "frozen_stages": 0, "freeze_own_norm": own}
    backbone = HorNet(TINY, **kwargs).train()
    frozen = {n.split(".")[1] for n, v in backbone.named_parameters() if not v.requires_grad}
    assert frozen == {"downsample_layers", "stages", norm}


def test_layer_scale_can_be_left_out() -> None:
    names = HorNet(TINY, use_layer_scale=False).state_dict()
    assert not any("gamma" in name for name in names)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "tiny-gf384"}, "arch must be one of .* got 'tiny-gf384'"),
        ({"arch": TINY, "out_indices": 4}, r"out_indices must be in \[0, 4\), got 4"),
        ({"arch": TINY, "frozen_stages": 4}, r"frozen_stages must be in \[-1, 4\), got 4"),
        (
            {"arch": {**TINY, "dw_cfg": [{"type": "CONV"}] * 4}},
            "dw_cfg must be of type 'DW' or 'GF', got 'CONV'",
        ),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        HorNet(**kwargs)
