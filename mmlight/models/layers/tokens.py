"""What a transformer gives: its tokens as they are, one of them, a map, or a mean."""

from collections.abc import Sequence
from typing import Final

from torch import Tensor

OUT_TYPES: Final = ("raw", "cls_token", "featmap", "avg_featmap")


def format_tokens(x: Tensor, grid: Sequence[int], num_extra: int, out_type: str) -> Tensor:
    """Turn tokens into an output.

    Args:
        x: `(B, L, C)`: the extra tokens, of which the class token is the first, then the patches.
        grid: Rows `H` and columns `W` of patches.
        num_extra: Tokens in front of the patches.
        out_type: One of `OUT_TYPES`.

    Returns:
        The same for 'raw', `(B, C)` for 'cls_token' and 'avg_featmap', `(B, C, H, W)` for
        'featmap'.

    From: mmpretrain 1.2 `VisionTransformer._format_output`.
    """
    if out_type == "raw":
        return x
    if out_type == "cls_token":
        return x[:, 0]
    patches = x[:, num_extra:]
    if out_type == "featmap":
        # (B, H * W, C) -> (B, H, W, C) -> (B, C, H, W)
        return patches.reshape(len(x), *grid, -1).permute(0, 3, 1, 2)
    return patches.mean(dim=1)  # (B, H * W, C) -> (B, C)


def check_out_type(out_type: str, with_cls_token: bool, allowed: Sequence[str] = OUT_TYPES) -> None:
    """Refuse an output that there is not, or that needs a class token where there is none.

    Raises:
        ValueError: If so.
    """
    if out_type not in allowed:
        raise ValueError(f"out_type must be one of {tuple(allowed)}, got {out_type!r}")
    if out_type == "cls_token" and not with_cls_token:
        raise ValueError("with_cls_token must be True for out_type='cls_token', got False")
