"""Brings published weights of timm into the layout of the installed timm."""

from collections.abc import Mapping

import timm
from torch import Tensor


def modernize(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Let timm load weights that it has published, and return them by today's names.

    Old files have old names, a background class, and the like; timm knows for each of its networks.

    Args:
        name: A network of timm, such as 'resnet50.a1_in1k'.
        state: Tensors as they were published.

    Returns:
        The state dict of the network with its classifier.
    """
    overlay = {"state_dict": dict(state), "custom_load": False}
    network = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=overlay)
    own: dict[str, Tensor] = network.state_dict()
    return own
