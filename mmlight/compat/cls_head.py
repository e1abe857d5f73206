"""`ClsHead` and `LinearClsHead` as users' own heads derive from them.

In the style of 1.x a head has `forward`, `loss` and `predict`; in that of 0.x `forward_train`,
`loss` on logits, and `simple_test`. `ImageClassifier` calls either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from mmlight.compat.initialize import to_initializers
from mmlight.compat.registries import mmcls, mmpretrain
from mmlight.models.heads.cls_head import ClsHead as PlainClsHead
from mmlight.models.heads.cls_head import topk_accuracy
from mmlight.registry import Registry

CROSS_ENTROPY = {"type": "CrossEntropyLoss", "loss_weight": 1.0}
LINEAR_INIT = {"type": "Normal", "layer": "Linear", "std": 0.01}


class ClsHead(PlainClsHead):
    """Head of 1.x whose arguments may be dicts.

    Args:
        loss: A module, or the dict of one.
        topk: The k of the accuracies.
        cal_acc: Whether the losses contain accuracies.
        init_cfg: Dict or list of dicts, see `mmlight.compat.initialize.initialize`.

    From: mmpretrain 1.2 `ClsHead`.
    """

    registry: Registry = mmpretrain.MODELS

    def __init__(
        self,
        loss: nn.Module | Mapping[str, Any] = CROSS_ENTROPY,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        init_cfg: Any = None,
    ) -> None:
        module = self.registry.build(loss) if isinstance(loss, Mapping) else loss
        super().__init__(module, topk, cal_acc, init_cfg=to_initializers(init_cfg))

    def get_initializers(self) -> Any:
        """Return what fills this head; a class may set `init_cfg` to dicts."""
        return to_initializers(self.init_cfg)


class OldClsHead(ClsHead):
    """Head of 0.x.

    Args:
        loss: The dict of a loss.
        topk: The k of the accuracies.
        cal_acc: Whether the losses contain accuracies.
        init_cfg: See `ClsHead`.

    Attributes:
        compute_loss: The loss.

    From: mmcls 0.25 `ClsHead`.
    """

    registry = mmcls.MODELS

    @property
    def compute_loss(self) -> nn.Module:
        """The loss, called with (logits, target, avg_factor=B)."""
        return self.loss_module

    def pre_logits(self, x: Any) -> Tensor:
        """Return the last feature `(B, C)`."""
        feature: Tensor = x[-1] if isinstance(x, tuple) else x
        return feature

    def loss(  # type: ignore[override]  # the contract of 0.x: logits, not features
        self, cls_score: Any, gt_label: Tensor, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Compute the loss, and where asked for accuracies, of logits `(B, K)`."""
        count = len(cls_score)
        losses = {"loss": self.compute_loss(cls_score, gt_label, avg_factor=count, **kwargs)}
        if self.cal_acc:
            values = topk_accuracy(cls_score.detach(), gt_label, self.topk)
            names = [f"accuracy_top-{k}" for k in self.topk]
            losses |= dict(zip(names, values, strict=True))
        return losses

    def forward_train(self, x: Any, gt_label: Tensor, **kwargs: Any) -> dict[str, Tensor]:
        """Compute the losses of features that are logits already."""
        return self.loss(self.pre_logits(x), gt_label, **kwargs)

    def simple_test(self, x: Any, softmax: bool = True, post_process: bool = True) -> Any:
        """Return scores `(B, K)`; as a list of arrays when `post_process`."""
        logits = self.pre_logits(x)
        scores = functional.softmax(logits, dim=1) if softmax else logits
        return self.post_process(scores) if post_process else scores

    def post_process(self, pred: Tensor) -> list[Any]:
        """Return one array `(K,)` per image."""
        return list(pred.detach().cpu().numpy())


class _Linear(ClsHead):
    """A head with one linear layer, whose arguments may be dicts.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        init_cfg: See `ClsHead`.
        **kwargs: Further arguments of `ClsHead`.
    """

    def __init__(
        self, num_classes: int, in_channels: int, init_cfg: Any = LINEAR_INIT, **kwargs: Any
    ) -> None:
        super().__init__(init_cfg=init_cfg, **kwargs)
        if num_classes < 1:
            raise ValueError(f"num_classes must be at least 1, got {num_classes}")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.fc = nn.Linear(in_channels, num_classes)


class LinearClsHead(_Linear):
    """Linear head of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `LinearClsHead`.
    """

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        logits: Tensor = self.fc(self.pre_logits(feats))
        return logits


class OldLinearClsHead(_Linear, OldClsHead):
    """Linear head of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `LinearClsHead`.
    """

    def forward_train(self, x: Any, gt_label: Tensor, **kwargs: Any) -> dict[str, Tensor]:
        """Compute the losses of features."""
        return self.loss(self.fc(self.pre_logits(x)), gt_label, **kwargs)

    def simple_test(self, x: Any, softmax: bool = True, post_process: bool = True) -> Any:
        """Return scores `(B, K)`; as a list of arrays when `post_process`."""
        return super().simple_test(self.fc(self.pre_logits(x)), softmax, post_process)
