"""The head of LeViT."""

from collections.abc import Sequence

import torch
from timm.models.levit import NormLinear
from torch import nn

from mmlight.models.heads.cls_head import check_num_classes
from mmlight.models.heads.distilled_head import DistilledClsHead
from mmlight.models.initialize import InitCfg


class LeViTClsHead(DistilledClsHead):
    """Map features to logits by one layer, or by the mean of two for a distilled network.

    Args:
        num_classes: Number of classes `K`, at least 1.
        distillation: Whether there is a second layer, trained on a teacher's labels. Such a head
            gives logits, but cannot be trained.
        in_channels: Channels `C` of the last feature.
        deploy: Whether batch norms are folded into the linear layers.
        loss: See `ClsHead`.
        topk: See `ClsHead`.
        cal_acc: See `ClsHead`.
        init_cfg: See `InitModule`; torch's start values by default.

    Attributes:
        deploy: Whether the norms are folded.

    From: mmpretrain 1.2 `LeViTClsHead`, which cannot be built with `deploy=True` and refuses a
        distilled head already in `forward` while training, this one in `loss`.
    """

    second = "head_dist"

    def __init__(
        self,
        num_classes: int = 1000,
        distillation: bool = True,
        in_channels: int | None = None,
        deploy: bool = False,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        if in_channels is None:
            raise ValueError("in_channels must be given, got None")
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.distillation = distillation
        self.head = _norm_linear(in_channels, num_classes)
        if distillation:
            self.head_dist = _norm_linear(in_channels, num_classes)
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def switch_to_deploy(self) -> None:
        """Fold the batch norms into the linear layers; the logits in eval mode stay.

        From: mmpretrain 1.2 `LeViTClsHead.switch_to_deploy`.
        """
        if self.deploy:
            return
        for name, layer in list(self.named_children()):
            if isinstance(layer, NormLinear):
                setattr(self, name, fold_norm(layer))
        self.deploy = True


def _norm_linear(in_channels: int, out_channels: int) -> NormLinear:
    layer = NormLinear(in_channels, out_channels)
    layer.linear.reset_parameters()  # timm draws from a truncated normal distribution
    return layer


@torch.no_grad()
def fold_norm(layer: NormLinear) -> nn.Linear:
    """Return one linear layer that gives the same in eval mode; `layer` is used up.

    timm's own `fuse` loses the device and the dtype.
    """
    norm, linear = layer.bn, layer.linear
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    linear.bias.add_(linear.weight @ (norm.bias - norm.running_mean * scale))
    linear.weight.mul_(scale)
    return linear
