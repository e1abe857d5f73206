"""Turns a `norm_cfg` into a function that makes normalization layers."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from torch import nn

NORMS: Final[Mapping[str, tuple[type[nn.Module], frozenset[str]]]] = {
    "BN": (nn.BatchNorm2d, frozenset({"eps", "momentum"})),
    "BN2d": (nn.BatchNorm2d, frozenset({"eps", "momentum"})),
    "SyncBN": (nn.SyncBatchNorm, frozenset({"eps", "momentum"})),
    "LN": (nn.LayerNorm, frozenset({"eps"})),
}


def norm_layer(
    norm_cfg: Mapping[str, Any], *, allowed: tuple[str, ...]
) -> Callable[..., nn.Module]:
    """Return a function from a number of channels to a normalization layer.

    Args:
        norm_cfg: `type`, one of `allowed`, and any of `eps` (default 1e-5), `momentum` and
            `requires_grad`.
        allowed: The types that the caller can use.

    Raises:
        ValueError: If the type or a key is not supported.

    Examples:
        >>> norm_layer({"type": "BN", "eps": 1e-3}, allowed=("BN",))(8).eps
        0.001

    From: mmcv 1.7 and 2.2 `build_norm_layer`; `requires_grad` is applied by `freeze_norms`.
    """
    kind = norm_cfg.get("type")
    if kind not in allowed:
        raise ValueError(f"norm_cfg type must be one of {', '.join(allowed)}, got {kind!r}")
    layer, keys = NORMS[kind]
    options = {
        key: value for key, value in norm_cfg.items() if key not in ("type", "requires_grad")
    }
    unknown = sorted(options.keys() - keys)
    if unknown:
        raise ValueError(
            f"norm_cfg of type {kind!r} does not support {unknown[0]}={options[unknown[0]]!r}"
        )
    return partial(layer, **{"eps": 1e-5, **options})


def freeze_norms(module: nn.Module, norm_cfg: Mapping[str, Any]) -> None:
    """Switch off the gradients of all norm layers for `requires_grad=False` in `norm_cfg`."""
    if norm_cfg.get("requires_grad", True):
        return
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm | nn.LayerNorm):
            layer.requires_grad_(False)
