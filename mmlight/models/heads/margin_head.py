"""ArcFace: the cosine between feature and class, with a margin for the right class."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.errors import DataError
from mmlight.models.heads.cls_head import ClsHead, check_num_classes
from mmlight.models.initialize import InitCfg


class NormProduct(nn.Linear):
    """Cosine between each input and each class, the best of its centres.

    Args:
        in_features: Channels `C`.
        out_features: Number of classes `K`.
        k: Centres per class.

    From: mmpretrain 1.2 `NormProduct`, as its ArcFace head makes it.
    """

    def __init__(self, in_features: int, out_features: int, k: int = 1) -> None:
        super().__init__(in_features, out_features * k, bias=False)
        self.out_features = out_features
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Map `(B, C)` to cosines `(B, K)`."""
        cosine = functional.linear(functional.normalize(input), functional.normalize(self.weight))
        if self.k == 1:
            return cosine
        return cosine.view(-1, self.out_features, self.k).max(dim=2).values  # (B, K k) -> (B, K)


class ArcFaceClsHead(ClsHead):
    """Train with an angle added between a feature and its class; predict by cosines.

    Args:
        num_classes: Number of classes `K`, at least 1.
        in_channels: Channels `C` of the last feature.
        num_subcenters: Centres per class, at least 1; the nearest counts.
        scale: Factor on the cosines.
        margins: The angle that is added for the right class [rad]: one for all, one per class, or
            a text file (.txt) of one per class.
        easy_margin: Whether it is added only where the cosine is positive. Otherwise, where the
            angle would pass pi, the cosine is lowered instead.
        loss: See `ClsHead`.
        init_cfg: See `InitModule`.

    Raises:
        DataError: If the file of margins cannot be read.
        ValueError: If a value is out of range.

    From: mmpretrain 1.2 `ArcFaceClsHead`. Under mixed precision it takes half precision features,
    where the original raises.
    """

    uses_labels: ClassVar[bool] = True

    margins: Tensor
    sinm_m: Tensor
    threshold: Tensor

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_subcenters: int = 1,
        scale: float = 64.0,
        margins: float | Sequence[float] | str = 0.50,
        easy_margin: bool = False,
        loss: nn.Module | None = None,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(loss=loss, init_cfg=init_cfg)
        if num_subcenters < 1:
            raise ValueError(f"num_subcenters must be at least 1, got {num_subcenters}")
        self.num_classes: int = check_num_classes(num_classes)
        self.in_channels = in_channels
        self.scale = scale
        self.easy_margin = easy_margin
        self.norm_product = NormProduct(in_channels, num_classes, num_subcenters)
        for name in ("margins", "sinm_m", "threshold"):
            self.register_buffer(name, torch.empty(0), persistent=False)
        self.set_margins(_read_margins(margins) if isinstance(margins, str) else margins)

    def set_margins(self, margins: float | Sequence[float]) -> None:
        """Replace the margins [rad]: one for all classes, or one per class.

        Raises:
            ValueError: If there is not one per class.
        """
        values = (
            [margins] * self.num_classes if isinstance(margins, (int, float)) else list(margins)
        )
        if len(values) != self.num_classes:
            raise ValueError(f"margins must have {self.num_classes} values, got {len(values)}")
        weight = self.norm_product.weight
        self.margins = torch.tensor(values, dtype=torch.float32, device=weight.device)
        # beyond pi - m the cosine of the sum would rise again: there a line goes on downwards
        self.sinm_m = torch.sin(math.pi - self.margins) * self.margins
        self.threshold = torch.cos(math.pi - self.margins)

    def forward(self, feats: Any, target: Tensor | None = None) -> Tensor:
        """Map the last feature `(B, C)` to logits `(B, K)`, with margins for a target.

        Args:
            feats: Features.
            target: Class indices, int64 `(B,)`; None adds no margin.
        """
        feature = self.pre_logits(feats)
        with torch.autocast(feature.device.type, enabled=False):
            cosine = self.norm_product(feature.to(self.norm_product.weight.dtype))
            if target is not None:
                index = target.view(-1, 1)  # (B,) -> (B, 1)
                wanted = self._add_margins(cosine.gather(1, index), index)
                cosine = cosine.scatter(1, index, wanted)
            logits: Tensor = self.scale * cosine
        return logits

    def loss(
        self, feats: Any, target: Tensor, /, *, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute the loss.

        Args:
            feats: As for `forward`.
            target: Class indices, int64 `(B,)`, or soft labels, float `(B, K)`.
            labels: Class indices, int64 `(B,)`, of which the margins are; needed when the target is
                soft.

        Raises:
            ValueError: If the target is soft and there are no labels.
        """
        labels = target if labels is None else labels
        if labels.ndim == 2 and labels.shape[1] > 1:
            shape = tuple(labels.shape)
            raise ValueError(f"labels must be class indices for the margins, got scores {shape}")
        cls_score = self(feats, labels)
        return {"loss": self.loss_module(cls_score, target, avg_factor=len(cls_score))}

    def _add_margins(self, cosine: Tensor, index: Tensor) -> Tensor:
        """Add the margins of the classes `(B, 1)` to their cosines `(B, 1)`.

        The others are left out, for the derivative of acos is infinite where a cosine is 1.
        """
        shifted = torch.cos(torch.acos(cosine) + self.margins[index])
        if self.easy_margin:
            return torch.where(cosine > 0, shifted, cosine)
        return torch.where(cosine > self.threshold[index], shifted, cosine - self.sinm_m[index])


def _read_margins(file: str) -> list[float]:
    if not file.endswith(".txt"):
        raise ValueError(f"margins must be a number, a list of them or a .txt file, got {file!r}")
    try:
        return [float(line) for line in Path(file).read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        raise DataError(
            file, f"margins cannot be read: {error}", next_step="Write one number on each line."
        ) from error
