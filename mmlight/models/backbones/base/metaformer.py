"""What the MetaFormers of the originals share, on timm's MetaFormer."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from timm.layers.mlp import Mlp
from timm.models.metaformer import MetaFormer
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.weights.name_map import NameRule

Cfg = Mapping[str, Any]
GROUP_NORM: Final[Cfg] = MappingProxyType({"type": "GN", "num_groups": 1})
_NARROW, _WIDE = (64, 128, 320, 512), (96, 192, 384, 768)
ARCHS: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...], float]]] = {
    "s12": ((2, 2, 6, 2), _NARROW, 1e-5),
    "s24": ((4, 4, 12, 4), _NARROW, 1e-5),
    "s36": ((6, 6, 18, 6), _NARROW, 1e-6),
    "m36": ((6, 6, 18, 6), _WIDE, 1e-6),
    "m48": ((8, 8, 24, 8), _WIDE, 1e-6),
}
"""Name -> blocks of each stage, channels of each stage, start value of layer scale."""


def get_arch(arch: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return layers, embed_dims, mlp_ratios and layer_scale_init_value of an architecture.

    Raises:
        ValueError: If the name is not known or a key is missing.
    """
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"arch must be one of {', '.join(ARCHS)}, got {arch!r}")
        layers, widths, scale = ARCHS[arch]
        arch = {"layers": layers, "embed_dims": widths, "layer_scale_init_value": scale}
    if "layers" not in arch or "embed_dims" not in arch:
        raise ValueError(f"arch must have the keys layers, embed_dims, got {dict(arch)}")
    ratios = (4,) * len(arch["layers"])
    return {"mlp_ratios": ratios, "layer_scale_init_value": 1e-5, **arch}


class MetaFormerBackbone(StagedBackbone):
    """timm's MetaFormer with the outputs of the originals.

    Its parts are the stages and the convolutions that halve the size between them, in the order of
    computation; `out_indices` and `frozen_stages` count parts.

    Args:
        arch: A name of `ARCHS`, or a dict with `layers`, `embed_dims` and, if wanted, `mlp_ratios`
            and `layer_scale_init_value`.
        mixer: Class of the token mixers.
        in_channels: Channels of the images.
        norm_cfg: See `norm_layer`.
        act_cfg: See `activation_layer`.
        stem: Kernel size, stride and padding of the stem [px].
        down: Kernel size, stride and padding between stages [px].
        drop_rate: Dropout in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last block, rising from 0, in [0, 1).
        out_indices: Parts whose outputs are normalized and returned; negative counts from the end.
        frozen_stages: As the class derived from this one says.
        init_cfg: See `InitModule`; torch's start values by default.
        **mixer_options: Arguments of `mixer`.

    Raises:
        ValueError: If a value is out of range.
    """

    timm_head: ClassVar[str | None] = "head.fc"
    freezes_part_of_number: ClassVar[bool] = False
    """Whether `frozen_stages` is the number of the last frozen part, not their count."""

    def __init__(
        self,
        arch: str | Mapping[str, Any],
        mixer: type[nn.Module],
        *,
        in_channels: int,
        norm_cfg: Cfg,
        act_cfg: Cfg,
        stem: tuple[int, int, int],
        down: tuple[int, int, int],
        drop_rate: float,
        drop_path_rate: float,
        out_indices: int | Sequence[int],
        frozen_stages: int,
        init_cfg: InitCfg,
        **mixer_options: Any,
    ) -> None:
        numbers, norm = get_arch(arch), norm_layer(norm_cfg)
        network = MetaFormer(
            in_channels,
            num_classes=0,
            depths=tuple(numbers["layers"]),
            dims=tuple(numbers["embed_dims"]),
            token_mixers=mixer,
            mlp_act=activation_layer(act_cfg),  # type: ignore[arg-type]
            mlp_bias=True,
            proj_drop_rate=drop_rate,
            layer_scale_init_values=numbers["layer_scale_init_value"],
            res_scale_init_values=None,  # type: ignore[arg-type]
            downsample_norm=None,
            norm_layers=lambda width, **_: norm(width),  # type: ignore[arg-type]
            output_norm=nn.Identity,
            **mixer_options,
        )
        _set_convolutions(network, stem, down)
        _set_blocks(network, numbers["mlp_ratios"], drop_rate, drop_path_rate)
        count = len(_get_parts(network))
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, count),
            init_cfg=init_cfg,
        )
        self._add_norms(norm)
        freeze_norms(self, norm_cfg)
        self.name_rules = name_rules(network)
        if not -1 <= frozen_stages <= count - self.freezes_part_of_number:
            limit = count - self.freezes_part_of_number
            raise ValueError(f"frozen_stages must be in [-1, {limit}], got {frozen_stages}")
        self.frozen_stages = frozen_stages
        self.freeze()

    def _add_norms(self, norm: Callable[[int], nn.Module]) -> None:
        widths = [width for _, width in _get_parts(self.network)]
        for index in self.out_indices:
            if index == len(widths) - 1:
                self.network.head.norm = norm(widths[index])  # where timm has it
            else:
                self.add_module(f"norm{index}", norm(widths[index]))

    def _get_norm(self, index: int) -> nn.Module:
        is_last = index == len(self.stages()) - 1
        layer: nn.Module = self.network.head.norm if is_last else getattr(self, f"norm{index}")
        return layer

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to the input of the first stage, of a quarter of the size."""
        x: Tensor = self.network.stem(images)
        return x

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the blocks of each part."""
        parts = [part for part, _ in _get_parts(self.network)]
        return [list(part) if isinstance(part, nn.Sequential) else [part] for part in parts]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to the normalized outputs of the wanted parts."""
        x = self.stem(images)
        outputs = []
        for index, blocks in enumerate(self.stages()):
            for block in blocks:
                x = block(x)
            if index in self.out_indices:
                outputs.append(self._get_norm(index)(x))
        return tuple(outputs)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the stem, the first parts, and the norms of their outputs."""
        if self.frozen_stages < 0:
            return ()
        frozen = range(self.frozen_stages + self.freezes_part_of_number)
        blocks = [block for index in frozen for block in self.stages()[index]]
        norms = [self._get_norm(index) for index in frozen if index in self.out_indices]
        return [self.network.stem, *blocks, *norms]


def name_rules(network: Any, *, has_mixer: bool = True) -> tuple[NameRule, ...]:
    """Return the rules of a network.

    Args:
        network: timm's MetaFormer; stages of equal width have no part between them.
        has_mixer: Whether the first norm of a block keeps its name; without a token mixer the
            originals call it `norm_reparam`.
    """
    rules, place = [NameRule(r"network\.stem\.conv\.(.+)", r"patch_embed.proj.\1")], 0
    for index, stage in enumerate(network.stages):
        ours = rf"network\.stages\.{index}"
        if not isinstance(stage.downsample, nn.Identity):
            rules.append(NameRule(rf"{ours}\.downsample\.conv\.(.+)", rf"network.{place}.proj.\1"))
            place += 1
        block, mm = rf"{ours}\.blocks\.(\d+)", rf"network.{place}.\1"
        rules.append(NameRule(rf"{block}\.layer_scale([12])\.scale", rf"{mm}.layer_scale_\2"))
        if not has_mixer:
            rules.append(NameRule(rf"{block}\.norm1\.(.+)", rf"{mm}.norm_reparam.\2"))
        rules.append(NameRule(rf"{block}\.(.+)", rf"{mm}.\2"))
        place += 1
    last = NameRule(r"network\.head\.norm\.(.+)", rf"norm{place - 1}.\1")
    return (*rules, last, NameRule(r"(norm\d+\..+)", r"\1"))


def _get_parts(network: Any) -> list[tuple[nn.Module, int]]:
    """Return each part with the number of its channels."""
    parts, width = [], network.stem.conv.out_channels
    for stage in network.stages:
        if not isinstance(stage.downsample, nn.Identity):
            width = stage.downsample.conv.out_channels
            parts.append((stage.downsample, width))
        parts.append((stage.blocks, width))
    return parts


def _set_convolutions(network: Any, stem: tuple[int, int, int], down: tuple[int, int, int]) -> None:
    """Replace the convolutions whose geometry timm fixes."""
    places = [(network.stem, stem)]
    places += [(stage.downsample, down) for stage in network.stages]
    for owner, geometry in places:
        if not isinstance(owner, nn.Identity):
            old = owner.conv
            owner.conv = nn.Conv2d(old.in_channels, old.out_channels, *geometry)


def _set_blocks(
    network: Any, ratios: Sequence[float], drop_rate: float, drop_path_rate: float
) -> None:
    """Give blocks their hidden width, and one layer of each kind that drops as the originals."""
    total = sum(len(stage.blocks) for stage in network.stages)
    pairs = zip(network.stages, ratios, strict=True)
    blocks = ((block, ratio) for stage, ratio in pairs for block in stage.blocks)
    for index, (block, ratio) in enumerate(blocks):
        width, kind = block.mlp.fc1.in_channels, type(block.mlp.act)
        hidden = int(width * ratio)
        if hidden != block.mlp.fc1.out_channels:
            act = block.mlp.act
            block.mlp = Mlp(width, hidden, act_layer=kind, drop=drop_rate, use_conv=True)
            block.mlp.act = act
        block.mlp.drop2 = block.mlp.drop1
        rate = drop_path_rate * index / max(total - 1, 1)
        block.drop_path1 = block.drop_path2 = DropPath(rate)
