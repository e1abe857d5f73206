import pytest
import torch

from mmlight.models.backbones.vig import PyramidVig, Vig

ARCH = {"num_blocks": 2, "channels": 16}
STAGES = {"blocks": (1, 1, 1, 1), "channels": (8, 8, 8, 16)}
IMAGES = torch.rand(1, 3, 224, 224)


@torch.no_grad()
def test_gives_maps_of_the_wanted_blocks() -> None:
    outputs = Vig(ARCH, out_indices=(0, -1))(IMAGES)
    assert [tuple(x.shape) for x in outputs] == [(1, 16, 14, 14)] * 2
    outputs = PyramidVig(STAGES, k=2, out_indices=(0, -1))(IMAGES)
    assert [tuple(x.shape) for x in outputs] == [(1, 8, 56, 56), (1, 16, 7, 7)]


@pytest.mark.parametrize("stem_eval", [True, False])
def test_stem_learns_its_statistics_only_when_asked(stem_eval: bool) -> None:
    backbone = Vig(ARCH, stem_eval=stem_eval).train()
    backbone(IMAGES)
    moved = backbone.stem[1].running_mean.abs().sum() > 0
    assert bool(moved) is not stem_eval
    assert all(p.requires_grad for p in backbone.stem.parameters())
    assert backbone.blocks[0][0].fc1[1].running_mean.abs().sum() > 0


def test_frozen_blocks_and_norms_stay_in_eval_mode() -> None:
    backbone = Vig(ARCH, frozen_stages=1)  # before .train() too: the optimizer is built earlier
    assert not any(p.requires_grad for p in backbone.blocks[0].parameters())
    backbone.train()
    assert not backbone.blocks[0][1].fc1[1].training
    assert backbone.blocks[1][1].fc1[1].training
    assert not any(p.requires_grad for p in backbone.blocks[0].parameters())
    assert all(p.requires_grad for p in Vig(ARCH, frozen_stages=-1).train().parameters())
    backbone = Vig(ARCH, norm_eval=True).train()
    assert not backbone.blocks[1][1].fc1[1].training
    assert backbone.blocks[1][1].training


def test_neighbors_grow_with_depth_but_not_beyond_the_image() -> None:
    graphs = [block[0].graph_conv for block in Vig({"num_blocks": 13, "channels": 16}).blocks]
    assert [graph.k for graph in graphs] == [9, 9, 10, 11, 12, 12, 13, 14, 15, 15, 16, 17, 18]
    assert [graph.dilation for graph in graphs] == [1] * 4 + [2] * 4 + [3] * 4 + [4]
    assert max(g.k * g.dilation for g in graphs) <= 14 * 14
    graphs = [
        block[0].graph_conv for block in Vig(ARCH, use_dilation=False, relative_pos=True).blocks
    ]
    assert [graph.dilation for graph in graphs] == [1, 1]


@pytest.mark.parametrize(
    ("kind", "kwargs", "message"),
    [
        (Vig, {"arch": "medium"}, "arch must be one of tiny, small, base, got 'medium'"),
        (PyramidVig, {"arch": "huge"}, "arch must be one of tiny, .*, base, got 'huge'"),
        (Vig, {"arch": {"channels": 8}}, "arch must have the keys channels, num_blocks, got {'ch"),
        (Vig, {"arch": ARCH, "out_indices": 2}, r"out_indices must be in \[0, 2\), got 2"),
        (Vig, {"arch": ARCH, "graph_conv_type": "gat"}, "graph_conv_type must be .*, got 'gat'"),
    ],
)
def test_raises_when_an_argument_is_wrong(kind, kwargs, message) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**kwargs)


def test_raises_when_images_have_another_size() -> None:
    with pytest.raises(ValueError, match=r"images must be 224 x 224 px, got \(64, 32\)"):
        Vig(ARCH)(torch.rand(1, 3, 64, 32))
