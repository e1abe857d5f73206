"""Draws the first test images with their predicted and true classes."""

import os
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image

from mmlight.models.targets import list_labels
from mmlight.models.views import has_views
from mmlight.visualize.predictions import make_cell
from mmlight.visualize.sheet import Block, draw_sheet

COLUMNS, CELL_PX = 8, 112


class PredictionGrid(Callback):
    """Writes `predictions.png` into the work directory when a model is tested.

    A right prediction is written in green; under a wrong one, in red, stands the true class.

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
        if batch_idx or dataloader_idx:
            return
        is_bgr = getattr(pl_module.preprocessor, "to_rgb", True)
        labels = list_labels(batch["target"])
        images = batch["inputs"][0] if has_views(batch["inputs"]) else batch["inputs"]
        shown = list(zip(images, outputs["scores"], labels, strict=True))[: self.count]
        cells = []
        for image, scores, label in shown:
            found = pl_module.describe_scores(scores.float().cpu())
            cells.append(make_cell(image, found, label, pl_module.classes, is_bgr=is_bgr))
        os.makedirs(self.work_dir, exist_ok=True)
        path = os.path.join(self.work_dir, "predictions.png")
        sheet = draw_sheet([Block(cells)], columns=COLUMNS, cell_px=CELL_PX)
        Image.fromarray(sheet).save(path)
