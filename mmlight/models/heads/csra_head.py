"""Class-specific residual attention: logits from an average and a weighted average of places."""

from typing import Any, ClassVar, Final

from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.heads.cls_head import check_num_classes
from mmlight.models.heads.multi_label_head import MultiLabelClsHead
from mmlight.models.initialize import InitCfg, Initializer, Normal

TEMPERATURES: Final = {
    1: (1,),
    2: (1, 99),
    4: (1, 2, 4, 99),
    6: (1, 2, 3, 4, 5, 99),
    8: (1, 2, 3, 4, 5, 6, 7, 99),
}
"""Number of heads → the temperature of each; 99 stands for the maximum."""
MAXIMUM: Final = 99


class CSRAModule(nn.Module):
    """Score each place for each class, then join the places.

    Args:
        num_classes: Number of classes `K`.
        in_channels: Channels `C` of the feature map.
        temperature: How much better places outweigh others; 99 takes the best one alone.
        lam: Weight of the weighted average, beside that of all places.

    From: mmcls 0.25 and mmpretrain 1.2 `CSRAModule`.
    """

    def __init__(self, num_classes: int, in_channels: int, temperature: int, lam: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.lam = lam
        self.head = nn.Conv2d(in_channels, num_classes, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(B, C, H, W)` to logits `(B, K)`."""
        length = self.head.weight.norm(dim=1, keepdim=True).transpose(0, 1)  # (1, K, 1, 1)
        score: Tensor = (self.head(x) / length).flatten(2)  # (B, K, H, W) -> (B, K, HW)
        if self.temperature == MAXIMUM:
            attended = score.max(dim=2).values
        else:
            attended = (score * functional.softmax(score * self.temperature, dim=2)).sum(dim=2)
        return score.mean(dim=2) + self.lam * attended


class CSRAClsHead(MultiLabelClsHead):
    """Sum the logits of several `CSRAModule` of different temperature.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature map.
        num_heads: 1, 2, 4, 6 or 8.
        lam: Weight of the attended score, above 0.
        init_cfg: See `InitModule`; by default a normal distribution for linear layers, of which
            this head has none: torch's own start values stay.
        loss: See `MultiLabelClsHead`.
        thr: See `MultiLabelClsHead`.
        topk: See `MultiLabelClsHead`.
        difficult_as_positive: See `MultiLabelClsHead`.
        logits_as_scores: Whether `predict` leaves out the sigmoid, as mmcls 0.25 does; a threshold
            on such scores is one on logits.

    From: mmpretrain 1.2 `CSRAClsHead`; mmcls 0.25 `CSRAClsHead` has `logits_as_scores=True`.
    """

    default_init: ClassVar[tuple[Initializer, ...]] = (Normal(std=0.01, layer="Linear"),)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_heads: int,
        lam: float,
        init_cfg: InitCfg = None,
        *,
        loss: nn.Module | None = None,
        thr: float | None = None,
        topk: int | None = None,
        difficult_as_positive: bool = False,
        logits_as_scores: bool = False,
    ) -> None:
        super().__init__(loss, thr, topk, init_cfg, difficult_as_positive=difficult_as_positive)
        if num_heads not in TEMPERATURES:
            known = ", ".join(map(str, TEMPERATURES))
            raise ValueError(f"num_heads must be one of {known}, got {num_heads}")
        if lam <= 0:
            raise ValueError(f"lam must be above 0, got {lam}")
        self.num_classes = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.logits_as_scores = logits_as_scores
        self.csra_heads = nn.ModuleList(
            CSRAModule(num_classes, in_channels, temperature, lam)
            for temperature in TEMPERATURES[num_heads]
        )

    def forward(self, feats: Any) -> Tensor:
        """Map the last feature map `(B, C, H, W)` to logits `(B, K)`."""
        x = self.pre_logits(feats)
        first, *others = [head(x) for head in self.csra_heads]
        cls_score: Tensor = sum(others, first)
        return cls_score

    def score(self, cls_score: Tensor) -> Tensor:
        """Turn logits `(B, K)` into sigmoids, or leave them for `logits_as_scores`."""
        return cls_score if self.logits_as_scores else cls_score.sigmoid()
