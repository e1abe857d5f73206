import pytest
import torch

from mmlight.models.backbones.base.plain_transformer import name_rules
from mmlight.models.backbones.vision_transformer import VisionTransformer

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}


def make(**words) -> VisionTransformer:
    return VisionTransformer(TINY, img_size=32, **words)


def rename(name: str, ffn_types: list[str]) -> str | None:
    found = (rule.rename(name) for rule in name_rules(ffn_types))
    return next((mm for mm in found if mm is not None), None)


@pytest.mark.parametrize(
    ("ours", "mm"),
    [
        ("network.blocks.0.mlp.fc1.weight", "layers.0.ffn.layers.0.0.weight"),
        ("network.blocks.1.mlp.fc1.weight", "layers.1.ffn.w12.weight"),
        ("network.blocks.1.mlp.layers.2.bias", "layers.1.ffn.layers.2.bias"),
        ("network.blocks.0.norm2.bias", "layers.0.ln2.bias"),
        ("network.blocks.0.attn.qkv.weight", "layers.0.attn.qkv.weight"),
        ("network.norm.bias", "ln1.bias"),
        ("network.cls_token", "cls_token"),
    ],
)
def test_names_are_the_originals(ours, mm) -> None:
    assert rename(ours, ["origin", "swiglu_fused"]) == mm


def test_frozen_layers_get_no_gradient() -> None:
    vit = make(frozen_stages=1, out_type="avg_featmap")
    frozen = {name for name, value in vit.named_parameters() if not value.requires_grad}
    assert {"network.cls_token", "network.pos_embed"} < frozen
    assert all(".blocks.0." in n or "embed" in n or n.endswith("token") for n in frozen)
    assert not vit.network.blocks[0].training
    assert vit.train().network.blocks[0].training  # eval mode is set on construction only


def test_final_norms_are_frozen_when_all_layers_are() -> None:
    vit = make(frozen_stages=2, out_type="avg_featmap")
    assert not any(value.requires_grad for value in vit.parameters())


def test_position_embedding_of_a_checkpoint_is_resized() -> None:
    vit = make()
    fitted = vit.fit_state({"network.pos_embed": torch.ones(1, 10, 8), "other": torch.ones(1)})
    torch.testing.assert_close(fitted["network.pos_embed"], torch.ones(1, 5, 8))
    assert fitted["other"] is not None


def test_start_values_are_drawn_unless_a_checkpoint_fills_all() -> None:
    vit = make()
    assert vit.network.pos_embed.abs().sum() == 0
    vit.init_extra()
    assert vit.network.pos_embed.std().item() == pytest.approx(0.02, rel=0.5)
