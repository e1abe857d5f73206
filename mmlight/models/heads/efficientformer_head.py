"""The head of EfficientFormer."""

from collections.abc import Sequence
from typing import ClassVar

from torch import nn

from mmlight.models.heads.cls_head import check_num_classes
from mmlight.models.heads.distilled_head import DistilledClsHead
from mmlight.models.initialize import InitCfg, Initializer, Normal


class EfficientFormerClsHead(DistilledClsHead):
    """Map features to logits by one linear layer, or by the mean of two for a distilled network.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        distillation: Whether there is a second layer, trained on a teacher's labels. Such a head
            gives logits, but cannot be trained.
        init_cfg: See `InitModule`; by default a normal distribution with a deviation of 0.01.
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.

    Examples:
        >>> import torch
        >>> EfficientFormerClsHead(10, 8)((torch.rand(2, 8),)).shape
        torch.Size([2, 10])

    From: mmcls 0.25 and mmpretrain 1.2 `EfficientFormerClsHead`.
    """

    second = "dist_head"
    default_init: ClassVar[tuple[Initializer, ...]] = (Normal(std=0.01, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        distillation: bool = True,
        init_cfg: InitCfg = None,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.distillation = distillation
        self.head = nn.Linear(in_channels, num_classes)
        if distillation:
            self.dist_head = nn.Linear(in_channels, num_classes)
