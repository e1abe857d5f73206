"""Builds the networks of ConvNeXt and EdgeNeXt of timm's blocks, and names their parts.

timm's own classes have four stages and a fixed stem; the originals take any number of stages and
any patch size.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.weights.name_map import NameRule

_BLOCK: Final = r"network\.stages\.(\d+)\.blocks\.(\d+)"
_MM: Final = r"stages.\1.\2"
RULES: Final = (
    NameRule(r"network\.stem\.(.+)", r"downsample_layers.0.\1"),
    NameRule(r"network\.stages\.(\d+)\.downsample\.(.+)", r"downsample_layers.\1.\2"),
    NameRule(rf"{_BLOCK}\.conv_dw\.(.+)", rf"{_MM}.depthwise_conv.\3"),
    NameRule(rf"{_BLOCK}\.mlp\.fc([12])\.(.+)", rf"{_MM}.pointwise_conv\3.\4"),
    NameRule(rf"{_BLOCK}\.mlp\.grn\.weight", rf"{_MM}.grn.gamma"),
    NameRule(rf"{_BLOCK}\.mlp\.grn\.bias", rf"{_MM}.grn.beta"),
    NameRule(rf"{_BLOCK}\.convs\.(.+)", rf"{_MM}.conv_modules.\3"),
    NameRule(rf"{_BLOCK}\.pos_embd\.token_projection\.(.+)", rf"{_MM}.pos_embed.proj.\3"),
    NameRule(rf"{_BLOCK}\.norm_xca\.(.+)", rf"{_MM}.norm_csa.\3"),
    NameRule(rf"{_BLOCK}\.gamma_xca", rf"{_MM}.gamma_csa"),
    NameRule(rf"{_BLOCK}\.xca\.temperature", rf"{_MM}.csa.scale"),
    NameRule(rf"{_BLOCK}\.xca\.(.+)", rf"{_MM}.csa.\3"),
    NameRule(rf"{_BLOCK}\.(.+)", rf"{_MM}.\3"),
    NameRule(r"network\.pos_embd\.token_projection\.(.+)", r"pos_embed.proj.\1"),
    NameRule(r"network\.norm(\d+)\.(.+)", r"norm\1.\2"),
)


def build_network(
    channels: Sequence[int],
    blocks: Sequence[Sequence[nn.Module]],
    norm: Callable[[int], nn.Module],
    *,
    in_channels: int,
    patch_size: int,
    downsample_norm: Callable[[int], nn.Module],
) -> Any:
    """Put a stem and downsampling layers around blocks.

    Args:
        channels: Per stage.
        blocks: Per stage.
        norm: Makes the norm of the stem of its channels.
        in_channels: Channels of the images.
        patch_size: Size and stride of the stem [px].
        downsample_norm: Makes the norm before each further downsampling.
    """
    network: Any = nn.Module()
    network.stem = nn.Sequential(
        nn.Conv2d(in_channels, channels[0], patch_size, patch_size), norm(channels[0])
    )
    network.stages = nn.Sequential()
    for index, own in enumerate(blocks):
        stage: Any = nn.Module()
        stage.downsample = nn.Identity()
        if index:
            before = channels[index - 1]
            stage.downsample = nn.Sequential(
                downsample_norm(before), nn.Conv2d(before, channels[index], 2, 2)
            )
        stage.blocks = nn.Sequential(*own)
        network.stages.append(stage)
    return network


class NextBackbone(StagedBackbone):
    """What ConvNeXt and EdgeNeXt share: stages that begin with downsampling, norms for outputs.

    Args:
        network: As `build_network` returns it.
        out_norms: The norm of each output, in the order of the stages; over the last axis where
            outputs are averaged first, else over the channels of `(B, C, H, W)`.
        out_indices: Stages whose outputs are returned, in [0, number of stages).
        gap_before_final_norm: Whether outputs are averaged over places and then normalized.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        **kwargs: Arguments of `StagedBackbone`.
    """

    timm_head: ClassVar[str | None] = "head.fc"

    def __init__(
        self,
        network: Any,
        *,
        out_norms: Sequence[nn.Module],
        out_indices: Sequence[int],
        gap_before_final_norm: bool,
        drop_path_rate: float,
        **kwargs: Any,
    ) -> None:
        self.last = len(network.stages) - 1
        set_drop_path(network, drop_path_rate)
        network.head = nn.Module()
        for index, norm in zip(sorted(set(out_indices)), out_norms, strict=True):
            if index == self.last:
                network.head.norm = norm  # as timm calls it
            else:
                network.add_module(f"norm{index}", norm)
        super().__init__(network, out_indices=out_indices, **kwargs)
        last_norm = NameRule(r"network\.head\.norm\.(.+)", rf"norm{self.last}.\1")
        self.name_rules = (*RULES, last_norm)
        self.gap_before_final_norm = gap_before_final_norm

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to patches `(B, C', H / patch size, W / patch size)`."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the downsampling and the blocks of each stage."""
        return [[stage.downsample, *stage.blocks] for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map `(B, C, H, W)` to `(B, C')` per output, or `(B, C', H', W')` without averaging."""
        x = self.stem(images)
        outputs = []
        for index, stage in enumerate(self.network.stages):
            x = stage.downsample(x)
            for block in stage.blocks:
                x = self.run_block(block, x)
            x = self.add_position(x) if index == 0 else x
            if index in self.out_indices:
                outputs.append(self._normalize(x, index))
        return tuple(outputs)

    def add_position(self, x: Tensor) -> Tensor:
        """Add what tells the place to the output of the first stage; here nothing."""
        return x

    def _normalize(self, x: Tensor, index: int) -> Tensor:
        net = self.network
        norm = net.head.norm if index == self.last else getattr(net, f"norm{index}")
        # (B, C, H, W) -> (B, C)
        y: Tensor = norm(x.mean([-2, -1]) if self.gap_before_final_norm else x)
        return y

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        count = max(self.frozen_stages, 0)
        return [self.network.stem, *self.network.stages[:count]] if count else ()


def set_drop_path(network: Any, rate: float) -> None:
    """Let the rate of stochastic depth rise from 0 to `rate` over the blocks."""
    blocks: list[Any] = [block for stage in network.stages for block in stage.blocks]
    rates = rising_rates(rate, len(blocks))
    for block, block_rate in zip(blocks, rates, strict=True):
        block.drop_path = DropPath(block_rate) if block_rate > 0 else nn.Identity()
