"""Cross entropy with smoothed labels."""

from collections.abc import Sequence
from typing import Final, Literal

import torch
from torch import Tensor, nn

from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.targets import class_scores

MODES: Final = ("original", "classy_vision", "multi_label")


def smooth_labels(
    label: Tensor, *, num_classes: int, smoothing: float, mode: str = "original"
) -> Tensor:
    """Move some of the mass of each label to the other classes.

    Args:
        label: Class indices, int64 `(B,)` or `(B, 1)`, or labels per class, `(B, K)`.
        num_classes: Number of classes `K`.
        smoothing: Amount of smoothing, in [0, 1).
        mode: 'original' mixes with the uniform distribution by `smoothing`, 'classy_vision' by
            `smoothing / (1 + smoothing)`; 'multi_label' moves each positive label to `1 -
            smoothing`, each other to `smoothing`.

    Returns:
        Soft labels, float32 `(B, K)`; rows sum to 1 where those of `label` do, except for
        'multi_label'.

    Examples:
        >>> smooth_labels(torch.tensor([1]), num_classes=2, smoothing=0.5)
        tensor([[0.2500, 0.7500]])

    From: mmcls 0.25 and mmpretrain 1.2 `LabelSmoothLoss`.
    """
    label = class_scores(label, num_classes).float()
    if mode == "multi_label":
        smoothed = torch.full_like(label, smoothing)
        return smoothed.masked_fill_(label > 0, 1 - smoothing)
    share = smoothing / (1 + smoothing) if mode == "classy_vision" else smoothing
    return label * (1 - share) + share / num_classes


class LabelSmoothLoss(nn.Module):
    """Cross entropy with smoothed labels as a module.

    Args:
        label_smooth_val: Amount of smoothing, in [0, 1).
        num_classes: Number of classes `K`; None takes it from the logits.
        use_sigmoid: Whether each class has its own sigmoid; None means only in mode 'multi_label'.
        mode: 'original', 'classy_vision' or 'multi_label', see `smooth_labels`.
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor on the result.
        class_weight: See `CrossEntropyLoss`.
        pos_weight: See `CrossEntropyLoss`.

    Raises:
        ValueError: If a value is out of range, or `forward` gets another number of classes.

    Examples:
        >>> LabelSmoothLoss(0.1)(torch.zeros(2, 4), torch.tensor([0, 3]))
        tensor(1.3863)

    From: mmpretrain 1.2 `LabelSmoothLoss`. mmcls 0.25 takes `loss_weight` and `reduction` and
        ignores both.
    """

    def __init__(
        self,
        label_smooth_val: float,
        num_classes: int | None = None,
        use_sigmoid: bool | None = None,
        mode: Literal["original", "classy_vision", "multi_label"] = "original",
        reduction: str = "mean",
        loss_weight: float = 1.0,
        class_weight: Sequence[float] | None = None,
        pos_weight: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= label_smooth_val < 1:
            raise ValueError(f"label_smooth_val must be in [0, 1), got {label_smooth_val}")
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r}")
        self.label_smooth_val = label_smooth_val
        self.num_classes = num_classes
        self.mode = mode
        sigmoid = mode == "multi_label" if use_sigmoid is None else use_sigmoid
        self.ce = CrossEntropyLoss(
            use_sigmoid=sigmoid,
            use_soft=not sigmoid,
            reduction=reduction,
            loss_weight=loss_weight,
            class_weight=class_weight,
            pos_weight=pos_weight,
        )

    def forward(
        self,
        cls_score: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss of logits `(B, K)` and the labels that `smooth_labels` takes.

        Returns:
            A scalar, or a loss per sample for the reduction 'none'.
        """
        num_classes = self.num_classes or cls_score.shape[1]
        if num_classes != cls_score.shape[1]:
            raise ValueError(
                f"num_classes must be {cls_score.shape[1]} like cls_score, got {num_classes}"
            )
        smoothed = smooth_labels(
            label, num_classes=num_classes, smoothing=self.label_smooth_val, mode=self.mode
        )
        loss: Tensor = self.ce(cls_score, smoothed, weight, avg_factor, reduction_override)
        return loss
