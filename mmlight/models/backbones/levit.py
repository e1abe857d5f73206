"""LeViT on timm."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.networks.levit import (
    build_network,
    find_parts,
    fold_norms,
    get_arch,
    make_name_rules,
)

HARD_SWISH: Final[Mapping[str, Any]] = MappingProxyType({"type": "HSwish"})


class LeViT(StagedBackbone):
    """LeViT: a convolutional stem and stages of attention that halve the resolution.

    Args:
        arch: '128s', '128', '192', '256', '384', or a dict with the keys `ARCH_KEYS` and one number
            per stage each; the key dimensions must be equal.
        img_size: Height and width of the images [px].
        patch_size: Pixels per token after the stem [px].
        attn_ratio: Channels of the values over those of the keys.
        mlp_ratio: Channels inside the feed-forward layers over those outside, above 0.
        act_cfg: Activation behind the stem; the stem has always 'HSwish'.
        hybrid_backbone: Makes another stem from its number of output channels; None means four
            convolutions of stride 2.
        out_indices: Stages whose outputs `(B, C, H, W)` are returned; negative counts from the end.
        deploy: Whether batch norms are folded into the layers before them.
        drop_path_rate: Rate of stochastic depth of every block, in [0, 1).
        init_cfg: See `InitModule`; torch's start values by default.

    Attributes:
        deploy: Whether the norms are folded.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    From: mmpretrain 1.2 `LeViT`, whose `arch` as a dict cannot be built; it keeps the attention
        bias of the moment of `.eval()`, this one computes it in every call.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Sequence[int]],
        img_size: int = 224,
        patch_size: int = 16,
        attn_ratio: float = 2,
        mlp_ratio: float = 2,
        act_cfg: Mapping[str, Any] = HARD_SWISH,
        hybrid_backbone: Callable[[int], nn.Module] | None = None,
        out_indices: int | Sequence[int] = -1,
        deploy: bool = False,
        drop_path_rate: float = 0,
        init_cfg: InitCfg = None,
    ) -> None:
        if mlp_ratio <= 0:
            raise ValueError(f"mlp_ratio must be above 0, got {mlp_ratio}")
        network = build_network(
            get_arch(arch),
            stem=hybrid_backbone,
            mlp_ratio=mlp_ratio,
            drop_path_rate=drop_path_rate,
            img_size=img_size,
            stem_stride=patch_size,
            attn_ratio=attn_ratio,
            act_layer=activation_layer(act_cfg),
        )
        indices = to_out_indices(out_indices, len(network.stages))
        super().__init__(network, out_indices=indices, init_cfg=init_cfg)
        self.name_rules = make_name_rules(network, own_stem=hybrid_backbone is not None)
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to tokens `(B, L, C)`."""
        x: Tensor = self.network.stem(images)
        return x.flatten(2).transpose(1, 2)  # (B, C, H, W) -> (B, H * W, C)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the subsampling layer and the blocks of each stage."""
        return [[stage.downsample, *stage.blocks] for stage in self.network.stages]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the wanted feature maps, in the order of the stages."""
        tokens = super().forward(images)
        grids = [stage.blocks[0].attn.resolution for stage in self.network.stages]
        wanted = sorted(set(self.out_indices))
        return tuple(
            # (B, H * W, C) -> (B, C, H * W) -> (B, C, H, W)
            x.transpose(1, 2).reshape(len(x), -1, *grids[index])
            for index, x in zip(wanted, tokens, strict=True)
        )

    def switch_to_deploy(self) -> None:
        """Fold batch norms into the layers before them; the outputs in eval mode stay.

        From: mmpretrain 1.2 `LeViT.switch_to_deploy`.
        """
        if not self.deploy:
            fold_norms(self.network)
            self.deploy = True

    def mm_constants(self) -> dict[str, Tensor]:
        """Return the index tables of the attention biases under their original names."""
        return {
            f"{mm}.attention_bias_idxs": self.network.get_submodule(path).attention_bias_idxs
            for path, mm in find_parts(self.network)
            if path.endswith(("attn", "attn_downsample"))
        }
