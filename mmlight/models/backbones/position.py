"""Position embeddings: the grid of patches, and resizing to another grid."""

import logging
import math
from typing import Any

from torch import Tensor, cat, nn
from torch.nn import functional

LOG = logging.getLogger(__name__)


def grid_size(
    img_size: int | tuple[int, int], patch_size: int | tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the grid of patches that covers an image, and the size of the image padded to it.

    Args:
        img_size: Height and width, or both in one [px].
        patch_size: Height and width of a patch, or both in one [px].

    Returns:
        (rows, columns) and (height, width) [px].

    Examples:
        >>> grid_size(30, 16)
        ((2, 2), (32, 32))
    """
    image = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
    patch = (patch_size, patch_size) if isinstance(patch_size, int) else tuple(patch_size)
    rows, columns = math.ceil(image[0] / patch[0]), math.ceil(image[1] / patch[1])
    return (rows, columns), (rows * patch[0], columns * patch[1])


def resize_pos_embed(
    pos_embed: Tensor,
    src_shape: tuple[int, int],
    dst_shape: tuple[int, int],
    mode: str = "bicubic",
    num_extra_tokens: int = 1,
) -> Tensor:
    """Interpolate position embeddings to another grid; extra tokens in front keep theirs.

    Args:
        pos_embed: Embeddings `(1, num_extra_tokens + H * W, C)`.
        src_shape: Grid (H, W) of `pos_embed`.
        dst_shape: Grid of the result.
        mode: Mode of `torch.nn.functional.interpolate`.
        num_extra_tokens: Number of tokens without a place on the grid.

    Returns:
        Embeddings for the target grid, of the same dtype.

    Raises:
        ValueError: If the length of `pos_embed` does not fit `src_shape`.

    From: mmcls 0.25 and mmpretrain 1.2 `resize_pos_embed`: computed in float32, without
        antialiasing.
    """
    if tuple(src_shape) == tuple(dst_shape):
        return pos_embed
    if pos_embed.shape[1] != src_shape[0] * src_shape[1] + num_extra_tokens:
        raise ValueError(
            f"pos_embed must fit the grid {src_shape}, got the shape {tuple(pos_embed.shape)}"
        )
    extra, grid = pos_embed[:, :num_extra_tokens], pos_embed[:, num_extra_tokens:]
    # (1, H * W, C) -> (1, H, W, C) -> (1, C, H, W)
    image = grid.reshape(1, *src_shape, -1).permute(0, 3, 1, 2)
    resized = functional.interpolate(image.float(), size=dst_shape, mode=mode, align_corners=False)
    tokens = resized.flatten(2).transpose(1, 2).to(pos_embed.dtype)  # (1, C, H, W) -> (1, H * W, C)
    return cat((extra, tokens), dim=1)


def resize_when_loading(module: Any, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
    """Fit the position embedding of a checkpoint; a pre-hook of `load_state_dict`.

    The checkpoint's grid is taken as square; an unused class token in front is cut off.

    From: mmpretrain 1.2 `VisionTransformer._prepare_pos_embed`.
    """
    name = f"{prefix}network.pos_embed"
    loaded = state_dict.get(name)
    own: nn.Parameter = module.network.pos_embed
    if loaded is None or loaded.shape == own.shape:
        return
    extra = module.num_extra_tokens
    if extra == 0 and loaded.shape[1] == own.shape[1] + 1:
        state_dict[name] = loaded[:, 1:]
        return
    side = math.isqrt(loaded.shape[1] - extra)
    LOG.info("Resize the position embedding from %s to %s.", tuple(loaded.shape), tuple(own.shape))
    state_dict[name] = resize_pos_embed(
        loaded, (side, side), module.grid, module.interpolate_mode, extra
    )
