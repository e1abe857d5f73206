"""Heads for images that have several classes at once: one sigmoid per class."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmlight.models.heads.cls_head import check_num_classes, last_feature
from mmlight.models.initialize import InitCfg, Initializer, InitModule, Normal
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.models.targets import Target, to_scores


class MultiLabelClsHead(InitModule):
    """Takes logits from the backbone; each class is there or not, whatever the others are.

    Args:
        loss: Loss module, called with (logits, scores `(B, K)`, avg_factor=B); None means
            `CrossEntropyLoss(use_sigmoid=True)`.
        thr: Smallest score of a class that is predicted; 0.5 when neither it nor `topk` is given.
        topk: How many classes are predicted, the best; `thr` goes before.
        init_cfg: See `InitModule`.
        difficult_as_positive: Whether a target of -1, which marks a class that is hard to see,
            counts as 1.

    Attributes:
        num_classes: Number of classes `K`, None where the head does not know it.
        in_channels: Number of input channels, None where the head does not know it.

    From: mmpretrain 1.2 `MultiLabelClsHead`; mmcls 0.25 `MultiLabelClsHead` has
        `difficult_as_positive=True`, and no `thr` and `topk`: there the metrics ask for them.
    """

    num_classes: int | None = None
    in_channels: int | None = None

    def __init__(
        self,
        loss: nn.Module | None = None,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: InitCfg = None,
        *,
        difficult_as_positive: bool = False,
    ) -> None:
        super().__init__(init_cfg)
        if topk is not None and not isinstance(topk, int):
            raise ValueError(f"topk must be one number of classes to predict, got {topk}")
        self.loss_module = CrossEntropyLoss(use_sigmoid=True) if loss is None else loss
        self.thr = 0.5 if thr is None and topk is None else thr
        self.topk = topk
        self.difficult_as_positive = difficult_as_positive

    def pre_logits(self, feats: Any) -> Tensor:
        """Return the input of the last layer."""
        feature: Tensor = last_feature(feats)
        return feature

    def forward(self, feats: Any) -> Tensor:
        """Return logits `(B, K)` from the last feature."""
        return self.pre_logits(feats)

    def loss(self, feats: Any, target: Target, /) -> dict[str, Tensor]:
        """Compute the loss.

        Args:
            feats: As for `forward`.
            target: Scores `(B, K)`, or the class indices of each image.

        Returns:
            The scalar `loss`.
        """
        return self.compare(self(feats), target)

    def compare(self, cls_score: Tensor, target: Target, **options: Any) -> dict[str, Tensor]:
        """Compute what `loss` does from logits `(B, K)`; options are for the loss module."""
        scores = to_scores(target, cls_score.shape[-1])
        if self.difficult_as_positive:
            scores = scores.to(cls_score.dtype).abs()
        loss = self.loss_module(cls_score, scores, avg_factor=len(cls_score), **options)
        return {"loss": loss}

    def predict(self, feats: Any) -> Tensor:
        """Return scores `(B, K)`, each in [0, 1] by itself."""
        return self.score(self(feats))

    def score(self, cls_score: Tensor) -> Tensor:
        """Turn logits `(B, K)` into what `predict` returns."""
        return cls_score.sigmoid()

    def choose_labels(self, scores: Tensor) -> Tensor | list[Tensor]:
        """Return the classes that are predicted for each image.

        Args:
            scores: float `(B, K)`.

        Returns:
            int64 `(n,)` for each: in rising order by `thr`, the best first by `topk`.
        """
        if self.thr is not None:
            return [torch.where(row >= self.thr)[0] for row in scores]
        assert self.topk is not None
        return scores.topk(self.topk).indices


class MultiLabelLinearClsHead(MultiLabelClsHead):
    """Map features to logits by one linear layer; each class is there or not.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        loss: See `MultiLabelClsHead`.
        thr: See `MultiLabelClsHead`.
        topk: See `MultiLabelClsHead`.
        init_cfg: See `InitModule`; by default a normal distribution with a deviation of 0.01.
        difficult_as_positive: See `MultiLabelClsHead`.

    From: mmcls 0.25 and mmpretrain 1.2 `MultiLabelLinearClsHead`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (Normal(std=0.01, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        loss: nn.Module | None = None,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: InitCfg = None,
        *,
        difficult_as_positive: bool = False,
    ) -> None:
        super().__init__(loss, thr, topk, init_cfg, difficult_as_positive=difficult_as_positive)
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`."""
        cls_score: Tensor = self.fc(self.pre_logits(feats))
        return cls_score
