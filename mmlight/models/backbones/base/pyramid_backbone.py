"""The common behaviour of transformers whose stages shrink the map: Swin and DaViT."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.layers.drop_path import rising_rates
from mmlight.models.layers.norm import norm_maker


class PyramidBackbone(StagedBackbone):
    """A network of layers with a `downsample` in front of their `blocks`, and norms for outputs.

    Maps are `(B, H, W, C)`. A block has an attribute `with_cp`.
    The norm of the output of layer i is the network's attribute `norm{i}`, of the last `last_norm`.

    Args:
        network: See `StagedBackbone`.
        out_after_downsample: Whether an output is taken behind the downsampling that follows.
        frozen_stages: This many stages and one more get no gradient and stay in eval mode, and the
            patch embedding too; -1 freezes nothing.
        **kwargs: Arguments of `StagedBackbone`.

    Raises:
        ValueError: If there are not so many stages.

    From: mmcls 0.25 and mmpretrain 1.2 `SwinTransformer`, `SwinTransformerV2`, `DaViT`: what their
        stages share.
    """

    downsamples_first: ClassVar[bool] = False
    """Whether a frozen stage includes the downsampling before it, and not the one behind it."""
    last_norm: ClassVar[str] = "norm"
    """What timm calls the norm behind the last stage."""

    def __init__(
        self,
        network: nn.Module,
        *,
        out_after_downsample: bool = False,
        frozen_stages: int = -1,
        **kwargs: Any,
    ) -> None:
        self.out_after_downsample = out_after_downsample
        super().__init__(network, frozen_stages=frozen_stages, **kwargs)
        if frozen_stages >= len(self.layers()):
            raise ValueError(
                f"frozen_stages must be in [-1, {len(self.layers())}), got {frozen_stages}"
            )

    def layers(self) -> Sequence[Any]:
        """Return the layers of the network, each with `downsample` and `blocks`."""
        layers: Sequence[Any] = self.network.layers
        return layers

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(layer.blocks) for layer in self.layers()]

    def out_norm(self, index: int) -> nn.Module:
        """Return the norm of an output."""
        name = self.last_norm if index == len(self.layers()) - 1 else f"norm{index}"
        norm: nn.Module = getattr(self.network, name)
        return norm

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one `(B, C, H, W)` per entry of `out_indices`."""
        layers = self.layers()
        x = self.stem(images)
        outputs = []
        for index, layer in enumerate(layers):
            for block in layer.blocks:
                x = self.run_block(block, x)
            following = layers[index + 1 : index + 2]
            smaller = following[0].downsample(x) if following else x
            if index in self.out_indices:
                taken = smaller if self.out_after_downsample else x
                normed = self.out_norm(index)(taken)
                outputs.append(
                    normed.permute(0, 3, 1, 2).contiguous()
                )  # (B, H, W, C) -> (B, C, H, W)
            x = smaller
        return tuple(outputs)

    def run_block(self, block: Any, x: Tensor) -> Tensor:
        """Compute one block, with gradient checkpointing where the block wants it."""
        if block.with_cp and x.requires_grad:
            y: Tensor = checkpoint(block, x, use_reentrant=False)
        else:
            y = block(x)
        return y

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the patch embedding and the frozen stages with their downsampling."""
        if self.frozen_stages < 0:
            return ()
        count, layers = self.frozen_stages + 1, self.layers()
        merged = layers[:count] if self.downsamples_first else layers[1 : count + 1]
        blocks = [layer.blocks for layer in layers[:count]]
        return [self.patch_embedding(), *blocks, *(layer.downsample for layer in merged)]

    def patch_embedding(self) -> nn.Module:
        """Return the part that makes patches of images."""
        part: nn.Module = self.network.patch_embed
        return part

    def freeze(self) -> None:
        """Freeze the parts, and the gradients of the norms of frozen stages' outputs."""
        super().freeze()
        for index in self.out_indices:
            if index <= self.frozen_stages:
                self.out_norm(index).requires_grad_(False)


def split_rates(rate: float, depths: Sequence[int]) -> list[list[float]]:
    """Return rates that rise from 0 to `rate` over all blocks, for the blocks of each stage.

    Examples:
        >>> split_rates(0.5, (1, 2))
        [[0.0], [0.25, 0.5]]
    """
    rates = iter(rising_rates(rate, sum(depths)))
    return [list(islice(rates, depth)) for depth in depths]


def add_norms(
    network: nn.Module,
    channels: Sequence[int],
    out_indices: Sequence[int],
    norm_cfg: Mapping[str, Any] | None,
    last_norm: str,
) -> None:
    """Give a network a norm for each output.

    Args:
        network: Gets the attributes.
        channels: Channels of the output of each stage.
        out_indices: Stages with an output.
        norm_cfg: Of the norms; None for none.
        last_norm: Name of the norm behind the last stage.

    Raises:
        ValueError: If an index is out of range.
    """
    for index in out_indices:
        if not 0 <= index < len(channels):
            raise ValueError(f"out_indices must be in [0, {len(channels)}), got {out_indices}")
        norm = nn.Identity() if norm_cfg is None else norm_maker(norm_cfg)(channels[index])
        network.add_module(last_norm if index == len(channels) - 1 else f"norm{index}", norm)
