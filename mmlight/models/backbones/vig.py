"""Vision GNN: an image as a graph of patches, of one resolution or as a pyramid."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.layers.defaults import BATCH_NORM, GELU
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.layers.norm import norm_maker
from mmlight.models.networks.vig import (
    FeedForward,
    Grapher,
    GraphPlan,
    make_stem,
)

SIDE: Final = 224
"""Height and width of the images [px]; the position embedding allows no other."""
VIG_ARCHS: Final[Mapping[str, Mapping[str, int]]] = {
    "tiny": {"num_blocks": 12, "channels": 192},
    "small": {"num_blocks": 16, "channels": 320},
    "base": {"num_blocks": 16, "channels": 640},
}
PYRAMID_ARCHS: Final[Mapping[str, Mapping[str, Sequence[int]]]] = {
    "tiny": {"blocks": (2, 2, 6, 2), "channels": (48, 96, 240, 384)},
    "small": {"blocks": (2, 2, 6, 2), "channels": (80, 160, 400, 640)},
    "medium": {"blocks": (2, 2, 16, 2), "channels": (96, 192, 384, 768)},
    "base": {"blocks": (2, 2, 18, 2), "channels": (128, 256, 512, 1024)},
}


class GraphBackbone(InitModule):
    """What both networks share: a stem, stages of blocks, frozen parts.

    Args:
        out_indices: See `to_out_indices`.
        frozen_stages: This many stages get no gradient and stay in eval mode.
        norm_eval: Whether batch norm stays in eval mode while training.
        stem_eval: Whether the batch norms of the stem stay in eval mode while training.
        init_cfg: See `InitModule`; torch's start values by default.
    """

    stem: nn.Sequential
    pos_embed: nn.Parameter

    def __init__(
        self,
        *,
        out_indices: tuple[int, ...],
        frozen_stages: int,
        norm_eval: bool,
        stem_eval: bool,
        init_cfg: InitCfg,
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices = out_indices
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.stem_eval = stem_eval

    def get_stages(self) -> nn.ModuleList:
        """Return what `out_indices` and `frozen_stages` count."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, 224, 224)` to the wanted feature maps `(B, C, H, W)`."""
        if images.shape[2:] != (SIDE, SIDE):
            raise ValueError(f"images must be 224 x 224 px, got {tuple(images.shape[2:])}")
        x = self.stem(images) + self.pos_embed
        outputs = []
        for index, stage in enumerate(self.get_stages()):
            x = stage(x)
            if index in self.out_indices:
                outputs.append(x)
        return tuple(outputs)

    def freeze(self) -> None:
        """Put the frozen blocks into eval mode and stop their gradients."""
        for stage in list(self.get_stages())[: max(self.frozen_stages, 0)]:
            stage.eval()
            stage.requires_grad_(False)

    def train(self, mode: bool = True) -> "GraphBackbone":
        """Set the mode, then restore what stays in eval mode."""
        super().train(mode)
        if self.stem_eval:
            self.stem.eval()
        self.freeze()
        if mode and self.norm_eval:
            for layer in self.modules():
                if isinstance(layer, _BatchNorm):
                    layer.eval()
        return self


class Vig(GraphBackbone):
    """Vision GNN of one resolution.

    Args:
        arch: 'tiny', 'small', 'base', or a dict with `num_blocks` and `channels`.
        in_channels: Channels of the images.
        k: Neighbors of a token in the first block; twice as many in the last.
        out_indices: Blocks whose outputs are returned; negative counts from the end.
        act_cfg: Activation.
        norm_cfg: Norm of the stem and of the graph convolutions: `type`, `eps`, `requires_grad`.
        graph_conv_bias: Whether the graph convolutions add a bias.
        graph_conv_type: 'edge', 'mr', 'sage' or 'gin'.
        epsilon: How often neighbors are drawn at random, in [0, 1], with `use_stochastic`.
        use_dilation: Whether deeper blocks leave out some of the nearest.
        use_stochastic: Whether neighbors are drawn at random while training, sometimes.
        drop_path: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        relative_pos: Whether positions are part of the distance of tokens.
        norm_eval: Whether batch norm stays in eval mode while training.
        frozen_stages: This many blocks get no gradient and stay in eval mode.
        init_cfg: See `InitModule`; torch's start values by default.
        stem_eval: Whether the batch norms of the stem stay in eval mode while training, so that
            their statistics are never learned. True as in the original, whose weights need it only
            to be trained further; False is what the paper does.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `Vig`; `stem_eval` is ours.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int],
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: Mapping[str, Any] = GELU,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        graph_conv_bias: bool = True,
        graph_conv_type: str = "mr",
        epsilon: float = 0.2,
        use_dilation: bool = True,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        relative_pos: bool = False,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: InitCfg = None,
        *,
        stem_eval: bool = True,
    ) -> None:
        numbers = _get_arch(arch, VIG_ARCHS)
        count, channels = numbers["num_blocks"], numbers["channels"]
        super().__init__(
            out_indices=to_out_indices(out_indices, count),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            stem_eval=stem_eval,
            init_cfg=init_cfg,
        )
        plan = GraphPlan(
            graph_conv_type, act_cfg, norm_cfg, graph_conv_bias, use_stochastic, epsilon
        )
        widths = [in_channels, *(channels // share for share in (8, 4, 2, 1))]
        self.stem = make_stem(widths, act_cfg, norm_cfg)
        self.pos_embed = nn.Parameter(torch.zeros(1, channels, 14, 14))
        neighbors = torch.linspace(k, 2 * k, count, device="cpu").int().tolist()
        largest = 14 * 14 // max(neighbors)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                Grapher(
                    channels,
                    plan,
                    k=neighbors[index],
                    dilation=min(index // 4 + 1, largest) if use_dilation else 1,
                    drop_path_rate=rate,
                    num_tokens=14 * 14 if relative_pos else None,
                ),
                FeedForward(channels, act_cfg, rate),
            )
            for index, rate in enumerate(rising_rates(drop_path, count))
        )
        self.freeze()

    def get_stages(self) -> nn.ModuleList:
        """Return the blocks."""
        return self.blocks


class PyramidVig(GraphBackbone):
    """Vision GNN with four resolutions.

    Args:
        arch: 'tiny', 'small', 'medium', 'base', or a dict with `blocks` and `channels` per stage.
        in_channels: Channels of the images.
        k: Neighbors of a token.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        act_cfg: Activation.
        norm_cfg: Norm of the stem, between the stages and of the graph convolutions: `type`, `eps`,
            `requires_grad`.
        graph_conv_bias: Whether the graph convolutions add a bias.
        graph_conv_type: 'edge', 'mr', 'sage' or 'gin'.
        epsilon: How often neighbors are drawn at random, in [0, 1], with `use_stochastic`.
        use_stochastic: Whether neighbors are drawn at random while training, sometimes.
        drop_path: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        norm_eval: Whether batch norm stays in eval mode while training.
        frozen_stages: This many stages get no gradient and stay in eval mode.
        init_cfg: See `InitModule`; torch's start values by default.
        stem_eval: See `Vig`.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `PyramidVig`; `stem_eval` is ours.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        in_channels: int = 3,
        k: int = 9,
        out_indices: int | Sequence[int] = -1,
        act_cfg: Mapping[str, Any] = GELU,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        graph_conv_bias: bool = True,
        graph_conv_type: str = "mr",
        epsilon: float = 0.2,
        use_stochastic: bool = False,
        drop_path: float = 0.0,
        norm_eval: bool = False,
        frozen_stages: int = 0,
        init_cfg: InitCfg = None,
        *,
        stem_eval: bool = True,
    ) -> None:
        numbers = _get_arch(arch, PYRAMID_ARCHS)
        counts, widths = numbers["blocks"], numbers["channels"]
        super().__init__(
            out_indices=to_out_indices(out_indices, len(counts)),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            stem_eval=stem_eval,
            init_cfg=init_cfg,
        )
        plan = GraphPlan(
            graph_conv_type, act_cfg, norm_cfg, graph_conv_bias, use_stochastic, epsilon
        )
        self.stem = make_stem([in_channels, widths[0] // 2, widths[0]], act_cfg, norm_cfg)
        self.pos_embed = nn.Parameter(torch.zeros(1, widths[0], 56, 56))
        rates = iter(enumerate(rising_rates(drop_path, sum(counts))))
        self.stages = nn.ModuleList()
        for stage, (count, width) in enumerate(zip(counts, widths, strict=True)):
            parts: list[nn.Module] = []
            if stage:
                conv = nn.Conv2d(widths[stage - 1], width, 3, stride=2, padding=1)
                parts.append(nn.Sequential(conv, norm_maker(norm_cfg)(width)))
            for _ in range(count):
                index, rate = next(rates)
                grapher = Grapher(
                    width,
                    plan,
                    k=k,
                    dilation=min(index // 4 + 1, 49 // k),
                    drop_path_rate=rate,
                    num_tokens=(56 // 2**stage) ** 2,
                    reduce=max(4 // 2**stage, 1),
                )
                parts.append(nn.Sequential(grapher, FeedForward(width, act_cfg, rate)))
            self.stages.append(nn.Sequential(*parts))
        self.freeze()

    def get_stages(self) -> nn.ModuleList:
        """Return the stages."""
        return self.stages


def _get_arch(arch: str | Mapping[str, Any], archs: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(arch, str):
        if arch not in archs:
            raise ValueError(f"arch must be one of {', '.join(archs)}, got {arch!r}")
        numbers: Mapping[str, Any] = archs[arch]
        return numbers
    keys = set(archs["tiny"])
    if set(arch) != keys:
        raise ValueError(f"arch must have the keys {', '.join(sorted(keys))}, got {dict(arch)}")
    return arch
