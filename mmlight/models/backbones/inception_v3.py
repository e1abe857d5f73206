"""InceptionV3 on timm."""

from collections.abc import Callable
from typing import Any, ClassVar

from timm.models.inception_v3 import InceptionV3 as TimmInceptionV3
from torch import Tensor, nn

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, TruncNormal


class InceptionV3(StagedBackbone):
    """InceptionV3 with its classifier, and a second classifier on the way while training.

    Args:
        num_classes: Number of classes `K`, at least 1.
        aux_logits: Whether there is the second classifier.
        dropout: Dropout in front of the classifier, in [0, 1].
        init_cfg: See `InitModule`; by default a truncated normal distribution for convolutions and
            linear layers, one for norm layers. The second classifier always has smaller values.

    Examples:
        >>> import torch
        >>> backbone = InceptionV3(num_classes=10).eval()
        >>> [x if x is None else tuple(x.shape) for x in backbone(torch.rand(1, 3, 96, 96))]
        [None, (1, 10)]

    From: mmpretrain 1.2 `InceptionV3`.
    """

    timm_head = "fc"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        TruncNormal(std=0.1, layer=("Conv2d", "Linear")),
        Constant(1, layer="BatchNorm2d"),
    )

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = False,
        dropout: float = 0.5,
        init_cfg: InitCfg = None,
    ) -> None:
        if num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, got {num_classes}")
        network: Any = TimmInceptionV3(num_classes, aux_logits=aux_logits)
        network.head_drop = nn.Dropout(dropout)
        super().__init__(network, out_indices=(0,), init_cfg=init_cfg)

    def stem(self, images: Tensor) -> Tensor:
        """Return the images: all layers are in the stages."""
        return images

    def stages(self) -> list[list[nn.Module]]:
        """Return the layers before the place of the second classifier, and those behind it."""
        names = self.network.layer_names
        split = names.index("Mixed_7a")
        parts = (names[:split], names[split:])
        return [[getattr(self.network, name) for name in part] for part in parts]

    def forward(self, images: Tensor) -> tuple[Any, ...]:
        """Map images `(B, 3, H, W)` to logits `(B, K)`, behind the second classifier's.

        The first entry is None in eval mode or without second classifier. Images need 75 px; with
        second classifier and in training mode, 299.
        """
        net = self.network
        before, behind = self.stages()
        x = images
        for layer in before:
            x = layer(x)
        aux = net.AuxLogits(x) if net.AuxLogits is not None and self.training else None
        for layer in behind:
            x = layer(x)
        return aux, net.fc(net.head_drop(net.global_pool(x)))

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the second classifier by its own rule."""
        if self.network.AuxLogits is not None:
            for step in (
                TruncNormal(std=0.01, layer="Conv2d"),
                TruncNormal(std=0.001, layer="Linear"),
            ):
                step(self.network.AuxLogits)
