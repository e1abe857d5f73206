import pytest
import torch

from mmlight.models.backbones.position import grid_size, resize_pos_embed
from mmlight.models.backbones.vision_transformer import VisionTransformer

TINY = {"embed_dims": 8, "num_layers": 1, "num_heads": 2, "feedforward_channels": 12}


def test_grid_covers_images_that_do_not_divide() -> None:
    assert grid_size((33, 16), (16, 8)) == ((3, 2), (48, 16))


def test_resizing_keeps_extra_tokens_and_constant_maps() -> None:
    positions = torch.cat([torch.full((1, 1, 2), 5.0), torch.ones(1, 6, 2)], dim=1)
    resized = resize_pos_embed(positions, (2, 3), (4, 4))
    assert resized.shape == (1, 17, 2)
    assert resized[0, 0].tolist() == [5.0, 5.0]
    torch.testing.assert_close(resized[:, 1:], torch.ones(1, 16, 2))


def test_resizing_does_nothing_when_grids_are_equal() -> None:
    positions = torch.rand(1, 7, 2)
    assert resize_pos_embed(positions, (2, 3), (2, 3)) is positions


def test_raises_when_length_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"fit the grid \(2, 2\), got the shape \(1, 7, 2\)"):
        resize_pos_embed(torch.rand(1, 7, 2), (2, 2), (3, 3))


def test_loading_cuts_off_an_unused_class_token() -> None:
    source = VisionTransformer(TINY, img_size=32)
    torch.nn.init.normal_(source.network.pos_embed)
    target = VisionTransformer(TINY, img_size=32, out_type="raw", with_cls_token=False)
    state = source.state_dict()
    del state["network.cls_token"]
    target.load_state_dict(state)
    torch.testing.assert_close(target.network.pos_embed, source.network.pos_embed[:, 1:])
