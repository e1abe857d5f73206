"""Any network of timm by its name, as a backbone."""

from collections.abc import Callable
from typing import Any

import timm
from torch import Tensor, nn

from mmlight.models.initialize import InitCfg, InitModule
from mmlight.weights.name_map import NameRule


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

    name_rules = (NameRule(r"timm_model\.(.+)", r"timm_model.\1"),)

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
            near = timm.list_models(f"*{model_name}*")[:5]
            raise ValueError(
                f"model_name must be a network of timm, got {model_name!r}; near: {near}"
            )
        if not features_only:
            kwargs["num_classes"] = 0
        self.features_only = features_only
        self.timm_model: Any = timm.create_model(
            model_name,
            pretrained=pretrained,
            in_chans=in_channels,
            checkpoint_path=checkpoint_path,
            features_only=features_only,
            **kwargs,
        )

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Fill nothing: timm has filled its network, perhaps with trained weights."""

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to a tuple of feature maps."""
        if self.features_only:
            return tuple(self.timm_model(images))
        return (self.timm_model.forward_features(images),)
