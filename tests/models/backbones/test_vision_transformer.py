import pytest
import torch

from mmlight.models.backbones.vision_transformer import VisionTransformer

TINY = {"embed_dims": 8, "num_layers": 3, "num_heads": 2, "feedforward_channels": 12}


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
    backbone = VisionTransformer(TINY, img_size=(32, 48), out_type=out_type)
    (out,) = backbone(torch.rand(2, 3, 32, 48))
    assert out.shape == shape


def test_stem_and_stages_make_the_output() -> None:
    backbone = VisionTransformer(TINY, img_size=32, out_type="raw").eval()
    images = torch.rand(2, 3, 32, 32)
    x = backbone.stem(images)
    for (block,) in backbone.stages():
        x = block(x)
    torch.testing.assert_close(backbone(images)[0], backbone.network.norm(x))


def test_negative_out_indices_count_from_the_end() -> None:
    assert VisionTransformer(TINY, img_size=32, out_indices=[0, -1]).out_indices == (0, 2)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"out_type": "patch"}, "out_type must be one of .* got 'patch'"),
        ({"with_cls_token": False}, "with_cls_token must be True for out_type='cls_token'"),
        ({"patch_cfg": {"groups": 2}}, "patch_cfg does not support groups=2"),
        ({"layer_cfgs": {"init_cfg": 2}}, "layer_cfgs does not support init_cfg=2"),
        ({"out_indices": 3}, r"out_indices must be in \[0, 3\), got 3"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        VisionTransformer(TINY, img_size=32, **kwargs)


def test_class_token_of_the_older_original_leaves_after_its_position() -> None:
    words = {"img_size": 32, "out_type": "raw", "with_cls_token": False}
    kept = VisionTransformer(TINY, **words, drops_cls_token=True)
    assert kept.network.pos_embed.shape[1] == 5
    assert kept(torch.rand(1, 3, 32, 32))[0].shape == (1, 4, 8)
    assert VisionTransformer(TINY, **words).network.pos_embed.shape[1] == 4
