"""Makes the layers that timm builds convolutional networks of: a norm with its activation in it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from timm.layers.norm_act import BatchNormAct2d, SyncBatchNormAct
from torch import nn

from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.norm import norm_layer

Cfg = Mapping[str, Any]
_WITH_ACTIVATION: Final[Mapping[Any, Any]] = {
    nn.BatchNorm2d: BatchNormAct2d,
    nn.SyncBatchNorm: SyncBatchNormAct,
}


def norm_act_layer(norm_cfg: Cfg, act_cfg: Cfg) -> Callable[..., nn.Module]:
    """Return a function as timm takes it for `norm_layer`: from channels to norm and activation.

    Args:
        norm_cfg: `type` 'BN' or 'SyncBN', and its arguments.
        act_cfg: The activation; left out where timm asks for `apply_act=False`.

    Raises:
        ValueError: If the norm is another one.

    Examples:
        >>> norm_act_layer({"type": "BN", "eps": 1e-3}, {"type": "ReLU"})(8, apply_act=True).eps
        0.001
    """
    norm, activation = norm_layer(norm_cfg), activation_layer(act_cfg)
    assert isinstance(norm, partial)
    kind = _WITH_ACTIVATION.get(norm.func)
    if kind is None:
        raise ValueError(f"norm_cfg type must be 'BN' or 'SyncBN', got {norm_cfg['type']!r}")

    def make(channels: int, *, apply_act: bool = True, **_: Any) -> nn.Module:
        layer: Any = kind(channels, **norm.keywords)
        layer.drop = nn.Identity()
        layer.act = activation() if apply_act else nn.Identity()
        made: nn.Module = layer
        return made

    return make


def swap_norms(network: nn.Module, norm_cfg: Cfg) -> None:
    """Replace each batch norm of a network by the norm of `norm_cfg`, with the same activation.

    For the networks whose norms timm does not let its callers choose.

    Raises:
        ValueError: If the norm is not a batch norm and there are activations in the norms.
    """
    norm = norm_layer(norm_cfg)
    for path, old in list(network.named_modules()):
        if not isinstance(old, nn.BatchNorm2d):
            continue
        new: Any = norm(old.num_features)
        if isinstance(old, BatchNormAct2d):
            new = norm_act_layer(norm_cfg, {"type": "ReLU"})(old.num_features)
            new.act = old.act
        parent, _, name = path.rpartition(".")
        setattr(network.get_submodule(parent), name, new)
