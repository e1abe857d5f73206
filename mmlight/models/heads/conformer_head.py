"""The head of Conformer."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from mmlight.models.heads.cls_head import ClsHead, check_num_classes
from mmlight.models.initialize import InitCfg, Initializer, TruncNormal


class ConformerHead(ClsHead):
    """Map the features of both branches to logits by one linear layer each.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels of the maps and of the tokens.
        init_cfg: See `InitModule`; by default a truncated normal distribution with a deviation of
            0.02.
        loss: See `ClsHead`; the branches are compared with the target one by one.
        topk: See `ClsHead`; of the sum of both logits.
        cal_acc: See `ClsHead`.
        branch_reduction: Whether the losses of the branches are added ('sum', 1.x) or averaged
            ('mean', 0.x).

    From: mmcls 0.25 and mmpretrain 1.2 `ConformerHead`. That of 0.25 draws its start values by the
        default of 1.2, whatever `init_cfg` says.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (TruncNormal(std=0.02, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: Sequence[int],
        init_cfg: InitCfg = None,
        *,
        loss: nn.Module | None = None,
        topk: int | Sequence[int] = (1,),
        cal_acc: bool = False,
        branch_reduction: Literal["sum", "mean"] = "sum",
    ) -> None:
        super().__init__(loss=loss, topk=topk, cal_acc=cal_acc, init_cfg=init_cfg)
        if len(in_channels) != 2:
            raise ValueError(f"in_channels must be two numbers, got {in_channels}")
        if branch_reduction not in ("sum", "mean"):
            raise ValueError(f"branch_reduction must be 'sum' or 'mean', got {branch_reduction!r}")
        self.num_classes = check_num_classes(num_classes)
        self.branch_reduction = branch_reduction
        self.conv_cls_head = nn.Linear(in_channels[0], num_classes)
        self.trans_cls_head = nn.Linear(in_channels[1], num_classes)

    def pre_logits(self, feats: Any) -> Any:
        """Return the last features of both branches, `(B, C)` each."""
        return feats[-1]

    def forward(self, feats: Any) -> Any:
        """Return the logits of both branches, `(B, K)` each."""
        maps, tokens = self.pre_logits(feats)
        return self.conv_cls_head(maps), self.trans_cls_head(tokens)

    def loss(self, feats: Any, target: Tensor) -> dict[str, Tensor]:
        """Compute the losses of both branches in one, and the accuracies of their sum."""
        scores = self(feats)
        terms = [self.loss_module(score, target, avg_factor=len(score)) for score in scores]
        share = 2 if self.branch_reduction == "mean" else 1
        loss = terms[0] / share + terms[1] / share
        return {"loss": loss, **self.measure(scores[0] + scores[1], target)}

    def predict(self, feats: Any) -> Tensor:
        """Return scores `(B, K)` of the sum of both logits; each row sums to 1."""
        scores = self(feats)
        return self.score(scores[0] + scores[1])
