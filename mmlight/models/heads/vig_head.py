"""The head of Vision GNN."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import GELU


class VigClsHead(ClsHead):
    """Map features to logits by two linear layers with a batch norm between them.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        hidden_dim: Channels of the hidden layer.
        act_cfg: Activation after the batch norm.
        dropout: Dropout after the activation, in [0, 1).
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.
        init_cfg: See `InitModule`; torch's start values by default.

    From: mmpretrain 1.2 `VigClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        hidden_dim: int = 1024,
        act_cfg: Mapping[str, Any] = GELU,
        dropout: float = 0.0,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.bn = nn.BatchNorm1d(hidden_dim)
        self.act = activation_layer(act_cfg)()
        self.drop = nn.Dropout(dropout)
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: Any) -> Tensor:
        """Return the output of the hidden layer, `(B, hidden_dim)`."""
        x: Tensor = self.drop(self.act(self.bn(self.fc1(super().pre_logits(feats)))))
        return x

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        cls_score: Tensor = self.fc2(self.pre_logits(feats))
        return cls_score
