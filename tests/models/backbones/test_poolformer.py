import pytest
import torch

from mmlight.models.backbones.poolformer import PoolFormer

TINY = {"layers": [1, 2], "embed_dims": [8, 12], "mlp_ratios": [4, 1.5]}


def test_gives_the_parts_that_are_wanted() -> None:
    with torch.device("meta"):
        features = PoolFormer("m36", out_indices=(0, 1, -1))(torch.rand(1, 3, 64, 64))
    assert [tuple(feature.shape[1:]) for feature in features] == [
        *((96, 16, 16), (192, 8, 8), (768, 2, 2)),
    ]


@pytest.mark.parametrize(
    ("frozen_stages", "places"),
    [
        (-1, ()),
        (0, ("network.stem",)),
        (1, ("network.stem", "network.stages.0.blocks", "norm0")),
        (2, ("network.stem", "network.stages.0", "network.stages.1.downsample", "norm0")),
    ],
)
def test_freezes_stem_and_first_parts(frozen_stages, places) -> None:
    backbone = PoolFormer(TINY, out_indices=(0, 2), frozen_stages=frozen_stages).train()
    for name, value in backbone.named_parameters():
        assert value.requires_grad != name.startswith(places or "nothing"), name


def test_stem_is_frozen_by_default() -> None:
    assert not PoolFormer(TINY).network.stem.conv.weight.requires_grad


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"arch": "s13"}, "arch must be one of s12, .* got 's13'"),
        ({"arch": {"layers": [1]}}, r"arch must have the keys layers, embed_dims, got"),
        ({"arch": TINY, "out_indices": 3}, r"out_indices must be in \[0, 3\), got 3"),
        ({"arch": TINY, "frozen_stages": 4}, r"frozen_stages must be in \[-1, 3\], got 4"),
    ],
)
def test_raises_when_value_cannot_be_honoured(kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        PoolFormer(**kwargs)
