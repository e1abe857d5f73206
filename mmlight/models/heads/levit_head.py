"""The head of LeViT."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes
from mmlight.models.initialize import InitCfg


class BatchNormLinear(nn.Module):
    """A batch norm and a linear layer.

    Args:
        in_channels: Channels `C` of the input.
        out_channels: Channels of the result.

    From: mmpretrain 1.2 `BatchNormLinear`.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(in_channels)
        self.linear = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C)` to `(B, out_channels)`."""
        out: Tensor = self.linear(self.bn(x))
        return out

    @torch.no_grad()
    def fold(self) -> nn.Linear:
        """Return one linear layer that gives the same in eval mode; this module is used up."""
        norm, linear = self.bn, self.linear
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        linear.bias.add_(linear.weight @ (norm.bias - norm.running_mean * scale))
        linear.weight.mul_(scale)
        return linear


class LeViTClsHead(ClsHead):
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
        self.head: nn.Module = BatchNormLinear(in_channels, num_classes)
        if distillation:
            self.head_dist: nn.Module = BatchNormLinear(in_channels, num_classes)
        self.deploy = False
        if deploy:
            self.switch_to_deploy()

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        x = self.pre_logits(feats)
        cls_score: Tensor = self.head(x)
        return (cls_score + self.head_dist(x)) / 2 if self.distillation else cls_score

    def loss(self, feats: Any, target: Tensor) -> dict[str, Tensor]:
        """Compute the loss as `ClsHead.loss` does.

        Raises:
            ValueError: If the head is a distilled one.
        """
        if self.distillation:
            raise ValueError("distillation must be False for training, got True")
        return super().loss(feats, target)

    def switch_to_deploy(self) -> None:
        """Fold the batch norms into the linear layers; the logits in eval mode stay.

        From: mmpretrain 1.2 `LeViTClsHead.switch_to_deploy`.
        """
        if self.deploy:
            return
        for name, layer in list(self.named_children()):
            if isinstance(layer, BatchNormLinear):
                setattr(self, name, layer.fold())
        self.deploy = True
