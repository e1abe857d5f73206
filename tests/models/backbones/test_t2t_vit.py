import pytest
import torch

from mmlight.models.backbones.t2t_vit import T2T_ViT
from mmlight.weights.load import load_state

LAYER = {"num_heads": 2, "feedforward_channels": 12}


def build(**kwargs):
    words = {"img_size": 32, "embed_dims": 8, "num_layers": 2, "layer_cfgs": LAYER}
    return T2T_ViT(**words | {"t2t_cfg": {"token_dims": 4}} | kwargs)


@pytest.mark.parametrize(
    ("out_type", "shape"),
    [
        ("cls_token", (2, 8)),
        ("featmap", (2, 8, 2, 3)),
        ("avg_featmap", (2, 8)),
        ("raw", (2, 7, 8)),
    ],
)
def test_output_has_the_promised_shape(out_type, shape) -> None:
    outputs = build(out_type=out_type, out_indices=[0, -1])(torch.rand(2, 3, 32, 48))
    assert [out.shape for out in outputs] == [shape, shape]


def test_generations_scale_attention_differently() -> None:
    new, old = build().eval(), build(attention_scale="divide").eval()
    old.load_state_dict(new.state_dict())
    images = torch.rand(1, 3, 32, 32)
    assert (new(images)[0] - old(images)[0]).abs().max() > 1e-3


def test_class_token_leaves_late_when_0x() -> None:
    backbone = build(out_type="raw", with_cls_token=False, drops_cls_token=True)
    assert backbone.pos_embed.shape == (1, 5, 8)
    assert backbone(torch.rand(1, 3, 32, 32))[0].shape == (1, 4, 8)
    assert build(out_type="raw", with_cls_token=False).cls_token is None


def test_positions_are_resized_when_checkpoint_is_of_another_size() -> None:
    large = build(img_size=64)
    assert load_state(large, build().state_dict(), "x").is_exact
    assert large.pos_embed.shape == (1, 17, 8)


def test_class_token_starts_drawn() -> None:
    backbone = build()
    backbone.init_weights()
    assert backbone.cls_token.abs().max() > 0


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"out_type": "patch"}, "out_type must be one of .* got 'patch'"),
        (
            {"with_cls_token": False},
            "with_cls_token must be True for out_type='cls_token', got False",
        ),
        ({"t2t_cfg": {"use_performer": True}}, "use_performer must be False, got True"),
        ({"attention_scale": "half"}, "attention_scale must be 'multiply' or 'divide', got 'half'"),
        ({"out_indices": 2}, r"out_indices must be in \[0, 2\), got 2"),
        ({"layer_cfgs": {"heads": 3}}, "layer_cfgs does not support heads=3"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        build(**kwargs)
