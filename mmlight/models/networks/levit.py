"""Builds timm's LeViT with the arguments of the originals, names its parts, folds its norms."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from timm.models.levit import ConvNorm, Levit, LevitMlp, LinearNorm, Stem16
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from mmlight.models.layers.attention_bias import compute_bias_anew
from mmlight.models.layers.drop_path import DropPath
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("embed_dims", "num_heads", "depths", "key_dims")
ARCHS: Final[Mapping[str, tuple[tuple[int, ...], ...]]] = {
    "128s": ((128, 256, 384), (4, 6, 8), (2, 3, 4), (16, 16, 16)),
    "128": ((128, 256, 384), (4, 8, 12), (4, 4, 4), (16, 16, 16)),
    "192": ((192, 288, 384), (3, 5, 6), (4, 4, 4), (32, 32, 32)),
    "256": ((256, 384, 512), (4, 6, 8), (4, 4, 4), (32, 32, 32)),
    "384": ((384, 512, 768), (6, 9, 12), (4, 4, 4), (32, 32, 32)),
}
"""Name of an architecture -> its numbers per stage, in the order of `ARCH_KEYS`."""


def get_arch(arch: str | Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of an architecture per stage, in the order of `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known, a key is missing, or the key dimensions differ.

    Examples:
        >>> get_arch("128s")[2]
        (2, 3, 4)
    """
    if isinstance(arch, str):
        if arch.lower() not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        return ARCHS[arch.lower()]
    if set(arch) != set(ARCH_KEYS):
        raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(arch)}")
    if len(set(arch["key_dims"])) != 1:
        raise ValueError(f"arch key_dims must be the same in all stages, got {arch['key_dims']}")
    return tuple(tuple(arch[key]) for key in ARCH_KEYS)


def build_network(
    numbers: tuple[tuple[int, ...], ...],
    *,
    stem: Callable[[int], nn.Module] | None,
    mlp_ratio: float,
    drop_path_rate: float,
    **options: Any,
) -> Any:
    """Build the network without classifier.

    Args:
        numbers: As `get_arch` returns them.
        stem: Makes the stem from its output channels; None means timm's, of stride 16.
        mlp_ratio: Channels inside the feed-forward layers over those outside, above 0.
        drop_path_rate: Rate of stochastic depth of every block, in [0, 1).
        **options: Passed to timm's class.
    """
    widths, heads, depths, key_dims = numbers
    network: Any = Levit(
        embed_dim=widths,
        key_dim=key_dims[0],
        depth=depths,
        num_heads=heads,
        mlp_ratio=mlp_ratio,
        stem_backbone=Stem16(3, widths[0], nn.Hardswish) if stem is None else stem(widths[0]),
        num_classes=0,
        **options,
    )
    compute_bias_anew(network)
    for width, stage in zip(widths[1:], list(network.stages)[1:], strict=True):
        down: Any = stage.downsample
        if mlp_ratio != 2:  # timm's fixed ratio at this place
            hidden = int(width * mlp_ratio)
            down.mlp = LevitMlp(width, hidden, act_layer=options["act_layer"])
        down.drop_path = DropPath(drop_path_rate)
    for block in [block for stage in network.stages for block in stage.blocks]:
        block.drop_path1, block.drop_path2 = DropPath(drop_path_rate), DropPath(drop_path_rate)
    return network


def find_parts(network: Any) -> Iterator[tuple[str, str]]:
    """Yield the path of each attention and feed-forward layer, ours and the original's."""
    for index, stage in enumerate(network.stages):
        ours, mm, start = f"stages.{index}", f"stages.{index}", 0
        if not isinstance(stage.downsample, nn.Identity):
            yield f"{ours}.downsample.attn_downsample", f"{mm}.0"
            yield f"{ours}.downsample.mlp", f"{mm}.1.block"
            start = 2
        for number in range(len(stage.blocks)):
            yield f"{ours}.blocks.{number}.attn", f"{mm}.{start + 2 * number}.block"
            yield f"{ours}.blocks.{number}.mlp", f"{mm}.{start + 2 * number + 1}.block"


def make_name_rules(network: Any, *, own_stem: bool) -> tuple[NameRule, ...]:
    """Return the rules for a network, before and after `fold_norms`.

    Args:
        network: As `build_network` returns it.
        own_stem: Whether the stem is not timm's; its names are then kept.
    """
    rules = []
    for index in range(0 if own_stem else 4):
        ours = rf"network\.stem\.conv{index + 1}"
        mm = f"patch_embed.patch_embed.{2 * index}"
        rules.append(NameRule(rf"{ours}\.linear\.(.+)", rf"{mm}.conv.\1"))
        rules.append(NameRule(rf"{ours}\.(.+)", rf"{mm}.\1"))
    rules.append(NameRule(r"network\.stem\.(.+)", r"patch_embed.\1"))
    for path, mm in find_parts(network):
        ours = r"network\." + path.replace(".", r"\.")
        rules.append(NameRule(rf"{ours}\.(proj|q)\.ln\.(.+)", rf"{mm}.\1.1.\2"))
        rules.append(NameRule(rf"{ours}\.ln([12])\.(.+)", rf"{mm}.linear\1.\2"))
        rules.append(NameRule(rf"{ours}\.(.+)", rf"{mm}.\1"))
    return tuple(rules)


def fold_norms(module: nn.Module) -> None:
    """Replace each layer followed by a batch norm by one layer that gives the same in eval mode."""
    for name, child in module.named_children():
        if isinstance(child, ConvNorm | LinearNorm):
            setattr(module, name, _fold(child))
        else:
            fold_norms(child)


def _fold(pair: Any) -> nn.Module:
    layer, norm = pair.linear, pair.bn
    fuse = fuse_conv_bn_weights if isinstance(pair, ConvNorm) else fuse_linear_bn_weights
    statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
    layer.weight, layer.bias = fuse(layer.weight, layer.bias, *statistics)
    layer.bias.requires_grad_()
    folded: nn.Module = layer
    return folded
