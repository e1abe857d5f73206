"""The Reversible Vision Transformer: layers that are computed backwards instead of being stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Any, Final

import torch
from timm.layers.attention import Attention
from torch import Tensor, nn
from torch.utils.checkpoint import get_device_states, set_device_states

from mmlight.models.backbones.base.plain_transformer import PlainTransformer, name_rules
from mmlight.models.backbones.vision_transformer import LAYER_NORM, OutType
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.defaults import GELU
from mmlight.models.layers.drop_path import drop_path
from mmlight.models.layers.norm import norm_maker
from mmlight.models.layers.patch_embedding import PatchEmbedding
from mmlight.models.layers.tokens import check_out_type
from mmlight.models.networks.vit import TokenNetwork, get_arch, make_mlp, spread_layers

FUSIONS: Final[Mapping[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "add": torch.add,
    "max": torch.maximum,
    "min": torch.minimum,
    "avg": lambda x, y: (x + y) / 2,
    "concat": lambda x, y: torch.cat((x, y), dim=-1),
}
"""Name of a fusion -> what becomes of the two streams."""


class RandomState:
    """The state of the random generators and of autocast, to compute something again as it was.

    Args:
        x: A tensor on the device of the computation.
    """

    def __init__(self, x: Tensor) -> None:
        self._cpu = torch.get_rng_state()
        self._devices, self._states = get_device_states(x)
        kind = x.device.type
        self._autocast = (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Go back to the state; afterwards the generators go on as if nothing had happened."""
        kind, dtype, enabled = self._autocast
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(self._devices))
            stack.enter_context(torch.autocast(kind, dtype=dtype, enabled=enabled))
            torch.set_rng_state(self._cpu)
            set_device_states(self._devices, self._states)
            yield


class ReversibleBlock(nn.Module):
    """One layer over two streams: `y1 = x1 + attention(x2)`, `y2 = x2 + mlp(y1)`.

    Args:
        width: Channels of a stream.
        options: As `layer_cfgs` of `RevVisionTransformer` gives them.
    """

    def __init__(self, width: int, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.norm1 = norm_maker(options["norm_cfg"])(width)
        self.attn: Any = Attention(
            width,
            options["num_heads"],
            qkv_bias=options["qkv_bias"],
            attn_drop=options["attn_drop_rate"],
            proj_drop=options["drop_rate"],
        )
        self.norm2 = norm_maker(options["norm_cfg"])(width)
        self.mlp = make_mlp(width, options)
        self.drop_path_rate = float(options["drop_path_rate"])

    def forward(self, x1: Tensor, x2: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        """Map two streams `(B, L, C)` to the next two; see `draw` for `keep`."""
        y1 = x1 + keep * self.attend(x2)
        return y1, x2 + keep * self.feed(y1)

    def attend(self, x: Tensor) -> Tensor:
        """Return what the second stream adds to the first."""
        y: Tensor = self.attn(self.norm1(x))
        return y

    def feed(self, x: Tensor) -> Tensor:
        """Return what the first stream adds to the second."""
        y: Tensor = self.mlp(self.norm2(x))
        return y

    def draw(self, x: Tensor) -> Tensor:
        """Return the factor per sample `(B, 1, 1)` of stochastic depth, for both parts the same."""
        ones = x.new_ones(len(x), 1, 1)
        rate = self.drop_path_rate
        return drop_path(ones, rate) if self.training and rate else ones


class ReversibleLayers(torch.autograd.Function):
    """Runs layers and keeps only what comes out; goes back through them layer by layer."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, blocks: Sequence[ReversibleBlock]) -> Tensor:
        """Map both streams side by side `(B, L, 2 C)` to the same shape."""
        x1, x2 = x.chunk(2, dim=-1)
        ctx.blocks, ctx.draws = blocks, []
        for block in blocks:
            keep = block.draw(x1)
            before_attn = RandomState(x1)
            y1 = x1 + keep * block.attend(x2)
            before_feed = RandomState(x1)
            x1, x2 = y1, x2 + keep * block.feed(y1)
            ctx.draws.append((keep, before_attn, before_feed))
        out = torch.cat((x1, x2), dim=-1)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of `x`; those of the parameters are added to them."""
        y1, y2 = ctx.saved_tensors[0].chunk(2, dim=-1)
        d1, d2 = grads[0].chunk(2, dim=-1)
        for block, (keep, before_attn, before_feed) in zip(
            reversed(ctx.blocks), reversed(ctx.draws), strict=True
        ):
            with before_feed.restored():
                fed, more = _run_and_go_back(block.feed, y1, keep, d2)
            y2, d1 = y2 - fed, d1 + more
            with before_attn.restored():
                attended, more = _run_and_go_back(block.attend, y2, keep, d1)
            y1, d2 = y1 - attended, d2 + more
        return torch.cat((d1, d2), dim=-1), None


def _run_and_go_back(
    part: Callable[[Tensor], Tensor], x: Tensor, keep: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the output of a part and the gradient of its input."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        y = keep * part(x)
    torch.autograd.backward(y, grad.to(y.dtype))
    assert x.grad is not None
    return y.detach(), x.grad


class RevVisionTransformer(PlainTransformer):
    """Reversible Vision Transformer.

    Args:
        arch: A name of `networks.vit.ARCHS`, or a dict with the keys `ARCH_KEYS`.
        img_size: Image size that the position embedding is made for [px]; other sizes resize it on
            the fly.
        patch_size: Patch size [px].
        in_channels: Channels of the images.
        drop_rate: Dropout after the position embedding, the attention and the feed-forward layers,
            in [0, 1).
        drop_path_rate: Rate of stochastic depth of the last layer, rising from 0, in [0, 1); a
            sample loses both parts of a layer, or none.
        qkv_bias: Whether query, key and value have a bias.
        norm_cfg: Norm layers; `requires_grad`.
        final_norm: Whether both streams are normalized in the end, together.
        out_type: See `VisionTransformer`; an output has the channels `C` of the fused streams.
        with_cls_token: Whether there is a class token.
        frozen_stages: From 1 on: the embedding and this many layers get no gradient. With custom
            backward no layer does then, as in the original: nothing before them asks for one.
        interpolate_mode: How position embeddings are resized.
        patch_cfg: Options of the patch embedding, see `PatchEmbedding`.
        layer_cfgs: For all layers, or for each, what differs from the arguments here, and
            `num_heads`, `feedforward_channels`, `attn_drop_rate`, `num_fcs`, `act_cfg`.
        fusion_mode: 'concat' `(C = 2 * embed_dims)`, 'add', 'max', 'min' or 'avg'.
        no_custom_backward: Whether training stores what it needs instead of computing it again.
        init_cfg: See `InitModule`; torch's start values by default.

    Raises:
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `RevVisionTransformer`, which sets the seed of all random generators anew
    in every layer, on a GPU always to the same, and has stochastic depth in eval mode as well. Here
    the generators are only put back while a layer is computed again.
    """

    timm_head = None

    def __init__(
        self,
        arch: str | Mapping[str, int] = "base",
        img_size: int | tuple[int, int] = 224,
        patch_size: int | tuple[int, int] = 16,
        in_channels: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        qkv_bias: bool = True,
        norm_cfg: Mapping[str, Any] = LAYER_NORM,
        final_norm: bool = True,
        out_type: OutType = "avg_featmap",
        with_cls_token: bool = False,
        frozen_stages: int = -1,
        interpolate_mode: str = "bicubic",
        patch_cfg: Mapping[str, Any] = MappingProxyType({}),
        layer_cfgs: Mapping[str, Any] | Sequence[Mapping[str, Any]] = MappingProxyType({}),
        fusion_mode: str = "concat",
        no_custom_backward: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        check_out_type(out_type, with_cls_token)
        if fusion_mode not in FUSIONS:
            raise ValueError(f"fusion_mode must be one of {tuple(FUSIONS)}, got {fusion_mode!r}")
        width, depth, heads, hidden = get_arch(arch)
        common = {
            "num_heads": heads,
            "feedforward_channels": hidden,
            "drop_rate": drop_rate,
            "attn_drop_rate": 0.0,
            "num_fcs": 2,
            "qkv_bias": qkv_bias,
            "act_cfg": GELU,
            "norm_cfg": norm_cfg,
        }
        layers = spread_layers(layer_cfgs, common, depth, drop_path_rate)
        patch_options = {"kernel_size": patch_size, "stride": patch_size}
        patches = PatchEmbedding(in_channels, width, patch_cfg, patch_options)
        rows, columns = patches.grid(img_size)
        tokens = ("cls_token",) if with_cls_token else ()
        network = TokenNetwork(
            patches,
            [ReversibleBlock(width, options) for options in layers],
            width,
            num_positions=rows * columns + len(tokens),
            tokens=tokens,
            drop_rate=drop_rate,
            norms={"norm": norm_maker(norm_cfg)(2 * width) if final_norm else None},
        )
        super().__init__(
            network,
            img_size=img_size,
            out_indices=-1,
            out_type=out_type,
            interpolate_mode=interpolate_mode,
            frozen_stages=frozen_stages,
            init_cfg=init_cfg,
        )
        self.name_rules = name_rules(["origin"] * depth)
        self.num_pos_tokens = self.num_extra_tokens = len(tokens)
        self.fusion_mode, self.no_custom_backward = fusion_mode, no_custom_backward

    def run_layers(self, x: Tensor, grid: Sequence[int]) -> list[Tensor]:
        """Return the fused streams, `(B, L, C)` or `(B, L, 2 C)`."""
        net = self.network
        both = torch.cat((x, x), dim=-1)
        if self.training and not self.no_custom_backward:
            both = ReversibleLayers.apply(both, list(net.blocks))
        else:
            x1, x2 = both.chunk(2, dim=-1)
            for block in net.blocks:
                x1, x2 = block(x1, x2, block.draw(x1))
            both = torch.cat((x1, x2), dim=-1)
        x1, x2 = net.norm(both).chunk(2, dim=-1)
        return [FUSIONS[self.fusion_mode](x1, x2)]
