import pytest
import torch

from mmlight.models.backbones.tinyvit import TinyViT

ARCH = {"channels": (4, 8, 8, 16), "num_heads": (1, 2, 2, 2), "depths": (1, 1, 2, 1)}
SMALL = {"arch": ARCH, "window_size": (7, 3, 2, 2)}


@pytest.mark.parametrize("with_cp", [True, False])
def test_gives_an_output_per_stage(with_cp) -> None:
    backbone = TinyViT(
        **SMALL, out_indices=(0, 3), gap_before_final_norm=False, use_checkpoint=with_cp
    )
    outputs = backbone(torch.rand(2, 3, 64, 64))
    assert [tuple(x.shape) for x in outputs] == [(2, 8, 8, 8), (2, 16, 2, 2)]
    sum(x.sum() for x in outputs).backward()
    assert all(p.grad is not None for p in backbone.parameters())


@torch.no_grad()
def test_outputs_are_averaged_when_asked() -> None:
    (pooled,) = TinyViT(**SMALL)(torch.rand(2, 3, 64, 48))
    assert pooled.shape == (2, 16)
    torch.testing.assert_close(pooled.mean(dim=1), torch.zeros(2), atol=1e-5, rtol=0)


def test_frozen_stages_take_the_convolutions_behind_them() -> None:
    backbone = TinyViT(**SMALL, frozen_stages=1).train()
    network = backbone.network
    assert network.patch_embed.conv1.bn.training
    assert not network.stages[0].blocks[0].conv1.bn.training
    assert not network.stages[1].downsample.conv1.bn.training
    assert network.stages[1].blocks[0].local_conv.bn.training
    assert not network.stages[1].downsample.conv1.conv.weight.requires_grad


def test_convolutional_blocks_start_as_the_identity() -> None:
    block = TinyViT(**SMALL).network.stages[0].blocks[0]
    assert block.conv3.bn.weight.unique().tolist() == [0.0]
    assert block.conv2.bn.weight.unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "7m"}, "arch must be one of 5m, 11m, 21m, got '7m'"),
        ({"arch": {"depths": (1,)}}, r"arch must have the keys .*, got {'depths': \(1,\)}"),
        ({"arch": {**ARCH, "depths": (1,)}}, r"one number for each .*'depths': \(1,\)"),
        ({"window_size": (7, 7)}, r"window_size must have one entry per stage, got \(7, 7\)"),
        ({**SMALL, "out_indices": 4}, r"out_indices must be in \[0, 4\), got 4"),
        ({**SMALL, "norm_cfg": {"type": "LN", "x": 1}}, "does not support x=1"),
    ],
)
def test_raises_when_an_argument_is_wrong(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        TinyViT(**kwargs)
