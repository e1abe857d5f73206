"""Folds batch norms into the convolutions before them."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_weights


def fuse_conv_bn(module: nn.Module) -> nn.Module:
    """Fold each batch norm into the 2d convolution that stands before it, in place.

    The norm becomes an identity, or the activation that it contains, so that names stay. In
    evaluation mode the module computes what it did before.

    Args:
        module: The module; what lies below it is folded too.

    From: mmcv 1.7 and 2.2 `fuse_conv_bn`, by torch's `fuse_conv_bn_weights`.
    """
    conv: nn.Conv2d | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, _BatchNorm):
            if conv is None:
                continue
            conv.weight, conv.bias = fuse_conv_bn_weights(
                conv.weight,
                conv.bias,
                child.running_mean,  # type: ignore[arg-type]
                child.running_var,  # type: ignore[arg-type]
                child.eps,
                child.weight,
                child.bias,
            )
            setattr(module, name, getattr(child, "act", nn.Identity()))  # timm's norms have one
            conv = None
        elif isinstance(child, nn.Conv2d):
            conv = child
        else:
            fuse_conv_bn(child)
    return module
