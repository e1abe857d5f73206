"""What both ShuffleNets share: how they freeze and how they start."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Kaiming, Normal


class ShuffleNet(StagedBackbone):
    """A network of a `conv1`, a `maxpool`, and stages.

    Args:
        network: The network.
        norm_bias: Start value of the biases of norm layers; None leaves torch's.
        **kwargs: Arguments of `StagedBackbone`.
    """

    def __init__(self, network: nn.Module, *, norm_bias: float | None, **kwargs: Any) -> None:
        super().__init__(network, **kwargs)
        self.norm_bias = norm_bias

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, 3, H, W)` to `(B, C, H / 4, W / 4)`."""
        x: Tensor = self.network.maxpool(self.network.conv1(images))
        return x

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the blocks of the first stages."""
        count = max(self.frozen_stages, 0)
        return [block for stage in self.stages()[:count] for block in stage]

    def freeze(self) -> None:
        """Freeze the stages; the stem gets no gradient and its norm goes on learning statistics."""
        super().freeze()
        if self.frozen_stages >= 0:
            self.network.conv1.requires_grad_(False)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Draw the stem by He's rule."""
        Kaiming(layer="Conv2d")(self.network.conv1)

    def init_extra(self) -> None:
        """Draw the convolutions, unless a checkpoint alone fills the weights."""
        if self.is_pretrained:
            return
        stem = set(self.network.conv1.modules())
        for layer in self.network.modules():
            if isinstance(layer, nn.Conv2d):
                std = 0.01 if layer in stem else 1 / layer.weight.shape[1]
                Normal(std=std).fill_layers([layer], only_matching=False)
            elif isinstance(layer, _BatchNorm | nn.GroupNorm) and self.norm_bias is not None:
                nn.init.ones_(layer.weight)
                nn.init.constant_(layer.bias, self.norm_bias)
