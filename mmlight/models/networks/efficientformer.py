"""Builds timm's EfficientFormer with the options of the originals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from timm.layers import layer_scale as timm_scale
from timm.layers.mlp import Mlp
from timm.models.efficientformer import EfficientFormer as TimmEfficientFormer
from timm.models.efficientformer import MetaBlock1d, MetaBlock2d
from torch import Tensor, nn

from mmlight.models.initialize import Constant, Kaiming
from mmlight.models.layers.attention_bias import compute_bias_anew
from mmlight.models.layers.drop_path import DropPath
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("layers", "embed_dims", "downsamples", "vit_num")
ARCHS: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...], tuple[bool, ...], int]]] = {
    "l1": ((3, 2, 6, 4), (48, 96, 224, 448), (False, True, True, True), 1),
    "l3": ((4, 4, 12, 6), (64, 128, 320, 512), (False, True, True, True), 4),
    "l7": ((6, 6, 18, 8), (96, 192, 384, 768), (False, True, True, True), 8),
}
"""Name of an architecture -> its numbers, in the order of `ARCH_KEYS`."""


class LayerScale(timm_scale.LayerScale):
    """timm's learned factors, which an `init_cfg` for 'LayerScale' fills; on `(B, L, C)`."""

    @property
    def weight(self) -> Tensor:
        """The factors `(C,)`."""
        return self.gamma


class LayerScale2d(LayerScale):
    """The same on `(B, C, H, W)`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        return x * self.gamma.view(-1, 1, 1)  # (C,) -> (C, 1, 1)


def get_arch(
    arch: str | Mapping[str, Any],
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[bool, ...], int]:
    """Return the numbers of an architecture in the order of `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known, a key is missing, or the numbers do not fit.

    Examples:
        >>> get_arch("l1")[0]
        (3, 2, 6, 4)
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        return ARCHS[arch]
    if set(arch) != set(ARCH_KEYS):
        raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(arch)}")
    layers, widths, downs = (tuple(arch[key]) for key in ARCH_KEYS[:3])
    if not len(layers) == len(widths) == len(downs) == 4:
        raise ValueError(f"arch must have one number for each of four stages, got {dict(arch)}")
    if not 0 <= arch["vit_num"] <= layers[-1]:
        raise ValueError(f"arch vit_num must be in [0, {layers[-1]}], got {arch['vit_num']}")
    return layers, widths, downs, arch["vit_num"]


def build_network(
    arch: str | Mapping[str, Any],
    *,
    mlp_ratio: float,
    act_layer: Callable[..., nn.Module],
    drop_rate: float,
    drop_path_rate: float,
    use_layer_scale: bool,
    **options: Any,
) -> Any:
    """Build the network without classifier.

    Args:
        arch: See `get_arch`.
        mlp_ratio: Channels inside over outside of the feed-forward layers behind attention; those
            behind pooling have always 4.
        act_layer: Activation of the blocks; the stem has always ReLU.
        drop_rate: Dropout of the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        use_layer_scale: Whether the branches of a block have learned factors.
        **options: Passed to timm's class.
    """
    layers, widths, downs, vit_num = get_arch(arch)
    network = TimmEfficientFormer(
        depths=layers,
        embed_dims=widths,
        downsamples=downs,
        num_vit=vit_num,
        act_layer=act_layer,  # type: ignore[arg-type]
        proj_drop_rate=drop_rate,
        num_classes=0,
        **options,
    )
    compute_bias_anew(network)
    blocks = [block for stage in network.stages for block in list_blocks(stage)]
    for index, block in enumerate(blocks):
        # one layer in both places, as in the original
        block.drop_path1 = block.drop_path2 = DropPath(drop_path_rate * index / (len(blocks) - 1))
        _set_scales(block, use_layer_scale)
        if isinstance(block, MetaBlock1d) and mlp_ratio != 4:
            width, layer = widths[-1], cast(type[nn.Module], act_layer)
            block.mlp = Mlp(width, int(width * mlp_ratio), act_layer=layer, drop=drop_rate)
    return network


def set_norms(
    network: Any, indices: Sequence[int], *, widths: Sequence[int], on_tokens: bool
) -> None:
    """Add the norm of each wanted output; that of the last stage replaces timm's.

    Args:
        network: As `build_network` returns it.
        indices: The wanted stages.
        widths: Channels of each stage.
        on_tokens: Whether the last norm gets `(B, L, C)`; the others get `(B, C, H, W)`.
    """
    network.norm = nn.Identity()
    for index in indices:
        name = "norm" if index == 3 else f"norm{index}"
        width = widths[index]
        layer_norm = on_tokens and index == 3
        setattr(network, name, nn.LayerNorm(width) if layer_norm else nn.GroupNorm(1, width))


def list_blocks(stage: Any) -> list[Any]:
    """Return the blocks of a stage, without the layer that flattens maps to tokens."""
    return [block for block in stage.blocks if isinstance(block, MetaBlock1d | MetaBlock2d)]


def reset_convs(network: Any) -> None:
    """Draw the convolutions of the stem and between the stages by He's rule."""
    reset_stem(network)
    for stage in network.stages:
        Kaiming().fill_layers([*stage.downsample.children()][:1], only_matching=False)


def reset_stem(network: Any) -> None:
    """Draw the convolutions of the stem by He's rule and let its norms start at one."""
    Kaiming().fill_layers([network.stem.conv1, network.stem.conv2], only_matching=False)
    Constant(1).fill_layers([network.stem.norm1, network.stem.norm2], only_matching=False)


def make_name_rules(network: Any, downs: Sequence[bool]) -> tuple[NameRule, ...]:
    """Return the rules for a network.

    Args:
        network: As `build_network` returns it.
        downs: Which stages begin with a convolution.
    """
    rules = [
        NameRule(r"network\.stem\.conv1\.(.+)", r"patch_embed.0.conv.\1"),
        NameRule(r"network\.stem\.norm1\.(.+)", r"patch_embed.0.bn.\1"),
        NameRule(r"network\.stem\.conv2\.(.+)", r"patch_embed.1.conv.\1"),
        NameRule(r"network\.stem\.norm2\.(.+)", r"patch_embed.1.bn.\1"),
        NameRule(r"network\.norm\.(.+)", r"norm3.\1"),
        NameRule(r"network\.(norm\d\..+)", r"\1"),
    ]
    for index, stage in enumerate(network.stages):
        ours, mm = rf"network\.stages\.{index}", f"network.{index}"
        rules.append(NameRule(rf"{ours}\.downsample\.conv\.(.+)", rf"{mm}.0.conv.\1"))
        rules.append(NameRule(rf"{ours}\.downsample\.norm\.(.+)", rf"{mm}.0.bn.\1"))
        for number in range(len(stage.blocks)):
            block = rf"{ours}\.blocks\.{number}"
            place = f"{mm}.{number + downs[index]}"
            rules.append(NameRule(rf"{block}\.ls([12])\.gamma", rf"{place}.ls\1.weight"))
            rules.append(NameRule(rf"{block}\.(.+)", rf"{place}.\1"))
    return tuple(rules)


def _set_scales(block: Any, use_layer_scale: bool) -> None:
    kind = LayerScale if isinstance(block, MetaBlock1d) else LayerScale2d
    for name in ("ls1", "ls2"):
        width = getattr(block, name).gamma.numel()
        setattr(block, name, kind(width) if use_layer_scale else nn.Identity())
