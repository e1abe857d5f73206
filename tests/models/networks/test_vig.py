import pytest
import torch
from torch import nn

from mmlight.models.networks.vig import (
    GRAPH_CONVS,
    GraphConv,
    Grapher,
    GraphPlan,
    find_nearest,
    gather,
    make_relative_pos,
    make_stem,
)

RELU = {"type": "ReLU"}
BATCH_NORM = {"type": "BN"}


def plan(kind: str = "mr", *, stochastic: bool = False, epsilon: float = 1.0) -> GraphPlan:
    return GraphPlan(kind, RELU, BATCH_NORM, True, stochastic, epsilon)


def test_nearest_is_oneself_unless_positions_say_otherwise() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 6)
    nearest = find_nearest(x, x, 3, None)
    assert nearest.shape == (2, 6, 3)
    torch.testing.assert_close(nearest[..., 0], torch.arange(6).expand(2, -1))
    away = 100 * torch.eye(6)[None]
    assert not (find_nearest(x, x, 3, away) == torch.arange(6)[:, None]).any()


def test_gathers_by_index() -> None:
    x = torch.arange(6.0).reshape(1, 2, 3)
    index = torch.tensor([[[2, 0], [1, 1], [0, 2]]])
    expected = [[[[2, 0], [1, 1], [0, 2]], [[5, 3], [4, 4], [3, 5]]]]
    torch.testing.assert_close(gather(x, index), torch.tensor(expected, dtype=torch.float32))


@pytest.mark.parametrize("kind", GRAPH_CONVS)
@torch.no_grad()
def test_order_of_neighbors_does_not_matter(kind: str) -> None:
    layer = GRAPH_CONVS[kind](4, plan(kind)).eval()
    x, neighbors = torch.rand(1, 4, 5, 1), torch.rand(1, 4, 5, 3)
    out = layer(x, neighbors)
    assert out.shape == (1, 8, 5, 1)
    torch.testing.assert_close(layer(x, neighbors.flip(-1)), out)


def test_own_and_largest_channels_take_turns() -> None:
    layer = GRAPH_CONVS["mr"](4, plan())
    layer.nn = nn.Identity()
    x, neighbors = torch.rand(1, 4, 5, 1), torch.rand(1, 4, 5, 3)
    out = layer(x, neighbors)
    torch.testing.assert_close(out[:, ::2], x)
    torch.testing.assert_close(out[:, 1::2], (neighbors - x).amax(dim=-1, keepdim=True))


def test_neighbors_are_drawn_in_training_only() -> None:
    graph = GraphConv(4, plan(stochastic=True), k=2, dilation=3, reduce=1)
    index = torch.arange(6).expand(1, 1, 6)
    torch.manual_seed(0)
    drawn = {tuple(graph._choose(index).flatten().tolist()) for _ in range(20)}
    assert len(drawn) > 5
    assert graph.eval()._choose(index).flatten().tolist() == [0, 3]
    never = GraphConv(4, plan(stochastic=True, epsilon=0.0), k=2, dilation=3, reduce=1)
    assert never._choose(index).flatten().tolist() == [0, 3]


def test_near_tokens_have_the_smallest_part_by_position() -> None:
    table = make_relative_pos(16, 16, 1)
    assert table.shape == (1, 16, 16)
    torch.testing.assert_close(table[0].argmin(dim=1), torch.arange(16))
    torch.testing.assert_close(table[0], table[0].T)
    assert make_relative_pos(16, 16, 2).shape == (1, 16, 4)


@torch.no_grad()
def test_grapher_keeps_the_shape_when_it_seeks_among_means() -> None:
    layer = Grapher(8, plan(), drop_path_rate=0.1, num_tokens=16, reduce=2, k=2, dilation=1)
    assert layer(torch.rand(2, 8, 4, 4)).shape == (2, 8, 4, 4)
    assert layer.relative_pos is not None
    assert not layer.relative_pos.requires_grad


def test_stem_ends_with_a_norm() -> None:
    stem = make_stem([3, 4, 8], RELU, {**BATCH_NORM, "requires_grad": False})
    assert stem(torch.rand(2, 3, 16, 16)).shape == (2, 8, 4, 4)
    assert isinstance(stem[-1], nn.BatchNorm2d)
    assert not stem[-1].weight.requires_grad


def test_raises_when_the_kind_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"graph_conv_type must be one of edge, .*, got 'gat'"):
        plan("gat")


def test_distances_are_made_on_the_device_of_the_rest() -> None:
    with torch.device("meta"):
        assert make_relative_pos(8, 196, 1).device.type == "meta"
