"""HRNet on timm."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from timm.models.hrnet import HighResolutionNet
from torch import Tensor, nn

from mmlight.compat.cnn.norm import infer_abbr
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import BATCH_NORM
from mmlight.models.layers.norm import freeze_norms
from mmlight.models.layers.norm_act import swap_norms
from mmlight.weights.name_map import NameRule

WIDTHS: Final[Mapping[str, int]] = {f"w{width}": width for width in (18, 30, 32, 40, 44, 48, 64)}
"""Architecture -> channels of the finest branch."""
STAGE_KEYS: Final = ("num_modules", "num_branches", "block", "num_blocks", "num_channels")


def get_extra(arch: str) -> dict[str, dict[str, Any]]:
    """Return the stages of a named architecture, as `extra` takes them.

    Raises:
        ValueError: If the name is not known.

    Examples:
        >>> get_extra("w18")["stage2"]["num_channels"]
        (18, 36)
    """
    if arch not in WIDTHS:
        raise ValueError(f"arch must be one of {', '.join(WIDTHS)}, got {arch!r}")
    stages = {"stage1": dict(zip(STAGE_KEYS, (1, 1, "BOTTLENECK", (4,), (64,)), strict=True))}
    for branches, modules in ((2, 1), (3, 4), (4, 3)):
        channels = tuple(WIDTHS[arch] * 2**branch for branch in range(branches))
        numbers = (modules, branches, "BASIC", (4,) * branches, channels)
        stages[f"stage{branches}"] = dict(zip(STAGE_KEYS, numbers, strict=True))
    return stages


class HRNet(StagedBackbone):
    """HRNet: branches of several resolutions side by side, which exchange what they find.

    Args:
        arch: A name of `WIDTHS`; not used with `extra`.
        extra: Stages 'stage1' to 'stage4', each with the keys `STAGE_KEYS`; `block` is 'BASIC' or
            'BOTTLENECK', the last two hold one entry per branch.
        in_channels: Channels of the images.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: See `norm_layer`. The blocks of stage 1 always have batch norm with torch's
            numbers, as in the originals.
        norm_eval: Whether batch norm stays in eval mode while training.
        with_cp: Whether blocks of stages 2 to 4 are computed again in the backward pass instead of
            being stored.
        zero_init_residual: Has no effect, as in the originals.
        multiscale_output: Whether all branches are returned, or only the finest.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in HRNet("w18").eval()(torch.rand(1, 3, 64, 64))]
        [(1, 18, 16, 16), (1, 36, 8, 8), (1, 72, 4, 4), (1, 144, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `HRNet`.
    """

    timm_head = "classifier"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer=("_BatchNorm", "GroupNorm")),
    )

    def __init__(
        self,
        arch: str = "w32",
        extra: Mapping[str, Mapping[str, Any]] | None = None,
        in_channels: int = 3,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] = BATCH_NORM,
        norm_eval: bool = False,
        with_cp: bool = False,
        zero_init_residual: bool = False,
        multiscale_output: bool = True,
        init_cfg: InitCfg = None,
    ) -> None:
        check_plain_conv(conv_cfg)
        network = _build_network(get_extra(arch) if extra is None else extra, in_channels)
        if not multiscale_output:
            last = network.stage4[-1]
            last.fuse_layers, last.multi_scale_output = last.fuse_layers[:1], False
        layer1, network.layer1 = network.layer1, nn.Identity()  # its norms stay as they are
        swap_norms(network, norm_cfg)
        freeze_norms(network, norm_cfg)
        network.layer1 = layer1
        super().__init__(
            network, out_indices=(3,), norm_eval=norm_eval, with_cp=with_cp, init_cfg=init_cfg
        )
        self.name_rules = _name_rules(infer_abbr(type(network.bn1)))

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to `(B, 64, H / 4, W / 4)`."""
        net = self.network
        x = net.act1(net.bn1(net.conv1(images)))
        y: Tensor = net.act2(net.bn2(net.conv2(x)))
        return y

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of stage 1 and the modules of stages 2 to 4."""
        net = self.network
        return [list(part) for part in (net.layer1, net.stage2, net.stage3, net.stage4)]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the branches of the last stage, from fine to coarse."""
        first, *others = self.stages()
        x = self.stem(images)
        for block in first:
            x = block(x)
        branches = [x]
        transitions = (self.network.transition1, self.network.transition2, self.network.transition3)
        for transition, modules in zip(transitions, others, strict=True):
            last = len(branches) - 1  # a new branch starts from the coarsest
            branches = [layer(branches[min(i, last)]) for i, layer in enumerate(transition)]
            for module in modules:
                branches = self._exchange(module, branches)
        return tuple(branches)

    def _exchange(self, module: Any, branches: Sequence[Tensor]) -> list[Tensor]:
        """Compute each branch by itself, then let each output be a sum over all of them."""
        outputs = []
        for x, blocks in zip(branches, module.branches, strict=True):
            for block in blocks:
                x = self.run_block(block, x)
            outputs.append(x)
        if module.num_branches == 1:
            return outputs
        return [
            module.fuse_act(sum(layer(x) for layer, x in zip(layers, outputs, strict=True)))
            for layers in module.fuse_layers
        ]


def _build_network(extra: Mapping[str, Mapping[str, Any]], in_channels: int) -> Any:
    """Build the network without classifier and without what the neck does."""
    stages = {}
    for name in ("stage1", "stage2", "stage3", "stage4"):
        stage = extra.get(name, {})
        if any(key not in stage for key in STAGE_KEYS):
            raise ValueError(
                f"extra must have {name} with {', '.join(STAGE_KEYS)}, got {dict(stage)}"
            )
        stages[name] = {**stage, "block_type": stage["block"], "fuse_method": "SUM"}
    return HighResolutionNet({**stages, "stem_width": 64}, in_channels, num_classes=0, head="")


def _name_rules(abbr: str) -> tuple[NameRule, ...]:
    """Return the rules for a norm of this short name."""
    return (
        NameRule(r"network\.(layer1\..+)", r"\1"),
        NameRule(r"network\.((?:.+\.)?)bn(\d)\.(.+)", rf"\1{abbr}\2.\3"),
        NameRule(r"network\.(.+)", r"\1"),
    )
