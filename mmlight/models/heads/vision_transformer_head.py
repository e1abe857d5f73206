"""The head of a Vision Transformer."""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes, last_feature
from mmlight.models.initialize import Constant, InitCfg, Initializer
from mmlight.models.layers.activation import activation_layer
from mmlight.models.trunc_normal import trunc_normal_

TANH: Final[Mapping[str, Any]] = MappingProxyType({"type": "Tanh"})


class VisionTransformerClsHead(ClsHead):
    """Map a class token to logits, with a hidden layer where asked for.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the class token.
        hidden_dim: Channels of the hidden layer; None for no hidden layer.
        act_cfg: Activation after the hidden layer.
        init_cfg: See `InitModule`; by default zero. The hidden layer always starts by LeCun's rule.
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.

    From: mmcls 0.25 and mmpretrain 1.2 `VisionTransformerClsHead`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (Constant(0, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int | None = None,
        act_cfg: Mapping[str, Any] = TANH,
        init_cfg: InitCfg = None,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.hidden_dim = hidden_dim
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if hidden_dim is not None:
            layers["pre_logits"] = nn.Linear(in_channels, hidden_dim)
            layers["act"] = activation_layer(act_cfg)()
        layers["head"] = nn.Linear(hidden_dim or in_channels, num_classes)
        self.layers = nn.Sequential(layers)

    def pre_logits(self, feats: Any) -> Tensor:
        """Return the input of the last layer: the class token, or the hidden layer's output."""
        x: Tensor = self.layers[:-1](_class_token(feats))
        return x

    def forward(self, feats: Any) -> Tensor:
        """Map the last class token `(B, C)` to logits `(B, K)`."""
        cls_score: Tensor = self.layers(_class_token(feats))
        return cls_score

    def init_extra(self) -> None:
        """Draw the hidden layer by LeCun's rule."""
        if self.hidden_dim is None:
            return
        hidden = self.layers.get_submodule("pre_logits")
        assert isinstance(hidden, nn.Linear)
        trunc_normal_(hidden.weight, std=math.sqrt(1 / hidden.in_features))
        nn.init.zeros_(hidden.bias)


def _class_token(feats: Any) -> Tensor:
    """Return the class token of the last feature, which may be a list of it and others before."""
    feat = last_feature(feats)
    token: Tensor = feat[-1] if isinstance(feat, list) else feat
    return token
