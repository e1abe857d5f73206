"""The base of plain transformers: patches, tokens in front, layers of one width, a last norm."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from mmlight.models.backbones.base.out_indices import to_out_indices
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.position import fit_pos_embed, resize_pos_embed
from mmlight.models.layers.tokens import format_tokens
from mmlight.models.networks.vit import TokenNetwork, init_mlp
from mmlight.models.trunc_normal import trunc_normal_
from mmlight.weights.name_map import NameRule

FFN_NAMES: Final = {"origin": ("layers.0.0", "layers.1"), "swiglu_fused": ("w12", "w3")}
_LAYER: Final = r"network\.blocks\.(\d+)\."

RULES: Final = (
    NameRule(r"network\.patch_embed\.proj\.(.+)", r"patch_embed.projection.\1"),
    NameRule(r"network\.norm_pre\.(.+)", r"pre_norm.\1"),
    NameRule(_LAYER + r"norm([12])\.(.+)", r"layers.\1.ln\2.\3"),
    NameRule(_LAYER + r"ls1\.gamma", r"layers.\1.attn.gamma1.weight"),
    NameRule(_LAYER + r"ls2\.gamma", r"layers.\1.ffn.gamma2.weight"),
    NameRule(_LAYER + r"mlp\.(layers\..+)", r"layers.\1.ffn.\2"),
    NameRule(r"network\.blocks\.(.+)", r"layers.\1"),
    NameRule(r"network\.norm\.(.+)", r"ln1.\1"),
    NameRule(r"network\.fc_norm\.(.+)", r"ln2.\1"),
    NameRule(r"network\.(.+)", r"\1"),
)


def name_rules(ffn_types: Sequence[str]) -> tuple[NameRule, ...]:
    """Return the rules for layers with these feed-forward types, 'origin' or 'swiglu_fused'."""
    rules = []
    for kind, (first, second) in FFN_NAMES.items():
        layers = "|".join(str(index) for index, given in enumerate(ffn_types) if given == kind)
        for ours, theirs in (("fc1", first), ("fc2", second)):
            mlp = rf"network\.blocks\.({layers})\.mlp\.{ours}\.(.+)"
            rules.append(NameRule(mlp, rf"layers.\1.ffn.{theirs}.\2"))
    return (*rules, *RULES)


class PlainTransformer(StagedBackbone):
    """Embeds patches, runs the layers, and gives the wanted form of the wanted outputs.

    Args:
        network: The parts.
        img_size: Image size that positions are made for [px]; others resize them on the fly.
        out_indices: Layers whose outputs are returned; negative counts from the end.
        out_type: 'cls_token' `(B, C)`, 'featmap' `(B, C, H, W)`, 'avg_featmap' `(B, C)` or 'raw'
            `(B, L, C)`.
        interpolate_mode: How position embeddings are resized.
        frozen_stages: From 1 on: the embedding and this many layers get no gradient. Eval mode is
            set once, on construction; `.train()` undoes it, as in the originals.
        init_cfg: See `InitModule`.

    Raises:
        ValueError: If a value is out of range.
    """

    freezes_again = False
    num_pos_tokens = 1
    """Tokens in front of the patches that have an entry in the position embedding."""
    num_extra_tokens = 1
    """Tokens in front of the patches inside the layers."""
    has_pre_norm: ClassVar[bool] = True
    """Whether the norm before the layers is applied where there is one."""

    def __init__(
        self,
        network: TokenNetwork,
        *,
        img_size: int | tuple[int, int],
        out_indices: int | Sequence[int],
        out_type: str,
        interpolate_mode: str,
        frozen_stages: int = -1,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(
            network,
            out_indices=to_out_indices(out_indices, len(network.blocks)),
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.out_type = out_type
        self.interpolate_mode = interpolate_mode
        self.grid = network.patch_embed.grid(img_size)

    def stem(self, images: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to tokens with their positions `(B, L, C)`."""
        return self.embed(self.network.patch_embed(images))

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return each layer as a stage of its own."""
        return [[block] for block in self.network.blocks]

    def forward(self, images: Tensor) -> tuple[Any, ...]:
        """Map images `(B, C, H, W)` to one output of type `out_type` per entry of `out_indices`."""
        patches = self.network.patch_embed(images)  # (B, H, W, C)
        grid = patches.shape[1:3]
        x = self.run_layers(self.embed(patches), grid)
        return tuple(self.format(tokens, grid) for tokens in x)

    def run_layers(self, x: Tensor, grid: Sequence[int]) -> list[Tensor]:
        """Return the wanted tokens `(B, L, C)`, the last normalized."""
        context, outputs = self.context(grid), []
        last = len(self.network.blocks) - 1
        for index, block in enumerate(self.network.blocks):
            x = block(x, *context)
            if index == last:
                x = self.network.norm(x)
            if index in self.out_indices:
                outputs.append(x)
        return outputs

    def context(self, grid: Sequence[int]) -> tuple[Any, ...]:
        """Return what every layer gets besides the tokens."""
        return ()

    def embed(self, patches: Tensor) -> Tensor:
        """Put the tokens in front of patches `(B, H, W, C)` and add positions: `(B, L, C)`."""
        net, grid = self.network, patches.shape[1:3]
        x = patches.flatten(1, 2)  # (B, H, W, C) -> (B, H * W, C)
        front = [token.expand(len(x), -1, -1) for token in self.front_tokens()]
        if self.num_pos_tokens:
            x = torch.cat((*front, x), dim=1)
        if net.pos_embed is not None:
            x = x + resize_pos_embed(
                net.pos_embed, self.grid, grid, self.interpolate_mode, self.num_pos_tokens
            )
        x = net.pos_drop(x)
        if not self.num_pos_tokens:
            x = torch.cat((*front, x), dim=1)
        x = x[:, len(front) - self.num_extra_tokens :]  # mmcls 0.25 drops the class token here
        return net.norm_pre(x) if self.has_pre_norm else x

    def front_tokens(self) -> list[nn.Parameter]:
        """Return the tokens in front of the patches."""
        tokens = [getattr(self.network, name, None) for name in ("cls_token", "dist_token")]
        return [token for token in tokens if token is not None]

    def format(self, x: Tensor, grid: Sequence[int]) -> Any:
        """Turn tokens `(B, L, C)` into the output."""
        out = format_tokens(x, grid, self.num_extra_tokens, self.out_type)
        return self.network.fc_norm(out) if self.out_type == "avg_featmap" else out

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the embedding and the first layers; the final norms too when all are frozen."""
        if self.frozen_stages < 1:
            return ()
        net, count = self.network, self.frozen_stages
        ends = [net.norm, net.fc_norm] if count == len(net.blocks) else []
        return [net.pos_drop, net.patch_embed, net.norm_pre, *net.blocks[:count], *ends]

    def freeze(self) -> None:
        """Freeze the parts and the embeddings that belong to no part."""
        super().freeze()
        if self.frozen_stages >= 1:
            self.freeze_embeddings()

    def freeze_embeddings(self) -> None:
        """Stop the gradients of class token and positions."""
        for value in (getattr(self.network, "cls_token", None), self.network.pos_embed):
            if value is not None:
                value.requires_grad_(False)

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Resize the position embedding of a checkpoint; see `mmlight.weights.load`."""
        name = "network.pos_embed"
        if name in state and self.network.pos_embed is not None:
            fitted = fit_pos_embed(
                state[name], self.grid, self.interpolate_mode, self.num_pos_tokens
            )
            state = {**state, name: fitted}
        return state

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill the feed-forward layers by Glorot's rule with almost zero biases."""
        for block in self.network.blocks:
            init_mlp(block.mlp)

    def init_extra(self) -> None:
        """Draw the position embedding, unless a checkpoint alone fills the weights."""
        if not self.is_pretrained and self.network.pos_embed is not None:
            trunc_normal_(self.network.pos_embed, std=0.02)
