"""Draws the first test images with their predicted and true classes."""

import os
from typing import Any

import cv2
import lightning as L
import numpy as np
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor

from mmlight.visualize.predictions import (
    RIGHT,
    WRONG,
    describe_prediction,
    draw_grid,
    draw_prediction,
)


class PredictionGrid(Callback):
    """Writes `predictions.png` into the work directory when a model is tested.

    A right prediction is written in green; under a wrong one, in red, stands the true class. Images
    with several classes are not drawn.

    Args:
        work_dir: Folder of the picture.
        count: Number of images, the first of the first test batch.
    """

    def __init__(self, work_dir: str, count: int = 32) -> None:
        self.work_dir = work_dir
        self.count = count

    @rank_zero_only
    def on_test_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the first batch."""
        if batch_idx or dataloader_idx or batch["target"].ndim != 1:
            return
        is_bgr = getattr(pl_module.preprocessor, "to_rgb", True)
        targets = batch["target"][: self.count].tolist()
        cells = []
        for image, scores, target in zip(batch["inputs"], outputs["scores"], targets, strict=False):
            found = pl_module.describe_scores(scores.float().cpu())
            right = found["pred_label"] in (target, [target])
            true = pl_module.classes[target] if target < len(pl_module.classes) else str(target)
            lines = [describe_prediction(found), "" if right else f"({true})"]
            cells.append(
                draw_prediction(_to_array(image, is_bgr), lines, color=RIGHT if right else WRONG)
            )
        os.makedirs(self.work_dir, exist_ok=True)
        path = os.path.join(self.work_dir, "predictions.png")
        cv2.imwrite(path, draw_grid(cells))


def _to_array(image: Tensor, is_bgr: bool) -> Any:
    """Turn an input `(C, H, W)` of any range into uint8 `(H, W, C)` BGR."""
    array = image.float().permute(1, 2, 0).cpu().numpy()  # (C, H, W) -> (H, W, C)
    if image.is_floating_point():
        low, high = array.min(), array.max()
        array = (array - low) * (255 / max(high - low, 1e-6))
    return (array if is_bgr else array[..., ::-1]).astype(np.uint8)
