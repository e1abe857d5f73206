import pytest
import torch
from timm.models.convnext import ConvNeXtBlock
from timm.models.edgenext import SplitTransposeBlock

from mmlight.models.backbones.edgenext import EdgeNeXt, build_attention_block

SMALL = {"channels": [8, 12], "depths": [1, 3], "num_heads": [2, 2]}
FREE = {"global_blocks": [0, 2], "global_block_type": ["None", "SDTA"]}


def test_stages_end_with_attention() -> None:
    network = EdgeNeXt(SMALL, out_indices=[0, 1], **FREE)
    kinds = [[type(block) for block in stage.blocks] for stage in network.network.stages]
    assert kinds == [[ConvNeXtBlock], [ConvNeXtBlock, SplitTransposeBlock, SplitTransposeBlock]]
    assert [tuple(x.shape) for x in network(torch.rand(2, 3, 32, 32))] == [(2, 8), (2, 12)]


@pytest.mark.parametrize(("arch", "parameters"), [("xxsmall", 1158216), ("base", 17926292)])
def test_has_the_known_number_of_parameters(arch: str, parameters: int) -> None:
    with torch.device("meta"):
        network = EdgeNeXt(arch)
    assert sum(value.numel() for value in network.parameters()) == parameters


def test_attention_has_fixed_numbers() -> None:
    network = EdgeNeXt(SMALL, out_indices=1, layer_scale_init_value=0.5, **FREE).network
    conv, attention = network.stages[1].blocks[0], network.stages[1].blocks[1]
    assert conv.gamma.unique().item() == 0.5
    assert attention.gamma.unique().item() == pytest.approx(1e-6)
    assert (conv.norm.eps, attention.norm.eps, attention.norm_xca.eps) == (1e-6, 1e-5, 1e-5)
    assert network.head.norm.eps == 1e-5


def test_first_stage_gets_positions_when_asked() -> None:
    images = torch.rand(1, 3, 32, 32)
    network = EdgeNeXt(SMALL, out_indices=0, use_pos_embd_global=True, **FREE).eval()
    before = network(images)[0]
    torch.nn.init.constant_(network.network.pos_embd.token_projection.weight, 0)
    assert not torch.allclose(network(images)[0], before)


def test_norms_of_attention_learn_when_the_others_do_not() -> None:
    frozen = {"type": "LN2d", "requires_grad": False}
    network = EdgeNeXt(SMALL, out_indices=1, norm_cfg=frozen, **FREE).network
    assert not network.stages[1].blocks[0].norm.weight.requires_grad
    assert not network.stages[1].downsample[0].weight.requires_grad
    assert network.stages[1].blocks[1].norm.weight.requires_grad
    assert network.head.norm.weight.requires_grad


def test_raises_when_global_block_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"global_block_type must be .* got 'MHA'"):
        EdgeNeXt(global_block_type=["MHA"])


def test_raises_when_channels_are_not_split() -> None:
    with pytest.raises(ValueError, match="d2_scales must be at least 2, got 1"):
        build_attention_block(8, 1, 2, 4, position=False)
