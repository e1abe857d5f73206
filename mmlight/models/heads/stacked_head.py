"""A head of several linear layers with norm, activation and dropout between them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes, last_feature
from mmlight.models.initialize import InitCfg
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.defaults import RELU
from mmlight.models.layers.norm import norm_layer


class LinearBlock(nn.Module):
    """A linear layer and what follows it.

    Args:
        in_channels: Channels `C` of the input.
        out_channels: Channels `D` of the output.
        dropout_rate: Share of outputs set to 0 while training, in [0, 1].
        norm_cfg: Norm layer after the linear layer; None for none.
        act_cfg: Activation after that; None for none.

    From: mmcls 0.25 and mmpretrain 1.2 `LinearBlock`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dropout_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] | None = None,
        act_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.fc = nn.Linear(in_channels, out_channels)
        self.norm = None if norm_cfg is None else norm_layer(norm_cfg)(out_channels)
        if norm_cfg is not None and self.norm is not None:
            self.norm.requires_grad_(norm_cfg.get("requires_grad", True))
        self.act = None if act_cfg is None else activation_layer(act_cfg)()
        self.dropout = nn.Dropout(dropout_rate) if dropout_rate > 0 else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C)` to `(B, D)`."""
        for layer in (self.fc, self.norm, self.act, self.dropout):
            x = x if layer is None else layer(x)
        return x


class StackedLinearClsHead(ClsHead):
    """Map features to logits by several linear layers.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        mid_channels: Channels of each hidden layer, one at least.
        dropout_rate: Dropout after each hidden layer, in [0, 1].
        norm_cfg: Norm layer after each hidden linear layer; None for none.
        act_cfg: Activation of each hidden layer; None for none.
        init_cfg: See `InitModule`; by default torch's own start values.
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.

    Examples:
        >>> import torch
        >>> StackedLinearClsHead(10, 8, [16])((torch.rand(2, 8),)).shape
        torch.Size([2, 10])

    From: mmcls 0.25 and mmpretrain 1.2 `StackedLinearClsHead`. mmcls takes `init_cfg` and does not
    use it.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        mid_channels: Sequence[int],
        dropout_rate: float = 0.0,
        norm_cfg: Mapping[str, Any] | None = None,
        act_cfg: Mapping[str, Any] | None = RELU,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        if not isinstance(mid_channels, Sequence) or not mid_channels:
            raise ValueError(f"mid_channels must be a list of one or more, got {mid_channels!r}")
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        widths = [in_channels, *mid_channels]
        hidden = [
            LinearBlock(before, after, dropout_rate, norm_cfg, act_cfg)
            for before, after in pairwise(widths)
        ]
        self.layers = nn.ModuleList([*hidden, LinearBlock(widths[-1], num_classes)])

    @property
    def fc(self) -> nn.Module:
        """The last layer."""
        return self.layers[-1]

    def pre_logits(self, feats: Any) -> Tensor:
        """Return the output of the last hidden layer, `(B, D)`."""
        x: Tensor = last_feature(feats)
        for layer in list(self.layers)[:-1]:
            x = layer(x)
        return x

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        cls_score: Tensor = self.fc(self.pre_logits(feats))
        return cls_score
