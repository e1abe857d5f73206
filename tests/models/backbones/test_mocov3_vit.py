import torch

from mmlight.models.backbones.mocov3_vit import MoCoV3ViT
from mmlight.models.initialize import Pretrained
from mmlight.models.layers.position import sine_positions

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}


def make(**words) -> MoCoV3ViT:
    return MoCoV3ViT(arch=TINY, img_size=32, patch_size=16, **words)


def test_positions_are_fixed_after_start_values() -> None:
    model = make()
    assert model.network.pos_embed.requires_grad
    model.init_weights()
    assert not model.network.pos_embed.requires_grad
    torch.testing.assert_close(model.network.pos_embed[0, 1:], sine_positions((2, 2), 8))
    assert model.network.blocks[0].attn.qkv.bias.abs().sum() == 0


def test_start_values_are_left_to_a_checkpoint_alone() -> None:
    model = make(init_cfg=Pretrained("somewhere.pth"))
    model.init_extra()
    assert model.network.pos_embed.requires_grad


def test_frozen_parts_stay_in_eval_mode() -> None:
    model = make(frozen_stages=1).train()
    assert [block.training for block in model.network.blocks] == [False, True]
    assert not model.network.patch_embed.training
    assert not model.network.cls_token.requires_grad


def test_final_norm_is_frozen_when_all_layers_are() -> None:
    trained = [n for n, value in make(frozen_stages=2).named_parameters() if value.requires_grad]
    assert trained == []


def test_patch_embedding_gets_no_gradient_when_asked() -> None:
    assert make().network.patch_embed.proj.weight.requires_grad
    assert not make(stop_grad_conv1=True).network.patch_embed.proj.weight.requires_grad


def test_knows_its_own_size() -> None:
    with torch.device("meta"):
        model = MoCoV3ViT(arch="mocov3-small", patch_size=16)
    assert model.network.blocks[0].attn.num_heads == 12
