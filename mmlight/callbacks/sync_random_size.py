"""Draws another image size after each epoch, the same in all processes."""

import random
from collections.abc import Mapping
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from mmlight.callbacks.announcer import require_announcer
from mmlight.data.pipeline_change import change_pipelines

STRIDE = 32


class SyncRandomSize(Callback):
    """Draws a multiple of 32 as the size of the images of the next epochs.

    A dataset with `update_dynamic_scale` is told the size; in others all `Resize` transforms of the
    pipeline take it on.

    Args:
        ratio_range: The smallest and the largest multiple; None draws nothing.
        img_scale: Width and height, of which the second keeps its ratio to the first.
        interval: Epochs from one draw to the next.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmdet 2.x `SyncRandomSizeHook`, of which a resumed run forgets the size.
    """

    def __init__(
        self,
        ratio_range: tuple[int, int] | None = (14, 26),
        img_scale: tuple[int, int] = (640, 640),
        interval: int = 1,
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.ratio_range = ratio_range
        self.img_scale = img_scale
        self.interval = interval
        self.size: tuple[int, int] | None = None

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Go on with the size of a run that is resumed."""
        if self.size is not None:
            set_size(trainer.train_dataloader, self.size, renew=False)

    def after_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draw a size."""
        done = require_announcer(trainer).place.epoch + 1
        if self.ratio_range is None or done % self.interval:
            return
        size = self._draw() if trainer.is_global_zero else None
        self.size = trainer.strategy.broadcast(size)
        assert self.size is not None
        set_size(trainer.train_dataloader, self.size)

    def _draw(self) -> tuple[int, int]:
        factor = self.img_scale[1] / self.img_scale[0]
        ratio = random.randint(*self.ratio_range or (1, 1))
        return STRIDE * ratio, STRIDE * int(ratio * factor)

    def state_dict(self) -> dict[str, Any]:
        """Return the size."""
        return {"size": self.size}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the size."""
        self.size = state_dict["size"] and tuple(state_dict["size"])


def set_size(loader: Any, size: tuple[int, int], *, renew: bool = True) -> None:
    """Give the images of a loader another size `(width, height)` [px]."""
    if hasattr(loader.dataset, "update_dynamic_scale"):
        loader.dataset.update_dynamic_scale(size)
    else:

        def resize(transforms: list[Any]) -> list[Any]:
            for transform in transforms:
                if type(transform).__name__ == "Resize":
                    transform.scale = size
            return transforms

        change_pipelines(loader, resize, renew=renew)
