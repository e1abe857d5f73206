"""EfficientFormer on timm."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import GELU
from mmlight.models.networks.efficientformer import (
    build_network,
    get_arch,
    make_name_rules,
    reset_convs,
    reset_stem,
    set_norms,
)


class EfficientFormer(StagedBackbone):
    """EfficientFormer: blocks of pooling, and of attention at the end of the last stage.

    Args:
        arch: 'l1', 'l3', 'l7', or a dict with the keys `ARCH_KEYS`, of four stages.
        in_channels: Channels of the images.
        pool_size: Size of the pooling [px], odd.
        mlp_ratios: Channels inside over outside of the feed-forward layers behind attention; those
            behind pooling have always 4, as in the original.
        reshape_last_feat: Whether the last stage gives `(B, C, H, W)` and not `(B, C, H * W)`.
        out_indices: Stages whose outputs are returned; negative counts from the end.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        act_cfg: Activation of the blocks; the stem has always ReLU.
        drop_rate: Dropout of the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        use_layer_scale: Whether the branches of a block have learned factors.
        init_cfg: See `InitModule`. By default He's rule for the stem and the convolutions between
            stages; the stem starts so whatever `init_cfg` says.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    From: mmcls 0.25 and mmpretrain 1.2 `EfficientFormer`. It keeps the attention bias of the moment
        of `.eval()`, this one computes it in every call.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any] = "l1",
        in_channels: int = 3,
        pool_size: int = 3,
        mlp_ratios: float = 4,
        reshape_last_feat: bool = False,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = -1,
        act_cfg: Mapping[str, Any] = GELU,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        use_layer_scale: bool = True,
        init_cfg: InitCfg = None,
    ) -> None:
        if pool_size % 2 == 0:
            raise ValueError(f"pool_size must be odd, got {pool_size}")
        network = build_network(
            arch,
            mlp_ratio=mlp_ratios,
            act_layer=activation_layer(act_cfg),
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            use_layer_scale=use_layer_scale,
            in_chans=in_channels,
            pool_size=pool_size,
        )
        _, widths, downs, vit_num = get_arch(arch)
        indices = to_out_indices(out_indices, 4)
        on_tokens = vit_num > 0 and not reshape_last_feat
        set_norms(network, indices, widths=widths, on_tokens=on_tokens)
        super().__init__(
            network, out_indices=indices, frozen_stages=frozen_stages, init_cfg=init_cfg
        )
        self.name_rules = make_name_rules(network, downs)
        self.reshape_last_feat = reshape_last_feat
        reset_convs(network)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, C', H / 4, W / 4)`."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the convolution in front and the blocks of each stage."""
        return [[stage.downsample, *stage.blocks] for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one normalized output per entry of `out_indices`."""
        x = self.stem(images)
        outputs = []
        for index, (first, *blocks) in enumerate(self.stages()):
            x = first(x)
            grid = x.shape[2:]
            for block in blocks:
                x = block(x)
            if index in self.out_indices:
                outputs.append(self._format(x, index, grid))
        return tuple(outputs)

    def _format(self, x: Tensor, index: int, grid: Sequence[int]) -> Tensor:
        norm = getattr(self.network, "norm" if index == 3 else f"norm{index}")
        is_tokens = x.ndim == 3
        if is_tokens and self.reshape_last_feat:
            # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
            x, is_tokens = x.transpose(1, 2).reshape(len(x), -1, *grid), False
        normed: Tensor = norm(x)
        # (B, H * W, C) -> (B, C, H * W)
        return normed.transpose(1, 2).contiguous() if is_tokens else normed

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem, the first stages and the norms of their outputs."""
        count, net = self.frozen_stages, self.network
        if count < 0:
            return ()
        names = ["norm" if index == 3 else f"norm{index}" for index in range(count)]
        norms = [getattr(net, name) for name in names if hasattr(net, name)]
        return [net.stem, *net.stages[:count], *norms]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the stem by He's rule, over what `init_cfg` has filled."""
        reset_stem(self.network)
