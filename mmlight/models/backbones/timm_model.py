"""Any network of timm by its name, as a backbone."""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import Any

import timm
from torch import Tensor, nn

from mmlight.models.initialize import InitCfg, InitModule
from mmlight.weights.load import load_weights
from mmlight.weights.read import read_state


class TIMMBackbone(InitModule):
    """A timm network without its classifier.

    Args:
        model_name: Name in timm's list, for example `tf_efficientnet_lite0`.
        features_only: Return the feature map of every stage instead of the last one only.
        pretrained: Fetch timm's own weights.
        checkpoint_path: File with weights under timm's names.
        in_channels: Channels of the images.
        init_cfg: Initial weights, for example `Pretrained`; None keeps timm's.
        **kwargs: Further arguments of `timm.create_model`.

    Raises:
        ValueError: If timm has no network of that name.

    From: mmcls 0.25 and mmpretrain 1.2 `TIMMBackbone`.
    """

    def __init__(
        self,
        model_name: str,
        features_only: bool = False,
        pretrained: bool = False,
        checkpoint_path: str = "",
        in_channels: int = 3,
        init_cfg: InitCfg = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        if not timm.is_model(model_name):
            raise ValueError(
                f"model_name must be a network of timm, got {model_name!r}; "
                f"near: {', '.join(_find_near(model_name))}"
            )
        if not features_only:
            kwargs["num_classes"] = 0
        self.model_name = model_name
        self.features_only = features_only
        self.weights: dict[str, Any] = {
            "pretrained": pretrained,
            "checkpoint_path": checkpoint_path,
        }
        self._create = partial(
            timm.create_model,
            model_name,
            in_chans=in_channels,
            features_only=features_only,
            **kwargs,
        )
        self.timm_model: Any = self._create()

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Load timm's weights where they are asked for; else timm's own start values stay.

        Loading waits until here, because a checkpoint of ours must be usable without those files.
        They are read by our reader: no code in them runs, and mirrors are asked.
        """
        if self.weights["pretrained"]:
            overlay = {"state_dict": read_state(f"timm/{self.model_name}"), "custom_load": False}
            filled = self._create(pretrained=True, pretrained_cfg_overlay=overlay)
            self.timm_model.load_state_dict(filled.state_dict())
        if self.weights["checkpoint_path"]:
            load_weights(self, self.weights["checkpoint_path"])

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to a tuple of feature maps."""
        if self.features_only:
            return tuple(self.timm_model(images))
        return (self.timm_model.forward_features(images),)


def _find_near(name: str) -> list[str]:
    return timm.list_models(f"*{name}*")[:5] or get_close_matches(name, timm.list_models(), n=5)
