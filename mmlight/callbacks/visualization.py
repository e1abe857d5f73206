"""Draws predictions of single images during validation and test."""

import os
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.hooks.batch_view import view_predictions
from mmlight.hooks.runner_view import find_view
from mmlight.models.views import has_views
from mmlight.visualize.predictions import to_pixels


class Visualization(Callback):
    """Gives every `interval`-th image of a validation or test to the visualizer, with predictions.

    Args:
        enable: Whether anything is drawn.
        interval: Distance of the images, counted from the first of the data.
        show: Show each picture in the viewer of the system.
        out_dir: Write the pictures there and nowhere else.
        **draw_args: Arguments of the visualizer's `visualize_cls`.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmpretrain 1.2 `VisualizationHook`, which draws BGR images as if they were RGB.
    """

    def __init__(
        self,
        enable: bool = False,
        interval: int = 5000,
        show: bool = False,
        out_dir: str | None = None,
        **draw_args: Any,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.enable = enable
        self.interval = interval
        self.out_dir = out_dir
        self.draw_args = {**draw_args, "show": show}
        self._seen = 0

    def on_validation_batch_end(
        self, trainer: L.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        """Draw images of a validation; pictures are numbered by epoch or iteration."""
        view = find_view(trainer)
        self._draw(
            trainer, module, outputs, batch, batch_idx, view.epoch if view.by_epoch else view.iter
        )

    def on_test_batch_end(
        self, trainer: L.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        """Draw images of a test."""
        self._draw(trainer, module, outputs, batch, batch_idx, 0)

    def _draw(
        self, trainer: L.Trainer, module: Any, outputs: Any, batch: Any, batch_idx: int, step: int
    ) -> None:
        if not self.enable or not trainer.is_global_zero or trainer.sanity_checking:
            return
        start = self._seen if batch_idx else 0
        self._seen = start + len(outputs["scores"])
        places = [n - start for n in range(start, self._seen) if n % self.interval == 0]
        if not places:
            return
        samples = view_predictions(outputs, batch)
        images = batch["inputs"][0] if has_views(batch["inputs"]) else batch["inputs"]
        is_bgr = getattr(module.preprocessor, "to_rgb", True)
        for place in places:
            sample = samples[place]
            path = sample.get("img_path")
            name = os.path.basename(path) if path else str(start + place)
            image = to_pixels(images[place].cpu(), is_bgr=is_bgr)
            self._give(trainer, image, sample, name, step)

    def _give(self, trainer: L.Trainer, image: Any, sample: Any, name: str, step: int) -> None:
        file = {}
        if self.out_dir is not None:
            os.makedirs(self.out_dir, exist_ok=True)
            file = {"out_file": os.path.join(self.out_dir, f"{name}_{step}.png")}
        visualizer = find_view(trainer).visualizer
        visualizer.visualize_cls(
            image=image, data_sample=sample, name=name, step=step, **self.draw_args, **file
        )
