import pytest
import torch

from mmlight.models.backbones.efficientformer import EfficientFormer
from mmlight.models.initialize import Constant, init_weights

ARCH = {
    "layers": (1, 1, 1, 2),
    "embed_dims": (4, 8, 8, 16),
    "downsamples": (False, True, True, True),
    "vit_num": 1,
}


@pytest.mark.parametrize(
    ("kwargs", "last"),
    [
        ({}, (1, 16, 49)),
        ({"reshape_last_feat": True}, (1, 16, 7, 7)),
        ({"arch": {**ARCH, "vit_num": 0}}, (1, 16, 7, 7)),
    ],
)
@torch.no_grad()
def test_gives_an_output_per_stage(kwargs, last) -> None:
    backbone = EfficientFormer(**{"arch": ARCH, "out_indices": (0, -1), **kwargs})
    first, second = backbone(torch.rand(1, 3, 224, 224))
    assert first.shape == (1, 4, 56, 56)
    assert second.shape == last


def test_frozen_stages_stay_in_eval_mode() -> None:
    backbone = EfficientFormer(ARCH, frozen_stages=2, out_indices=(1, 2)).train()
    network = backbone.network
    assert not network.stem.norm1.training
    assert not network.stages[1].downsample.norm.training
    assert network.stages[2].downsample.norm.training
    assert [p.requires_grad for p in network.norm1.parameters()] == [False] * 2
    assert [p.requires_grad for p in network.norm2.parameters()] == [True] * 2


def test_stem_starts_by_its_own_rule_whatever_is_asked() -> None:
    init = (Constant(2, layer=("Conv2d", "LayerScale")),)
    backbone = EfficientFormer(ARCH, init_cfg=init)
    init_weights(backbone, lambda *_: None)
    network = backbone.network
    assert network.stem.conv1.weight.std() > 0
    assert network.stages[1].downsample.conv.weight.unique().tolist() == [2.0]
    scales = [
        block.ls1.gamma.unique().tolist()
        for block in network.stages[3].blocks
        if hasattr(block, "ls1")
    ]
    assert scales == [[2.0]] * 2


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "l2"}, "arch must be one of l1, l3, l7, got 'l2'"),
        ({"arch": {"layers": (1,)}}, r"arch must have the keys .*, got {'layers': \(1,\)}"),
        ({"arch": {**ARCH, "layers": (1, 2)}}, r"one number for each .*'layers': \(1, 2\)"),
        ({"arch": {**ARCH, "vit_num": 3}}, r"arch vit_num must be in \[0, 2\], got 3"),
        ({"pool_size": 2}, "pool_size must be odd, got 2"),
        ({"arch": ARCH, "out_indices": 4}, r"out_indices must be in \[0, 4\), got 4"),
        ({"arch": ARCH, "frozen_stages": 5}, r"frozen_stages must be in \[-1, 4\], got 5"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        EfficientFormer(**kwargs)
