"""RepVGG on timm's blocks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from timm.models.byobnet import RepVggBlock
from torch import Tensor, nn

from mmlight.compat.cnn.conv_module import ConvModule
from mmlight.models.backbones.base.reparam import ReparamBackbone, ReparamNetwork, branch_rules
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import BATCH_NORM, RELU
from mmlight.models.layers.reparam_blocks import Cfg, build_block, build_layers
from mmlight.weights.name_map import NameRule

ARCH_KEYS: Final = ("num_blocks", "width_factor", "group_layer_map", "se_cfg")
_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)
_PLAIN: Final[Mapping[str, tuple[tuple[int, ...], tuple[float, ...]]]] = {
    "A0": (_A, (0.75, 0.75, 0.75, 2.5)),
    "A1": (_A, (1, 1, 1, 2.5)),
    "A2": (_A, (1.5, 1.5, 1.5, 2.75)),
    "B0": (_B, (1, 1, 1, 2.5)),
    "B1": (_B, (2, 2, 2, 4)),
    "B2": (_B, (2.5, 2.5, 2.5, 5)),
    "B3": (_B, (3, 3, 3, 5)),
    "D2se": ((8, 14, 24, 1), (2.5, 2.5, 2.5, 5)),
    "yolox-pai-small": ((3, 5, 7, 3), (1, 1, 1, 1)),
}
GROUPED: Final = ("B1g2", "B1g4", "B2g2", "B2g4", "B3g2", "B3g4")
"""Names with groups in every second block."""
PARTS: Final = {
    r"conv_kxk\.conv": "branch_3x3.conv",
    r"conv_kxk\.bn": "branch_3x3.norm",
    r"conv_1x1\.conv": "branch_1x1.conv",
    r"conv_1x1\.bn": "branch_1x1.norm",
    r"identity": "branch_norm",
    r"reparam_conv": "branch_reparam",
    r"attn\.fc(?P<fc>[12])": r"se_layer.conv\g<fc>.conv",
}


def get_arch(arch: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the numbers of an architecture under the keys `ARCH_KEYS`.

    Raises:
        ValueError: If the name is not known or a key is missing.

    Examples:
        >>> get_arch("B1g4")["group_layer_map"][2]
        4
    """
    if not isinstance(arch, str):
        if any(key not in arch for key in ARCH_KEYS):
            raise ValueError(f"arch must have the keys {', '.join(ARCH_KEYS)}, got {dict(arch)}")
        return arch
    plain, _, groups = arch.partition("g") if arch in GROUPED else (arch, "", "")
    if plain not in _PLAIN:
        known = ", ".join(sorted([*_PLAIN, *GROUPED]))
        raise ValueError(f"arch must be one of {known}, got {arch!r}")
    num_blocks, width_factor = _PLAIN[plain]
    return {
        "num_blocks": num_blocks,
        "width_factor": width_factor,
        "group_layer_map": {layer: int(groups) for layer in range(2, 27, 2)} if groups else None,
        "se_cfg": {"ratio": 16, "divisor": 1} if arch == "D2se" else None,
        "stem_channels": 32 if arch == "yolox-pai-small" else 64,
    }


class RepVGGBlock(RepVggBlock):
    """timm's block, which can leave squeeze-and-excitation out once it is fused.

    Args:
        *args: Arguments of timm's block.
        se_in_deploy: Whether the fused block still applies it.
        **kwargs: Arguments of timm's block.
    """

    def __init__(self, *args: Any, se_in_deploy: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.se_in_deploy = se_in_deploy

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, in_channels, H, W)` to `(B, out_channels, H / stride, W / stride)`."""
        fused = self.reparam_conv is not None and not self.se_in_deploy
        if not fused:
            return super().forward(x)  # type: ignore[no-any-return,no-untyped-call]
        y: Tensor = self.act(self.reparam_conv(x))
        return y


class MTSPPF(nn.Module):
    """Join three successive max poolings, between two 1x1 convolutions.

    Args:
        channels: Channels of input and result.
        norm_cfg: Norm after each convolution.
        act_cfg: Activation after each.
        kernel_size: Size of the pooling, odd [px].

    From: mmcls 0.25 and mmpretrain 1.2 `MTSPPF`.
    """

    def __init__(self, channels: int, norm_cfg: Cfg, act_cfg: Cfg, kernel_size: int = 5) -> None:
        super().__init__()
        hidden = channels // 2
        self.conv1 = ConvModule(channels, hidden, 1, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.conv2 = ConvModule(4 * hidden, channels, 1, norm_cfg=norm_cfg, act_cfg=act_cfg)
        self.maxpool = nn.MaxPool2d(kernel_size, stride=1, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the same shape."""
        levels = [self.conv1(x)]
        for _ in range(3):
            levels.append(self.maxpool(levels[-1]))
        y: Tensor = self.conv2(torch.cat(levels, dim=1))
        return y


class RepVGG(ReparamBackbone):
    """RepVGG: 3x3 convolutions, in training with a 1x1 convolution and a norm beside each.

    Args:
        arch: 'A0' to 'A2', 'B0' to 'B3', 'B1g2' to 'B3g4', 'D2se', 'yolox-pai-small', or a dict
            with the keys `ARCH_KEYS` and, if wanted, `stem_channels`.
        in_channels: Channels of the images.
        base_channels: Channels of the first stage before its width factor; doubled from stage to
            stage.
        out_indices: Stages whose outputs are returned, each in [0, number of stages).
        strides: Stride of the first block of each stage.
        dilations: Dilation of each stage.
        frozen_stages: 0 freezes the stem, n also the first n stages, -1 nothing.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: See `norm_layer`.
        act_cfg: See `activation_layer`.
        with_cp: Whether blocks are computed again in the backward pass instead of being stored.
        deploy: Whether each block is one convolution, as `switch_to_deploy` leaves it.
        norm_eval: Whether batch norm stays in eval mode while training.
        add_ppf: Whether poolings of several sizes (`MTSPPF`) follow the last stage.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.
        se_in_deploy: Whether fused blocks apply squeeze-and-excitation. The originals forget it, so
            that their fused 'D2se' computes something else than what was trained; False does the
            same, True is right.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> backbone = RepVGG("A0").eval()
        >>> [tuple(x.shape) for x in backbone(torch.rand(2, 3, 32, 32))]
        [(2, 1280, 1, 1)]

    From: mmcls 0.25 and mmpretrain 1.2 `RepVGG`.
    """

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        in_channels: int = 3,
        base_channels: int = 64,
        out_indices: Sequence[int] = (3,),
        strides: Sequence[int] = (2, 2, 2, 2),
        dilations: Sequence[int] = (1, 1, 1, 1),
        frozen_stages: int = -1,
        conv_cfg: Cfg | None = None,
        norm_cfg: Cfg = BATCH_NORM,
        act_cfg: Cfg = RELU,
        with_cp: bool = False,
        deploy: bool = False,
        norm_eval: bool = False,
        add_ppf: bool = False,
        init_cfg: InitCfg = None,
        *,
        se_in_deploy: bool = False,
    ) -> None:
        numbers = get_arch(arch)
        count = len(numbers["num_blocks"])
        for name, values in (("strides", strides), ("dilations", dilations)):
            if len(values) != count:
                raise ValueError(f"{name} must have one entry per stage, got {values}")
        widths = [
            int(base_channels * 2**stage * factor)
            for stage, factor in enumerate(numbers["width_factor"])
        ]
        network = _build_network(
            numbers,
            widths=[in_channels, min(numbers.get("stem_channels", 64), widths[0]), *widths],
            strides=strides,
            dilations=dilations,
            layers=build_layers(norm_cfg, act_cfg, numbers["se_cfg"]),
            deploy=deploy,
            se_in_deploy=se_in_deploy,
        )
        network.ppf = MTSPPF(widths[-1], norm_cfg, act_cfg) if add_ppf else nn.Identity()
        super().__init__(
            network,
            conv_cfg=conv_cfg,
            norm_cfg=norm_cfg,
            deploy=deploy,
            out_indices=out_indices,
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            with_cp=with_cp,
            init_cfg=init_cfg,
        )
        places = {
            rf"stages\.{i}\.(?P<block>\d+)": rf"stage_{i + 1}.\g<block>" for i in range(count)
        }
        rules = branch_rules({"stem": "stem", **places}, PARTS)
        self.name_rules = (*rules, NameRule(r"network\.(ppf\..+)", r"\1"))

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each stage; the poolings are the last block of the last stage."""
        *first, last = super().stages()
        return [*first, [*last, self.network.ppf]]

    def run_block(self, block: nn.Module, x: Tensor) -> Tensor:
        """Compute one block; gradient checkpointing leaves the poolings out."""
        if block is self.network.ppf:
            y: Tensor = block(x)
            return y
        return super().run_block(block, x)


def _build_network(
    numbers: Mapping[str, Any],
    *,
    widths: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    **options: Any,
) -> ReparamNetwork:
    """Build the blocks; `widths` holds the channels of the images, of the stem, of each stage."""
    groups = numbers["group_layer_map"] or {}
    stem = build_block(RepVGGBlock, widths[0], widths[1], 3, stride=2, **options)
    stages: list[list[nn.Module]] = []
    built = 1
    for stage, depth in enumerate(numbers["num_blocks"]):
        before, after = widths[stage + 1 : stage + 3]
        blocks = [
            build_block(
                *(RepVGGBlock, after if index else before, after, 3),
                stride=1 if index else strides[stage],
                dilation=dilations[stage],
                groups=groups.get(built + index, 1),
                **options,
            )
            for index in range(depth)
        ]
        built += depth
        stages.append(blocks)
    return ReparamNetwork(stem, stages)
