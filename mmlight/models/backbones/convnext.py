"""ConvNeXt and ConvNeXt V2 on timm's blocks."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Final

from timm.models.convnext import ConvNeXtBlock
from torch import nn

from mmlight.compat.cnn.norm import LayerNorm2d
from mmlight.models.backbones.base.next_backbone import NextBackbone, build_network
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import Constant, InitCfg, Initializer, TruncNormal
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.options import find_arch

LAYER_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "LN2d", "eps": 1e-6})


def _sizes(*depths: int, width: int) -> Mapping[str, Any]:
    return {"depths": depths, "channels": tuple(width * 2**stage for stage in range(4))}


ARCHS: Final[Mapping[tuple[str, ...], Mapping[str, Any]]] = {
    ("atto",): _sizes(2, 2, 6, 2, width=40),
    ("femto",): _sizes(2, 2, 6, 2, width=48),
    ("pico",): _sizes(2, 2, 6, 2, width=64),
    ("nano",): _sizes(2, 2, 8, 2, width=80),
    ("tiny",): _sizes(3, 3, 9, 3, width=96),
    ("small",): _sizes(3, 3, 27, 3, width=96),
    ("base",): _sizes(3, 3, 27, 3, width=128),
    ("large",): _sizes(3, 3, 27, 3, width=192),
    ("xlarge",): _sizes(3, 3, 27, 3, width=256),
    ("huge",): _sizes(3, 3, 27, 3, width=352),
}


class ConvNeXt(NextBackbone):
    """ConvNeXt, and with `use_grn` and `layer_scale_init_value=0` its second version.

    Args:
        arch: A name of `ARCHS`, or a dict of `depths` and `channels` per stage.
        in_channels: Channels of the images.
        stem_patch_size: Patch size of the stem [px].
        norm_cfg: `type` 'LN2d'; `eps` (1e-5 when left out), `requires_grad`.
        act_cfg: Activation between the two pointwise layers of a block.
        linear_pw_conv: Whether these are linear layers and not 1x1 convolutions; the same function,
            other shapes of weights.
        use_grn: Whether blocks normalize the response of each channel.
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        layer_scale_init_value: Start value of layer scale; 0 for none.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        frozen_stages: This many stages get no gradient and stay in eval mode.
        gap_before_final_norm: Whether outputs are averaged over places and then normalized.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; by default a truncated normal distribution.
        downsample_norm_eps: `eps` of the norms before downsampling; None means that of `norm_cfg`
            (1.x). mmcls 0.25 always has 1e-5 there.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> arch = {"depths": (1, 1), "channels": (8, 16)}
        >>> [tuple(x.shape) for x in ConvNeXt(arch, out_indices=(0, 1))(torch.rand(2, 3, 32, 32))]
        [(2, 8), (2, 16)]

    From: mmcls 0.25 and mmpretrain 1.2 `ConvNeXt`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (
        TruncNormal(std=0.02, layer=("Conv2d", "Linear")),
        Constant(1, layer="LayerNorm"),
    )

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "tiny",
        in_channels: int = 3,
        stem_patch_size: int = 4,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        act_cfg: Mapping[str, Any] = GELU,
        linear_pw_conv: bool = True,
        use_grn: bool = False,
        drop_path_rate: float = 0.0,
        layer_scale_init_value: float = 1e-6,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
        *,
        downsample_norm_eps: float | None = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, ("depths", "channels"))
        depths, channels = numbers["depths"], numbers["channels"]
        if len(depths) != len(channels):
            raise ValueError(f"arch must have one depth and width per stage, got {dict(numbers)}")
        norm = norm_2d(norm_cfg)
        other = {} if downsample_norm_eps is None else {"eps": downsample_norm_eps}
        options: dict[str, Any] = {
            "conv_mlp": not linear_pw_conv,
            "use_grn": use_grn,
            "ls_init_value": layer_scale_init_value or None,
            "act_layer": activation_layer(act_cfg),
            "norm_layer": norm_1d(norm) if linear_pw_conv else norm,
        }
        network = build_network(
            channels,
            [
                [ConvNeXtBlock(width, **options) for _ in range(depth)]
                for width, depth in zip(channels, depths, strict=True)
            ],
            norm,
            in_channels=in_channels,
            patch_size=stem_patch_size,
            downsample_norm=partial(norm, **other),
        )
        indices = to_out_indices(out_indices, len(depths))
        out_norm = norm_1d(norm) if gap_before_final_norm else norm
        out_norms = [out_norm(channels[index]) for index in sorted(set(indices))]
        parts = [*out_norms, network.stem, *(stage.blocks for stage in network.stages)]
        if downsample_norm_eps is None:  # else these norms do not come from norm_cfg
            parts += [stage.downsample for stage in network.stages]
        for part in parts:
            freeze_norms(part, norm_cfg)
        super().__init__(
            network,
            out_norms=out_norms,
            out_indices=indices,
            gap_before_final_norm=gap_before_final_norm,
            drop_path_rate=drop_path_rate,
            frozen_stages=frozen_stages,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )


def norm_2d(norm_cfg: Mapping[str, Any]) -> Callable[..., nn.Module]:
    """Return a function from a number of channels to a norm over the channels of `(B, C, H, W)`.

    Raises:
        ValueError: If `norm_cfg` is of another type.
    """
    norm = norm_layer(norm_cfg)
    if not isinstance(norm, partial) or norm.func is not LayerNorm2d:
        raise ValueError(f"norm_cfg type must be 'LN2d', got {norm_cfg['type']!r}")
    return norm


def norm_1d(norm: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return what `norm_2d` does, for the last axis."""
    assert isinstance(norm, partial)
    return partial(nn.LayerNorm, **norm.keywords)
