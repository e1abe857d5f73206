"""A head of one linear layer."""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes
from mmlight.models.initialize import InitCfg, Initializer, Normal


class LinearClsHead(ClsHead):
    """Map features to logits by one linear layer.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        init_cfg: See `InitModule`; by default a normal distribution with a deviation of 0.01.
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.

    Examples:
        >>> import torch
        >>> LinearClsHead(10, 8)((torch.rand(2, 8),)).shape
        torch.Size([2, 10])

    From: mmcls 0.25 and mmpretrain 1.2 `LinearClsHead`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (Normal(std=0.01, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        init_cfg: InitCfg = None,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        cls_score: Tensor = self.fc(self.pre_logits(feats))
        return cls_score
