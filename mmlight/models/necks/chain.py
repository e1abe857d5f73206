"""Several necks, one after the other."""

from collections.abc import Sequence

from torch import nn

from mmlight.models.initialize import InitModule


class NeckChain(InitModule, nn.Sequential):
    """Give the features of each neck to the next.

    Args:
        necks: The necks, first to last.

    Examples:
        >>> import torch
        >>> NeckChain([nn.ReLU(), nn.Flatten()])(torch.ones(2, 3, 4)).shape
        torch.Size([2, 12])

    From: mmcls 0.25 and mmpretrain 1.2, which make a `Sequential` of a list of necks.
    """

    def __init__(self, necks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.extend(necks)
