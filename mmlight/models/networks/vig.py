"""The blocks of Vision GNN: each token gathers from the tokens most like it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import norm_maker


@dataclass(frozen=True)
class GraphPlan:
    """What all graph convolutions of a network have in common.

    Args:
        kind: A name of `GRAPH_CONVS`.
        act_cfg: Activation.
        norm_cfg: Norm; None for none.
        bias: Whether the convolutions add a bias.
        stochastic: Whether neighbors are drawn at random while training, sometimes.
        epsilon: How often, in [0, 1].
    """

    kind: str
    act_cfg: Mapping[str, Any]
    norm_cfg: Mapping[str, Any] | None
    bias: bool
    stochastic: bool
    epsilon: float

    def __post_init__(self) -> None:
        if self.kind not in GRAPH_CONVS:
            raise ValueError(
                f"graph_conv_type must be one of {', '.join(GRAPH_CONVS)}, got {self.kind!r}"
            )

    def conv(self, in_channels: int, out_channels: int) -> nn.Sequential:
        """Make a 1x1 convolution in four groups, with norm and activation."""
        conv = nn.Conv2d(in_channels, out_channels, 1, groups=4, bias=self.bias)
        norms = [] if self.norm_cfg is None else [norm_maker(self.norm_cfg)(out_channels)]
        return nn.Sequential(conv, *norms, activation_layer(self.act_cfg)())


class EdgeConv(nn.Module):
    """Transform each token with its difference to each neighbor, and take the maximum."""

    def __init__(self, channels: int, plan: GraphPlan) -> None:
        super().__init__()
        self.nn = plan.conv(2 * channels, 2 * channels)

    def forward(self, x: Tensor, neighbors: Tensor) -> Tensor:
        """Map tokens `(B, C, N, 1)` and their neighbors `(B, C, N, k)` to `(B, 2 C, N, 1)`."""
        own = x.expand_as(neighbors)
        edges: Tensor = self.nn(torch.cat((own, neighbors - own), dim=1))
        return torch.max(edges, dim=-1, keepdim=True).values


class MaxRelativeConv(nn.Module):
    """Transform each token with the largest difference to its neighbors, channel by channel."""

    def __init__(self, channels: int, plan: GraphPlan) -> None:
        super().__init__()
        self.nn = plan.conv(2 * channels, 2 * channels)

    def forward(self, x: Tensor, neighbors: Tensor) -> Tensor:
        """Map tokens `(B, C, N, 1)` and their neighbors `(B, C, N, k)` to `(B, 2 C, N, 1)`."""
        largest = torch.max(neighbors - x, dim=-1, keepdim=True).values
        # (B, C, 2, N, 1) -> (B, 2 C, N, 1): own and largest take turns
        out: Tensor = self.nn(torch.stack((x, largest), dim=2).flatten(1, 2))
        return out


class SageConv(nn.Module):
    """Transform each token with the maximum of its transformed neighbors."""

    def __init__(self, channels: int, plan: GraphPlan) -> None:
        super().__init__()
        self.nn1 = plan.conv(channels, channels)
        self.nn2 = plan.conv(2 * channels, 2 * channels)

    def forward(self, x: Tensor, neighbors: Tensor) -> Tensor:
        """Map tokens `(B, C, N, 1)` and their neighbors `(B, C, N, k)` to `(B, 2 C, N, 1)`."""
        largest = torch.max(self.nn1(neighbors), dim=-1, keepdim=True).values
        out: Tensor = self.nn2(torch.cat((x, largest), dim=1))
        return out


class GinConv(nn.Module):
    """Transform the sum of each token, weighted by a learned factor, and its neighbors."""

    def __init__(self, channels: int, plan: GraphPlan) -> None:
        super().__init__()
        self.nn = plan.conv(channels, 2 * channels)
        self.eps = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, neighbors: Tensor) -> Tensor:
        """Map tokens `(B, C, N, 1)` and their neighbors `(B, C, N, k)` to `(B, 2 C, N, 1)`."""
        out: Tensor = self.nn((1 + self.eps) * x + neighbors.sum(dim=-1, keepdim=True))
        return out


GRAPH_CONVS: Final[Mapping[str, Callable[[int, GraphPlan], nn.Module]]] = {
    "edge": EdgeConv,
    "mr": MaxRelativeConv,
    "sage": SageConv,
    "gin": GinConv,
}


class GraphConv(nn.Module):
    """Find the neighbors of each token and gather from them.

    Args:
        channels: Channels `C`.
        plan: Kind of the convolution.
        k: Number of neighbors.
        dilation: Every how manieth of the nearest is taken.
        reduce: Neighbors are sought among means of squares of this size [px].
    """

    def __init__(self, channels: int, plan: GraphPlan, *, k: int, dilation: int, reduce: int):
        super().__init__()
        self.gconv = GRAPH_CONVS[plan.kind](channels, plan)
        self.stochastic, self.epsilon = plan.stochastic, plan.epsilon
        self.k, self.dilation, self.reduce = k, dilation, reduce

    def forward(self, x: Tensor, relative_pos: Tensor | None) -> Tensor:
        """Map `(B, C, H, W)` to `(B, 2 C, H, W)`.

        Args:
            x: The tokens.
            relative_pos: Added to the distances, `(1, H * W, H * W / reduce^2)`.
        """
        tokens = x.flatten(2)  # (B, C, H, W) -> (B, C, N)
        others = tokens
        if self.reduce > 1:
            others = functional.avg_pool2d(x, self.reduce).flatten(2)  # -> (B, C, M)
        index = self._choose(find_nearest(tokens, others, self.k * self.dilation, relative_pos))
        out: Tensor = self.gconv(tokens.unsqueeze(-1), gather(others, index))
        return out.reshape(len(x), -1, *x.shape[2:])  # (B, 2 C, N, 1) -> (B, 2 C, H, W)

    def _choose(self, index: Tensor) -> Tensor:
        # the number is drawn in eval mode as well, as in the original
        if self.stochastic and torch.rand(1) < self.epsilon and self.training:
            return index[:, :, torch.randperm(index.shape[2])[: self.k]]
        return index[:, :, :: self.dilation]


@torch.no_grad()
def find_nearest(x: Tensor, others: Tensor, count: int, relative_pos: Tensor | None) -> Tensor:
    """Return the tokens nearest to each token, the nearest first.

    Args:
        x: Tokens `(B, C, N)`.
        others: Where the neighbors are sought, `(B, C, M)`.
        count: How many.
        relative_pos: Added to the squared distances, `(1, N, M)`.

    Returns:
        Indices, int64 `(B, N, count)`, each below M.
    """
    # (B, C, N) -> (B, N, C), of length 1
    x = functional.normalize(x, dim=1).transpose(1, 2)
    others = functional.normalize(others, dim=1).transpose(1, 2)
    squares = x.square().sum(dim=-1, keepdim=True)
    other_squares = others.square().sum(dim=-1).unsqueeze(1)
    distance = squares - 2 * (x @ others.transpose(1, 2)) + other_squares
    if relative_pos is not None:
        distance = distance + relative_pos
    return (-distance).topk(count).indices


def gather(x: Tensor, index: Tensor) -> Tensor:
    """Return `(B, C, N, k)` of tokens `(B, C, M)` by indices `(B, N, k)`."""
    flat = index.flatten(1).unsqueeze(1).expand(-1, x.shape[1], -1)  # (B, N, k) -> (B, C, N * k)
    return x.gather(2, flat).reshape(*x.shape[:2], *index.shape[1:])  # -> (B, C, N, k)


class Grapher(nn.Module):
    """A graph convolution between two linear layers, with a shortcut around them.

    Args:
        channels: Channels `C`.
        plan: Kind of the convolution.
        drop_path_rate: Rate of stochastic depth, in [0, 1).
        num_tokens: Number of tokens `N`, to give the distances a part by position; None gives them
            none.
        reduce: See `GraphConv`.
        **graph: Other arguments of `GraphConv`.
    """

    def __init__(
        self,
        channels: int,
        plan: GraphPlan,
        *,
        drop_path_rate: float,
        num_tokens: int | None,
        reduce: int = 1,
        **graph: int,
    ) -> None:
        super().__init__()
        self.fc1 = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels))
        self.graph_conv = GraphConv(channels, plan, reduce=reduce, **graph)
        self.fc2 = nn.Sequential(nn.Conv2d(2 * channels, channels, 1), nn.BatchNorm2d(channels))
        self.drop_path = DropPath(drop_path_rate)
        self.relative_pos: nn.Parameter | None = None
        if num_tokens is not None:
            table = make_relative_pos(channels, num_tokens, reduce)
            self.relative_pos = nn.Parameter(table, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        out: Tensor = self.drop_path(self.fc2(self.graph_conv(self.fc1(x), self.relative_pos))) + x
        return out


class FeedForward(nn.Module):
    """Two linear layers with a shortcut around them.

    Args:
        channels: Channels `C`; there are 4 times as many inside.
        act_cfg: Activation between the layers.
        drop_path_rate: Rate of stochastic depth, in [0, 1).
    """

    def __init__(self, channels: int, act_cfg: Mapping[str, Any], drop_path_rate: float) -> None:
        super().__init__()
        inner = 4 * channels
        self.fc1 = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.act = activation_layer(act_cfg)()
        self.fc2 = nn.Sequential(nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels))
        self.drop_path = DropPath(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        out: Tensor = self.drop_path(self.fc2(self.act(self.fc1(x)))) + x
        return out


def make_relative_pos(channels: int, num_tokens: int, reduce: int) -> Tensor:
    """Return what the positions of two tokens add to their distance.

    Args:
        channels: Length of the position codes, divisible by 4.
        num_tokens: Number of tokens `N` on a square grid.
        reduce: See `GraphConv`.

    Returns:
        Minus twice the mean product of the two codes, float32 `(1, N, N / reduce^2)`.
    """
    side = int(num_tokens**0.5)
    place = np.arange(side, dtype=np.float32)
    steps = np.arange(channels // 4, dtype=np.float32) / np.float32(channels / 4)
    angles = np.outer(place, np.float32(1) / np.float32(10000) ** steps)  # (side, channels / 4)
    line = np.concatenate((np.sin(angles), np.cos(angles)), axis=1)  # (side, channels / 2)
    columns, rows = np.tile(line, (side, 1)), np.repeat(line, side, axis=0)
    codes = np.concatenate((columns, rows), axis=1)  # (N, channels)
    likeness = torch.tensor(2 * (codes @ codes.T) / np.float32(channels))  # on any device
    size = (num_tokens, num_tokens // reduce**2)
    resized = functional.interpolate(likeness[None, None], size=size, mode="bicubic")
    return -resized[0]  # (1, 1, N, M) -> (1, N, M)


def make_stem(
    widths: Sequence[int], act_cfg: Mapping[str, Any], norm_cfg: Mapping[str, Any]
) -> nn.Sequential:
    """Make 3x3 convolutions of stride 2 between the widths, and one of stride 1 behind them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, 2, padding=1), norm_maker(norm_cfg)(after)]
        layers.append(activation_layer(act_cfg)())
    last = widths[-1]
    return nn.Sequential(*layers, nn.Conv2d(last, last, 3, padding=1), norm_maker(norm_cfg)(last))
