import pytest
import torch

from mmlight.models.backbones.deit import DistilledVisionTransformer

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}


def test_gives_both_tokens() -> None:
    ((cls_token, dist_token),) = DistilledVisionTransformer(TINY, img_size=32)(
        torch.rand(2, 3, 32, 32)
    )
    assert cls_token.shape == dist_token.shape == (2, 8)
    assert DistilledVisionTransformer(TINY, img_size=32, out_type="raw")(torch.rand(2, 3, 32, 32))[
        0
    ].shape == (2, 6, 8)


def test_freezes_all_but_its_token() -> None:
    model = DistilledVisionTransformer(TINY, img_size=32, frozen_stages=2)
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    assert trained == ["network.dist_token"]


def test_draws_its_token_too() -> None:
    model = DistilledVisionTransformer(TINY, img_size=32)
    model.init_extra()
    assert model.network.dist_token.std() > 0


def test_raises_when_there_is_no_class_token() -> None:
    with pytest.raises(ValueError, match=r"with_cls_token must be True .* got False"):
        DistilledVisionTransformer(TINY, img_size=32, out_type="raw", with_cls_token=False)
