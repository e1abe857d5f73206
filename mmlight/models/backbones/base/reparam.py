"""What networks share whose parallel branches fuse into one convolution after training.

`ReparamBackbone` holds blocks of timm that have a method `reparameterize`; `RepVGG` and `MobileOne`
derive from it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, Initializer, Kaiming
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.norm import freeze_norms
from mmlight.weights.name_map import NameRule

Cfg = Mapping[str, Any]


def branch_rules(places: Mapping[str, str], parts: Mapping[str, str]) -> tuple[NameRule, ...]:
    """Return a rule for each part of a block at each place of blocks.

    Args:
        places: Our place below `network` -> the original's.
        parts: Our part of a block -> the original's.
    """
    return tuple(
        NameRule(rf"network\.{ours}\.{part}\.(?P<rest>.+)", rf"{mm}.{mm_part}.\g<rest>")
        for ours, mm in places.items()
        for part, mm_part in parts.items()
    )


class ReparamNetwork(nn.Module):
    """A stem and stages of blocks, under timm's names.

    Args:
        stem: First block.
        stages: Blocks of each stage.
    """

    def __init__(self, stem: nn.Module, stages: Sequence[Sequence[nn.Module]]) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*(nn.Sequential(*blocks) for blocks in stages))


class ReparamBackbone(StagedBackbone):
    """A backbone of blocks whose branches `switch_to_deploy` fuses.

    Args:
        network: The blocks.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: Norm of the branches.
        deploy: Whether the blocks were built fused.
        **options: Arguments of `StagedBackbone`.

    Attributes:
        deploy: Whether the branches are fused.
    """

    timm_head = "head.fc"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        network: ReparamNetwork,
        *,
        conv_cfg: Cfg | None,
        norm_cfg: Cfg,
        deploy: bool,
        **options: Any,
    ) -> None:
        check_plain_conv(conv_cfg)
        freeze_norms(network, norm_cfg)
        super().__init__(network, **options)
        self.norm_cfg = dict(norm_cfg)
        self.deploy = deploy

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the input of the first stage, of half the size."""
        return self.run_block(self.network.stem, images)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage."""
        return [list(stage) for stage in self.network.stages]

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem and the first stages."""
        if self.frozen_stages < 0:
            return ()
        return [self.network.stem, *self.network.stages[: self.frozen_stages]]

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill by He's rule what the originals fill so whatever the initializers are."""
        for module in self.network.modules():
            if isinstance(module, SEModule):
                Kaiming().fill_layers([module.fc1, module.fc2], only_matching=False)
            elif isinstance(module, ConvModule):
                module.init_weights()

    def switch_to_deploy(self) -> None:
        """Fuse the branches of each block into one convolution; a second call does nothing.

        Raises:
            ValueError: If the norm is no 'BN', which alone can be fused.
        """
        if self.deploy:
            return
        if self.norm_cfg["type"] != "BN":
            raise ValueError(
                f"norm_cfg must be of type 'BN' to be fused, got {self.norm_cfg['type']!r}"
            )
        stages = self.network.stages
        for block in (self.network.stem, *(block for stage in stages for block in stage)):
            block.reparameterize()
            block.__dict__.pop("id_tensor", None)  # timm leaves its unit kernel behind
        self.deploy = True
