"""RepMLPNet, which timm does not have: fully connected layers over whole feature maps."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.base_module import BaseModule, ModuleList, Sequential
from mmlight.compat.cnn import patch_embed
from mmlight.compat.cnn.channel import SELayer
from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.compat.sequence import to_2tuple
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.initialize import InitCfg, InitModule
from mmlight.models.layers.defaults import BATCH_NORM
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.reparam_blocks import fuse_conv_norm
from mmlight.models.options import Options, find_arch

ARCH_KEYS: Final = ("channels", "depths", "sharesets_nums")
ARCHS: Final[Mapping[tuple[str, ...], Options]] = MappingProxyType(
    {
        ("b", "base"): {
            "channels": (96, 192, 384, 768),
            "depths": (2, 2, 12, 2),
            "sharesets_nums": (1, 4, 32, 128),
        }
    }
)
"""Names of an architecture -> its numbers."""


class PatchEmbed(patch_embed.PatchEmbed):
    """Cut images into patches, and keep the map; its arguments are the base's.

    From: mmcls 0.25 and mmpretrain 1.2 `PatchEmbed` of RepMLPNet.
    """

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map images `(B, 3, H, W)` to `(B, C, rows, columns)`."""
        x = x if self.adaptive_padding is None else self.adaptive_padding(x)
        x = self.projection(x)
        return functional.relu(x if self.norm is None else self.norm(x))


class RepMLPBlock(BaseModule):
    """A fully connected layer over the pixels of each channel, weighed by the whole image.

    Args:
        channels: Channels `C`.
        size: Height `h` and width `w` of the map that the layer covers [px].
        reparam_conv_kernels: Sizes of the convolutions beside it in training, odd [px].
        globalperceptron_ratio: Reduction of the weights for channels.
        num_sharesets: Number of different layers `S`; the channels take turns in sharing them.
        deploy: Whether the convolutions are part of the layer.

    From: mmcls 0.25 and mmpretrain 1.2 `RepMLPBlock`.
    """

    def __init__(
        self,
        channels: int,
        size: tuple[int, int],
        *,
        reparam_conv_kernels: Sequence[int] | None,
        globalperceptron_ratio: int,
        num_sharesets: int,
        deploy: bool,
    ) -> None:
        super().__init__()
        self.size, self.num_sharesets = size, num_sharesets
        self.kernels = tuple(reparam_conv_kernels or ())
        self.gp = SELayer(channels, ratio=globalperceptron_ratio, return_weight=True)
        self.fc3 = self._build_layer(bias=deploy)
        self.fc3_bn: nn.Module = nn.Identity() if deploy else nn.BatchNorm2d(num_sharesets)
        self.deploy = deploy
        for kernel in () if deploy else self.kernels:
            branch = ConvModule(
                *(num_sharesets, num_sharesets, kernel),
                padding=kernel // 2,
                groups=num_sharesets,
                norm_cfg=BATCH_NORM,
                act_cfg=None,
            )
            self.add_module(f"repconv{kernel}", branch)

    def _build_layer(self, *, bias: bool) -> nn.Conv2d:
        width = self.size[0] * self.size[1] * self.num_sharesets
        return nn.Conv2d(width, width, 1, groups=self.num_sharesets, bias=bias)

    def _branches(self) -> list[Any]:
        return [] if self.deploy else [getattr(self, f"repconv{size}") for size in self.kernels]

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, n * h, m * w)` to the same shape."""
        (h, w), sets = self.size, self.num_sharesets
        rows, columns = x.shape[2] // h, x.shape[3] // w
        # (B, C, n * h, m * w) -> (B, C, n, h, m, w) -> (B, n, m, C, h, w)
        parts = x.reshape(len(x), -1, rows, h, columns, w).permute(0, 2, 4, 1, 3, 5)
        flat = parts.reshape(-1, sets * h * w, 1, 1)  # (B * n * m * C / S, S * h * w, 1, 1)
        y = self.fc3_bn(self.fc3(flat).reshape(-1, sets, h, w))
        for branch in self._branches():
            y = y + branch(parts.reshape(-1, sets, h, w))
        # (B, n, m, C, h, w) -> (B, C, n, h, m, w) -> (B, C, n * h, m * w)
        y = y.reshape(parts.shape).permute(0, 3, 1, 4, 2, 5).reshape(x.shape)
        weighed: Tensor = y * self.gp(x)
        return weighed

    def local_inject(self) -> None:
        """Make the convolutions part of the fully connected layer; a second call does nothing."""
        if self.deploy:
            return
        weight, bias = fuse_conv_norm(self.fc3, self.fc3_bn)
        for branch in self._branches():
            kernel, kernel_bias = fuse_conv_norm(branch.conv, branch.bn)
            weight = weight + self._to_layer(kernel).reshape(weight.shape)
            bias = bias + kernel_bias.repeat_interleave(self.size[0] * self.size[1])
        for size in self.kernels:
            delattr(self, f"repconv{size}")
        self.fc3, self.fc3_bn = self._build_layer(bias=True), nn.Identity()
        self.fc3.weight = nn.Parameter(weight.detach())
        self.fc3.bias = nn.Parameter(bias.detach())
        self.deploy = True

    def _to_layer(self, kernel: Tensor) -> Tensor:
        """Turn a depthwise kernel `(S, 1, k, k)` into a matrix `(S * h * w, h * w)`."""
        (h, w), sets = self.size, self.num_sharesets
        unit = torch.eye(h * w, dtype=kernel.dtype, device=kernel.device)
        # (h * w, h * w) -> (h * w, 1, h, w) -> (h * w, S, h, w)
        images = unit.reshape(-1, 1, h, w).expand(-1, sets, -1, -1)
        responses = functional.conv2d(images, kernel, padding=kernel.shape[-1] // 2, groups=sets)
        return responses.flatten(1).t()  # (h * w, S, h, w) -> (S * h * w, h * w)


class ConvFFN(nn.Module):
    """A feed-forward layer of two normalized 1x1 convolutions.

    Args:
        channels: Channels `C` of input and result.
        inner_channels: Channels between.

    From: mmcls 0.25 and mmpretrain 1.2 `ConvFFN` of RepMLPNet.
    """

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        shared: dict[str, Any] = {"norm_cfg": BATCH_NORM, "act_cfg": None}
        self.ffn_fc1 = ConvModule(channels, inner_channels, 1, **shared)
        self.ffn_fc2 = ConvModule(inner_channels, channels, 1, **shared)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        y: Tensor = self.ffn_fc2(self.act(self.ffn_fc1(x)))
        return y


class RepMLPNetUnit(BaseModule):
    """A `RepMLPBlock` and a feed-forward layer, each normalized before and added to its input.

    Args:
        channels: Channels `C`.
        size: See `RepMLPBlock`.
        norm_cfg: Norm in front of both, see `norm_maker`.
        **options: Arguments of `RepMLPBlock`.

    From: mmcls 0.25 and mmpretrain 1.2 `RepMLPNetUnit`.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], *, norm_cfg: Options, **options: Any
    ) -> None:
        super().__init__()
        self.repmlp_block = RepMLPBlock(channels, size, **options)
        self.ffn_block = ConvFFN(channels, 4 * channels)
        self.norm1 = norm_maker(norm_cfg)(channels)
        self.norm2 = norm_maker(norm_cfg)(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        x = x + self.repmlp_block(self.norm1(x))
        y: Tensor = x + self.ffn_block(self.norm2(x))
        return y


class RepMLPNet(InitModule):
    """RepMLPNet: fully connected layers with convolutions beside them in training.

    Args:
        arch: 'base', or a dict with the keys `ARCH_KEYS`.
        img_size: Height and width of the images, or both in one; there are no others [px].
        in_channels: Channels of the images.
        patch_size: Patch size [px].
        out_indices: Stages whose outputs are returned, each in [0, stages); those of all but the
            last stage are taken after the convolution that halves the size.
        reparam_conv_kernels: Sizes of the convolutions beside the layers, odd [px]; None for none.
        globalperceptron_ratio: Reduction of the weights for channels.
        conv_cfg: The convolutions between stages, see `build_conv_layer`.
        norm_cfg: The norms of patches, units, halvings and the output, see `norm_maker`; those
            inside the blocks are always 'BN', as in the originals.
        patch_cfg: Arguments of the patch embedding.
        final_norm: Whether the output of the last stage is normalized.
        deploy: Whether the convolutions are part of the layers, as `switch_to_deploy` leaves them.
        init_cfg: See `InitModule`; by default what torch and `ConvModule` do.

    Raises:
        ValueError: If a value is out of range.

    From: mmcls 0.25 and mmpretrain 1.2 `RepMLPNet`. There `switch_to_deploy` fails for images that
        are not square.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        img_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        patch_size: int | tuple[int, int] = 4,
        out_indices: Sequence[int] = (3,),
        reparam_conv_kernels: Sequence[int] | None = (3,),
        globalperceptron_ratio: int = 4,
        conv_cfg: Options | None = None,
        norm_cfg: Options = BATCH_NORM,
        patch_cfg: Options = MappingProxyType({}),
        final_norm: bool = True,
        deploy: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        numbers = find_arch(arch, ARCHS, ARCH_KEYS)
        widths = numbers["channels"]
        self.img_size = to_2tuple(img_size)
        self.out_indices = to_out_indices(out_indices, len(widths))
        options = {
            "in_channels": in_channels,
            "input_size": self.img_size,
            "embed_dims": widths[0],
            "kernel_size": patch_size,
            "stride": patch_size,
            "norm_cfg": norm_cfg,
            "bias": False,
        }
        self.patch_embed = PatchEmbed(**{**options, **patch_cfg})
        rows, columns = self.patch_embed.init_out_size  # type: ignore[misc]
        self.stages, self.downsample_layers = ModuleList(), ModuleList()
        for index, (width, depth, sets) in enumerate(
            zip(*(numbers[key] for key in ARCH_KEYS), strict=True)
        ):
            units = [
                RepMLPNetUnit(
                    *(width, (rows // 2**index, columns // 2**index)),
                    reparam_conv_kernels=reparam_conv_kernels,
                    globalperceptron_ratio=globalperceptron_ratio,
                    norm_cfg=norm_cfg,
                    num_sharesets=sets,
                    deploy=deploy,
                )
                for _ in range(depth)
            ]
            self.stages.append(Sequential(*units))
        for before, after in pairwise(widths):
            shared: dict[str, Any] = {"conv_cfg": conv_cfg, "norm_cfg": norm_cfg}
            self.downsample_layers.append(ConvModule(before, after, 2, 2, **shared))
        self.final_norm = norm_maker(norm_cfg)(widths[-1]) if final_norm else nn.Identity()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the outputs of the wanted stages.

        Raises:
            ValueError: If the images do not have the size `img_size`.
        """
        if tuple(images.shape[2:]) != tuple(self.img_size):
            raise ValueError(
                f"images must have the size {self.img_size}, got {tuple(images.shape[2:])}"
            )
        x, outputs = self.patch_embed(images), []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            is_last = index == len(self.stages) - 1
            x = x if is_last else self.downsample_layers[index](x)
            if index in self.out_indices:
                outputs.append(self.final_norm(x) if is_last else x)
        return tuple(outputs)

    def switch_to_deploy(self) -> None:
        """Make the convolutions part of the layers; a second call does nothing."""
        for module in self.modules():
            if isinstance(module, RepMLPBlock):
                module.local_inject()
