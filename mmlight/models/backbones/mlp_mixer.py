"""MLP-Mixer on timm's blocks."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from timm.models.mlp_mixer import MixerBlock
from torch import Tensor, nn

from mmlight.compat.cnn.norm import infer_abbr
from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU, LAYER_NORM
from mmlight.models.layers.drop_path import DropPath
from mmlight.models.layers.norm import freeze_norms, norm_layer, norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.networks.vit import init_mlp, make_mlp
from mmlight.models.options import find_arch, name_archs, spread_options, take_options
from mmlight.weights.name_map import NameRule

MIXER_KEYS: Final = ("embed_dims", "num_layers", "tokens_mlp_dims", "channels_mlp_dims")
ARCHS: Final = name_archs(
    MIXER_KEYS,
    {
        ("s", "small"): (512, 8, 256, 2048),
        ("b", "base"): (768, 12, 384, 3072),
        ("l", "large"): (1024, 24, 512, 4096),
    },
)


def name_rules(norm_name: str) -> tuple[NameRule, ...]:
    """Return the rules for norm layers of this short name, such as 'ln'."""
    layer = r"network\.blocks\.(\d+)\."
    return (
        NameRule(r"network\.stem\.proj\.(.+)", r"patch_embed.projection.\1"),
        NameRule(r"network\.stem\.(.+)", r"patch_embed.\1"),
        NameRule(layer + r"norm([12])\.(.+)", rf"layers.\1.{norm_name}\2.\3"),
        NameRule(layer + r"mlp_(token|channel)s\.fc1\.(.+)", r"layers.\1.\2_mix.layers.0.0.\3"),
        NameRule(layer + r"mlp_(token|channel)s\.fc2\.(.+)", r"layers.\1.\2_mix.layers.1.\3"),
        NameRule(layer + r"mlp_(token|channel)s\.(.+)", r"layers.\1.\2_mix.\3"),
        NameRule(r"network\.norm\.(.+)", rf"{norm_name}1.\1"),
    )


class TwoDropBlock(MixerBlock):
    """A layer whose two parts have a layer of stochastic depth each."""

    drop_path2: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        """Map patches `(B, L, C)` to the same shape."""
        tokens = self.mlp_tokens(self.norm1(x).transpose(1, 2))  # (B, L, C) -> (B, C, L)
        x = x + self.drop_path(tokens.transpose(1, 2))
        y: Tensor = x + self.drop_path2(self.mlp_channels(self.norm2(x)))
        return y


def make_block(width: int, places: int, options: Mapping[str, Any]) -> Any:
    """Make one layer.

    Args:
        width: Channels.
        places: Number of patches.
        options: As `layer_cfgs` of `MlpMixer` gives them.
    """
    tokens = {**options, "feedforward_channels": options["tokens_mlp_dims"]}
    channels = {**options, "feedforward_channels": options["channels_mlp_dims"]}
    mixers = iter((make_mlp(places, tokens), make_mlp(width, channels)))
    block: Any = TwoDropBlock(
        width,
        places,
        norm_layer=norm_layer(options["norm_cfg"]),  # type: ignore[arg-type]
        mlp_layer=lambda *_, **__: next(mixers),  # type: ignore[arg-type]
    )
    freeze_norms(block, options["norm_cfg"])
    block.drop_path = DropPath(options["drop_path_rate"])
    block.drop_path2 = DropPath(options["drop_path_rate"])
    return block


class MlpMixer(StagedBackbone):
    """MLP-Mixer.

    Args:
        arch: A name of `ARCHS`, or a dict with the keys `MIXER_KEYS`.
        img_size: Size that all images must have [px].
        patch_size: Patch size [px].
        out_indices: Layers whose outputs `(B, C, L)` are returned; negative counts from the end.
        drop_rate: Dropout in the feed-forward layers, in [0, 1).
        drop_path_rate: Rate of stochastic depth, the same in all layers, in [0, 1).
        norm_cfg: Norm layers; `requires_grad`.
        act_cfg: Activation of the feed-forward layers.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`, and `in_channels`.
        layer_cfgs: For all layers, or for each, what differs: `tokens_mlp_dims`,
            `channels_mlp_dims`, `drop_rate`, `drop_path_rate`, `num_fcs`, `act_cfg`, `norm_cfg`.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    Examples:
        >>> import torch
        >>> arch = {"embed_dims": 8, "num_layers": 2, "tokens_mlp_dims": 4, "channels_mlp_dims": 16}
        >>> MlpMixer(arch, img_size=32)(torch.rand(1, 3, 32, 32))[0].shape
        torch.Size([1, 8, 4])

    From: mmcls 0.25 and mmpretrain 1.2 `MlpMixer`, which refuse positive `out_indices` by mistake.
    """

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        out_indices: int | Sequence[int] = -1,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        act_cfg: Mapping[str, Any] = GELU,
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        init_cfg: InitCfg = None,
    ) -> None:
        numbers = find_arch(arch, ARCHS, MIXER_KEYS)
        width, depth = numbers["embed_dims"], numbers["num_layers"]
        patch_options = {"kernel_size": patch_size, "stride": patch_size, **patch_cfg}
        channels = patch_options.pop("in_channels", 3)
        network = nn.Module()
        network.stem = PatchEmbedding(channels, width, patch_options)
        rows, columns = network.stem.grid(img_size)
        common = {
            "tokens_mlp_dims": numbers["tokens_mlp_dims"],
            "channels_mlp_dims": numbers["channels_mlp_dims"],
            "drop_rate": drop_rate,
            "drop_path_rate": drop_path_rate,
            "num_fcs": 2,
            "act_cfg": act_cfg,
            "norm_cfg": norm_cfg,
        }
        network.blocks = nn.ModuleList(
            make_block(width, rows * columns, take_options(options, common, "layer_cfgs"))
            for options in spread_options(layer_cfgs, depth, "layer_cfgs")
        )
        network.norm = norm_maker(norm_cfg)(width)
        super().__init__(network, out_indices=to_out_indices(out_indices, depth), init_cfg=init_cfg)
        self.name_rules = name_rules(infer_abbr(type(network.norm)))
        self.img_size = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to patches `(B, L, C)`.

        Raises:
            ValueError: If the images have another size.
        """
        if tuple(images.shape[2:]) != self.img_size:
            raise ValueError(f"images must have the size {self.img_size}, got {images.shape[2:]}")
        patches: Tensor = self.network.stem(images)
        return patches.flatten(1, 2)  # (B, H, W, C) -> (B, L, C)

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each layer as a stage of its own."""
        return [[block] for block in self.network.blocks]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to one `(B, C, L)` per entry of `out_indices`."""
        x, outputs = self.stem(images), []
        last = len(self.network.blocks) - 1
        for index, block in enumerate(self.network.blocks):
            x = block(x)
            if index == last:
                x = self.network.norm(x)
            if index in self.out_indices:
                outputs.append(x.transpose(1, 2))  # (B, L, C) -> (B, C, L)
        return tuple(outputs)

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the feed-forward layers by Glorot's rule with almost zero biases."""
        for block in self.network.blocks:
            init_mlp(block.mlp_tokens)
            init_mlp(block.mlp_channels)
