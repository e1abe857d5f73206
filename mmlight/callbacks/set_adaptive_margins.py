"""Gives classes with few images larger margins."""

from typing import Any

import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray

from mmlight.models.heads.margin_head import ArcFaceClsHead


class SetAdaptiveMargins(Callback):
    """Sets the margins of an `ArcFaceClsHead` by how often classes occur, before training.

    Args:
        margin_min: Margin of the most frequent class.
        margin_max: Margin of the rarest one.
        power: Of the number of images, in between.

    Raises:
        ValueError: When training begins and the model has another head, or the data more classes
            than it.

    From: mmpretrain 1.2 `SetAdaptiveMarginsHook`. Classes without images at the end of the list
    count like the others, where the original refuses them, and classes that are all as frequent
    get the smallest margin, where the original gets no numbers.
    """

    def __init__(
        self, margin_min: float = 0.05, margin_max: float = 0.5, power: float = -0.25
    ) -> None:
        self.margin_min = margin_min
        self.margin_max = margin_max
        self.power = power

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count the labels and set the margins."""
        head: Any = getattr(pl_module, "head", None)
        if not isinstance(head, ArcFaceClsHead):
            raise ValueError(f"head must be an ArcFaceClsHead, got {type(head).__name__}")
        loader: Any = trainer.train_dataloader
        labels = loader.dataset.get_gt_labels()
        counts = np.bincount(labels, minlength=head.num_classes)
        if len(counts) != head.num_classes:
            number = head.num_classes
            raise ValueError(f"num_classes must be at least {len(counts)}, got {number}")
        head.set_margins(self.compute(counts).tolist())

    def compute(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Return a margin for each class, float64 `(K,)`.

        Args:
            counts: Number of images of each class `(K,)`; 0 counts as 1.
        """
        shares = np.power(np.maximum(counts, 1), self.power, dtype=np.float64)
        spread = shares.max() - shares.min()
        normalized = (shares - shares.min()) / (spread or 1)
        margins: NDArray[Any] = normalized * (self.margin_max - self.margin_min) + self.margin_min
        return margins
