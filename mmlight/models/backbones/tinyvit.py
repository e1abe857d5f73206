"""TinyViT on timm."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import GELU, LAYER_NORM
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.networks.tinyvit import (
    NAME_RULES,
    build_network,
    get_arch,
    reset_last_norms,
    set_norms,
)


class TinyViT(StagedBackbone):
    """TinyViT: one stage of convolutions, three of attention in windows.

    Args:
        arch: '5m', '11m', '21m', or a dict with the keys `ARCH_KEYS`, of four stages.
        img_size: Accepted; the sizes are those of the images that come.
        window_size: Height and width of the windows of each stage; the first stage has none.
        in_channels: Channels of the images.
        mlp_ratio: Channels inside over outside of the feed-forward layers.
        drop_rate: Dropout of the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        use_checkpoint: Whether blocks are computed again in the backward pass instead of being
            stored.
        mbconv_expand_ratio: Channels inside over outside of the convolutional blocks.
        local_conv_size: Size of the convolution behind attention [px].
        layer_lr_decay: Accepted; it has no effect, as in the original.
        out_indices: Stages whose outputs are returned, each from behind the convolutions that lead
            to the next stage; negative counts from the end.
        frozen_stages: This many stages, with the convolutions behind them, get no gradient and stay
            in eval mode; never the stem.
        gap_before_final_norm: Whether outputs are averaged to `(B, C)` before their norm; else they
            are `(B, C, H, W)`.
        act_cfg: Activation of the feed-forward layers and between the stages; elsewhere GELU.
        norm_cfg: Norm of the outputs: `type` 'LN'; `eps`, `requires_grad`.
        init_cfg: See `InitModule`; by default torch's start values, and zero for the last norm of
            each convolutional block.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `TinyViT`. It keeps the attention bias of the moment of `.eval()`, this one
        computes it in every call.
    """

    timm_head = "head.fc"
    name_rules = NAME_RULES

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]] = "5m",
        img_size: int | tuple[int, int] = (224, 224),
        window_size: Sequence[int] = (7, 7, 14, 7),
        in_channels: int = 3,
        mlp_ratio: float = 4.0,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.1,
        use_checkpoint: bool = False,
        mbconv_expand_ratio: float = 4.0,
        local_conv_size: int = 3,
        layer_lr_decay: float = 1.0,
        out_indices: int | Sequence[int] = -1,
        frozen_stages: int = 0,
        gap_before_final_norm: bool = True,
        act_cfg: Mapping[str, Any] = GELU,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        init_cfg: InitCfg = None,
    ) -> None:
        if len(window_size) != 4:
            raise ValueError(f"window_size must have one entry per stage, got {window_size}")
        network = build_network(
            arch,
            act_layer=activation_layer(act_cfg),
            drop_rate=drop_rate,
            drop_path_rate=drop_path_rate,
            in_chans=in_channels,
            window_sizes=tuple(window_size),
            mlp_ratio=mlp_ratio,
            mbconv_expand_ratio=mbconv_expand_ratio,
            local_conv_size=local_conv_size,
        )
        indices = to_out_indices(out_indices, 4)
        set_norms(network, indices, get_arch(arch)[0], norm_layer(norm_cfg))
        for index in indices:
            freeze_norms(_get_norm(network, index), norm_cfg)
        super().__init__(
            network,
            out_indices=indices,
            frozen_stages=frozen_stages,
            with_cp=use_checkpoint,
            init_cfg=init_cfg,
        )
        self.gap_before_final_norm = gap_before_final_norm
        reset_last_norms(network)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, C', H / 4, W / 4)`."""
        x: Tensor = self.network.patch_embed(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(stage.blocks) for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one normalized output per entry of `out_indices`."""
        x = self.stem(images)
        outputs = []
        for index, blocks in enumerate(self.stages()):
            if index:
                x = x.permute(0, 2, 3, 1)  # (B, C, H, W) -> (B, H, W, C)
            for block in blocks:
                x = self.run_block(block, x)
            if index:
                x = x.permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)
            if index < 3:
                x = self.network.stages[index + 1].downsample(x)
            if index in self.out_indices:
                outputs.append(self._format(x, _get_norm(self.network, index)))
        return tuple(outputs)

    def _format(self, x: Tensor, norm: nn.Module) -> Tensor:
        tokens = x.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H * W, C)
        if self.gap_before_final_norm:
            pooled: Tensor = norm(tokens.mean(dim=1))  # (B, H * W, C) -> (B, C)
            return pooled
        maps: Tensor = norm(tokens).transpose(1, 2).reshape(x.shape)  # -> (B, C, H, W)
        return maps

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the blocks of the first stages and the convolutions behind them."""
        stages, count = self.network.stages, max(self.frozen_stages, 0)
        behind = [stage.downsample for stage in stages[1 : count + 1]]
        return [*(stage.blocks for stage in stages[:count]), *behind]


def _get_norm(network: Any, index: int) -> nn.Module:
    norm: nn.Module = network.head.norm if index == 3 else getattr(network, f"norm{index}")
    return norm
