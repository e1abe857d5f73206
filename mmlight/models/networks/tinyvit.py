"""Builds timm's TinyViT with the options of the originals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from timm.models.tiny_vit import MBConv, TinyVit
from torch import nn

from mmlight.models.layers.attention_bias import compute_bias_anew
from mmlight.models.layers.drop_path import DropPath, rising_rates
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("channels", "num_heads", "depths")
ARCHS: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    "5m": ((64, 128, 160, 320), (2, 4, 5, 10), (2, 2, 6, 2)),
    "11m": ((64, 128, 256, 448), (2, 4, 8, 14), (2, 2, 6, 2)),
    "21m": ((96, 192, 384, 576), (3, 6, 12, 18), (2, 2, 6, 2)),
}
"""Name of an architecture -> its numbers per stage, in the order of `ARCH_KEYS`."""

NAME_RULES: Final = (
    NameRule(r"network\.patch_embed\.conv1\.(conv|bn)\.(.+)", r"patch_embed.seq.0.\g<1>2d.\2"),
    NameRule(r"network\.patch_embed\.conv2\.(conv|bn)\.(.+)", r"patch_embed.seq.2.\g<1>2d.\2"),
    *(
        # the original has the convolutions between two stages in the first of them
        NameRule(
            rf"network\.stages\.{index}\.downsample\.(conv\d)\.(conv|bn)\.(.+)",
            rf"stages.{index - 1}.downsample.\1.\g<2>2d.\3",
        )
        for index in range(1, 4)
    ),
    NameRule(
        r"network\.stages\.(\d\.blocks\.\d+\.(?:conv\d|local_conv))\.(conv|bn)\.(.+)",
        r"stages.\1.\g<2>2d.\3",
    ),
    NameRule(r"network\.stages\.(.+)", r"stages.\1"),
    NameRule(r"network\.head\.norm\.(.+)", r"norm3.\1"),
    NameRule(r"network\.(norm\d\..+)", r"\1"),
)


def get_arch(arch: str | Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of an architecture per stage, in the order of `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known, a key is missing, or there are not four stages.

    Examples:
        >>> get_arch("5m")[0]
        (64, 128, 160, 320)
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        return ARCHS[arch]
    if not set(ARCH_KEYS) <= set(arch):
        raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(arch)}")
    if any(len(arch[key]) != 4 for key in ARCH_KEYS):
        raise ValueError(f"arch must have one number for each of four stages, got {dict(arch)}")
    return tuple(tuple(arch[key]) for key in ARCH_KEYS)


def build_network(
    arch: str | Mapping[str, Any],
    *,
    act_layer: Callable[..., nn.Module],
    drop_rate: float,
    drop_path_rate: float,
    **options: Any,
) -> Any:
    """Build the network without classifier and without norms of the outputs.

    Args:
        arch: See `get_arch`.
        act_layer: Activation of the feed-forward layers and between the stages; elsewhere GELU.
        drop_rate: Dropout of the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        **options: Passed to timm's class.
    """
    widths, heads, depths = get_arch(arch)
    network: Any = TinyVit(
        embed_dims=widths,
        num_heads=heads,
        depths=depths,
        proj_drop_rate=drop_rate,
        num_classes=0,
        **options,
    )
    compute_bias_anew(network)
    network.head = nn.Module()
    rates = rising_rates(drop_path_rate, sum(depths))
    blocks: list[Any] = [block for stage in network.stages for block in stage.blocks]
    for block, rate in zip(blocks, rates, strict=True):
        has_attention = not isinstance(block, MBConv)
        if not has_attention:
            block.drop_path = DropPath(rate)
        else:
            # one layer in two places, as in the original
            block.drop_path1 = block.drop_path2 = DropPath(rate)
            block.mlp.drop2 = block.mlp.drop1
            block.mlp.act = act_layer()
    for stage in list(network.stages)[1:]:
        stage.downsample.act1, stage.downsample.act2 = act_layer(), act_layer()
    return network


def set_norms(network: Any, indices: Sequence[int], widths: Sequence[int], norm: Any) -> None:
    """Add the norm of each wanted output; that of the last stage stands where timm has its own.

    Args:
        network: As `build_network` returns it.
        indices: The wanted stages.
        widths: Channels of each stage.
        norm: Makes a norm from a number of channels.
    """
    for index in indices:
        layer = norm(widths[min(index + 1, 3)])  # an output comes from behind the downsampling
        if index == 3:
            network.head.norm = layer
        else:
            setattr(network, f"norm{index}", layer)


def reset_last_norms(network: Any) -> None:
    """Let the convolutional blocks start as the identity."""
    for block in network.stages[0].blocks:
        nn.init.zeros_(block.conv3.bn.weight)
