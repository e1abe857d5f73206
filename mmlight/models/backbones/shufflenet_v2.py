"""ShuffleNetV2 on torchvision."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from torch import Tensor, nn
from torchvision.models.shufflenetv2 import ShuffleNetV2 as TorchvisionShuffleNetV2

from mmlight.compat.cnn.norm import infer_abbr
from mmlight.models.backbones.base.shufflenet import ShuffleNet
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.models.layers.replace_layers import replace_layers
from mmlight.weights.name_map import NameRule

CHANNELS: Final[Mapping[float, tuple[int, ...]]] = {
    0.5: (24, 48, 96, 192, 1024),
    1.0: (24, 116, 232, 464, 1024),
    1.5: (24, 176, 352, 704, 1024),
    2.0: (24, 244, 488, 976, 2048),
}
"""Width -> channels of the stem, of the three stages, of the last convolution."""


def _name_rules(norm: str) -> tuple[NameRule, ...]:
    rules = [NameRule(r"network\.conv1\.0\.(.+)", r"conv1.conv.\1")]
    rules += [NameRule(r"network\.conv1\.1\.(.+)", rf"conv1.{norm}.\1")]
    rules += [NameRule(r"network\.conv5\.0\.(.+)", r"layers.3.conv.\1")]
    rules += [NameRule(r"network\.conv5\.1\.(.+)", rf"layers.3.{norm}.\1")]
    convolutions = {1: {0: 0, 2: 1}, 2: {0: 0, 3: 1, 5: 2}}  # branch -> place -> number
    for stage in (2, 3, 4):
        for branch, places in convolutions.items():
            for place, number in places.items():
                ours = rf"network\.stage{stage}\.(\d+)\.branch{branch}"
                mm = rf"layers.{stage - 2}.\1.branch{branch}.{number}"
                rules.append(NameRule(rf"{ours}\.{place}\.(.+)", rf"{mm}.conv.\2"))
                rules.append(NameRule(rf"{ours}\.{place + 1}\.(.+)", rf"{mm}.{norm}.\2"))
    return tuple(rules)


class ShuffleNetV2(ShuffleNet):
    """ShuffleNetV2.

    Args:
        widen_factor: Width, one of `CHANNELS`.
        out_indices: Stages whose outputs are returned, each in [0, 4): 3 is the last convolution.
        frozen_stages: From 0 on the stem gets no gradient, but its norm still learns statistics;
            this many stages get no gradient and stay in eval mode; -1 freezes nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: See `norm_layer`; `requires_grad`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        init_cfg: See `InitModule`; the original's draws follow anyway, except after a checkpoint.

    Raises:
        ValueError: If a value is out of range or torchvision cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in ShuffleNetV2(0.5)(torch.rand(1, 3, 64, 64))]
        [(1, 1024, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `ShuffleNetV2`.
    """

    timm_head = "fc"

    def __init__(
        self,
        widen_factor: float = 1.0,
        out_indices: Sequence[int] = (3,),
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        act_cfg: Mapping[str, Any] = RELU,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        if widen_factor not in CHANNELS:
            raise ValueError(f"widen_factor must be one of {tuple(CHANNELS)}, got {widen_factor}")
        check_plain_conv(conv_cfg)
        norm, activation = norm_layer(norm_cfg), activation_layer(act_cfg)
        network: Any = TorchvisionShuffleNetV2(
            [4, 8, 4], list(CHANNELS[widen_factor]), num_classes=1
        )
        network.fc = nn.Identity()
        replace_layers(network, nn.BatchNorm2d, lambda old: norm(old.num_features))
        replace_layers(network, nn.ReLU, lambda _: activation())
        freeze_norms(network, norm_cfg)
        super().__init__(
            network,
            norm_bias=None,  # the original means 0.0001 but hands over the wrong object
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )

        self.name_rules = _name_rules(infer_abbr(type(network.conv1[1])))

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of the three stages, and the last convolution."""
        net = self.network
        return [net.stage2, net.stage3, net.stage4, [net.conv5]]

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute a block; the last convolution is never computed again."""
        if block is self.network.conv5:
            y: Tensor = block(x)
            return y
        return super().run_block(block, x)
