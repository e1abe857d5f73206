"""Exchanges layers that a library has fixed for those that a config asks for."""

from collections.abc import Callable

from torch import nn


def replace_layers(
    network: nn.Module, kind: type[nn.Module], make: Callable[..., nn.Module]
) -> None:
    """Replace every layer of exactly this class.

    Args:
        network: Changed in place; itself not replaced.
        kind: Class of the layers that go.
        make: Called with the old layer, returns the new one.

    Examples:
        >>> replace_layers(network := nn.Sequential(nn.ReLU()), nn.ReLU, lambda _: nn.GELU())
        >>> network
        Sequential(
          (0): GELU(approximate='none')
        )
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is kind:
                setattr(parent, name, make(child))
