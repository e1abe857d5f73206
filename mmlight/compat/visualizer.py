"""The visualizer: writes numbers, images and configs to all places that a run has for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import lightning as L
import numpy as np
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image

from mmlight.compat.named_instance import ManagerMixin
from mmlight.compat.vis_backend import BackendLogger, LocalVisBackend, LoggerBackend
from mmlight.visualize.predictions import draw_prediction

DEFAULT: Final = "mmlight"
"""Name of the instance of runs whose config has no visualizer of its own."""
_of_trainers: "WeakKeyDictionary[L.Trainer, Any]" = WeakKeyDictionary()


class Visualizer(ManagerMixin):
    """Writes to its backends.

    Args:
        name: Name of the instance.
        image: What is drawn on, uint8 `(H, W, 3)` RGB.
        vis_backends: Where to write; in a run those of the run are added.
        save_dir: Folder of files, in which `vis_data` is made; None writes none outside a run.
        fig_save_cfg: Accepted; pictures are drawn without matplotlib.
        fig_show_cfg: Accepted.

    Attributes:
        dataset_meta: Facts about the data, such as `classes`.

    From: mmengine 0.10 `Visualizer`. Of its methods that draw shapes there is none here.
    """

    def __init__(
        self,
        name: str = "visualizer",
        image: Any = None,
        vis_backends: Sequence[Any] | Any = (),
        save_dir: str | None = None,
        fig_save_cfg: Mapping[str, Any] | None = None,
        fig_show_cfg: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name)
        Visualizer._instances[name] = self
        self.dataset_meta: dict[str, Any] | None = None
        self._image = image
        given = vis_backends if isinstance(vis_backends, (list, tuple)) else [vis_backends]
        self._own: list[Any] = [backend for backend in given if backend is not None]
        if save_dir is not None:
            self._own.insert(0, LocalVisBackend(f"{save_dir}/vis_data"))
        self._vis_backends: list[Any] = list(self._own)

    @classmethod
    def get_instance(cls, name: str, **kwargs: Any) -> Any:
        """Return the instance of that name; at the first call it is made with the arguments."""
        if name not in Visualizer._instances:
            cls(name=name, **kwargs)
        return Visualizer._instances[name]

    @classmethod
    def get_current_instance(cls) -> Any:
        """Return the instance that was made last; a new one when there is none."""
        if not Visualizer._instances:
            return UniversalVisualizer.get_instance(DEFAULT)
        return Visualizer._instances[next(reversed(Visualizer._instances))]

    # ---------------------------------------------------------------- in a run

    @classmethod
    def of_run(cls, trainer: L.Trainer, work_dir: str = "") -> Any:
        """Return the visualizer of a run.

        Args:
            trainer: Who runs.
            work_dir: Folder of the run, where files are written unless `begin` named another one.
        """
        if trainer not in _of_trainers:
            cls.begin(trainer, work_dir)
        return _of_trainers[trainer]

    @classmethod
    def begin(
        cls,
        trainer: L.Trainer,
        folder: str,
        visualizer: Any = None,
        local: Mapping[str, Any] | None = None,
    ) -> Any:
        """Let a visualizer write where a run does.

        Args:
            trainer: Who runs; its loggers are written to.
            folder: Folder of the files.
            visualizer: The user's own; None for the usual one, not for that of an earlier run.
            local: Arguments of the backend that writes files.
        """
        found = visualizer or UniversalVisualizer.get_instance(DEFAULT)
        Visualizer._instances.pop(found.instance_name, None)
        Visualizer._instances[found.instance_name] = found  # the current one from here on
        found._enter(trainer, {"save_dir": folder, **(local or {})})
        _of_trainers[trainer] = found
        return found

    def _enter(self, trainer: L.Trainer, local: Mapping[str, Any]) -> None:
        own = [b for b in self._own if not isinstance(b, LocalVisBackend)]
        others = [
            logger.backend if isinstance(logger, BackendLogger) else LoggerBackend(logger, trainer)
            for logger in trainer.loggers
        ]
        self._vis_backends = [LocalVisBackend(**local), *own, *others]

    def get_backend(self, name: str) -> Any:
        """Return a backend by the name of its class, or of the class of its logger."""
        for backend in self._vis_backends:
            if name in (type(backend).__name__, type(getattr(backend, "logger", None)).__name__):
                return backend
        raise KeyError(f"{name!r} is not among {[type(b).__name__ for b in self._vis_backends]}")

    # ---------------------------------------------------------------- writing

    @rank_zero_only
    def add_config(self, config: Any, **kwargs: Any) -> None:
        """Write a config."""
        for backend in self._vis_backends:
            backend.add_config(config, **kwargs)

    @rank_zero_only
    def add_graph(self, model: Any, data_batch: Any, **kwargs: Any) -> None:
        """Write the graph of a model."""
        for backend in self._vis_backends:
            backend.add_graph(model, data_batch, **kwargs)

    @rank_zero_only
    def add_image(self, name: str, image: Any, step: int = 0) -> None:
        """Write an image, uint8 `(H, W, 3)` RGB."""
        for backend in self._vis_backends:
            backend.add_image(name, image, step)

    @rank_zero_only
    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Write a number."""
        for backend in self._vis_backends:
            backend.add_scalar(name, value, step, **kwargs)

    @rank_zero_only
    def add_scalars(
        self,
        scalar_dict: Mapping[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Write several numbers, to a file of this name as well."""
        for backend in self._vis_backends:
            backend.add_scalars(scalar_dict, step, file_path, **kwargs)

    def add_datasample(self, *args: Any, **kwargs: Any) -> None:
        """Draw a sample; for users' own classes."""

    def close(self) -> None:
        """End the writing; the loggers of a Trainer end with it."""
        for backend in self._vis_backends:
            backend.close()

    # ---------------------------------------------------------------- pictures

    def set_image(self, image: Any) -> None:
        """Choose what is drawn on, uint8 `(H, W, 3)` RGB."""
        self._image = np.asarray(image).astype(np.uint8)

    def get_image(self) -> Any:
        """Return the picture, uint8 `(H, W, 3)` RGB."""
        if self._image is None:
            raise ValueError("the visualizer has no image; call set_image first")
        return self._image

    def show(self, drawn_img: Any = None, win_name: str = "image", **kwargs: Any) -> None:
        """Show a picture in the viewer of the system."""
        Image.fromarray(self.get_image() if drawn_img is None else drawn_img).show(win_name)


class UniversalVisualizer(Visualizer):
    """Draws what is predicted for an image.

    From: mmpretrain 1.2 `UniversalVisualizer`; the text stands below the image.
    """

    @rank_zero_only
    def visualize_cls(
        self,
        image: Any,
        data_sample: Any,
        classes: Sequence[str] | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        draw_score: bool = True,
        resize: int | None = None,
        rescale_factor: float | None = None,
        text_cfg: Mapping[str, Any] | None = None,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        name: str = "",
        step: int = 0,
    ) -> Any:
        """Write true and predicted classes below an image, and the picture to all backends.

        Args:
            image: uint8 `(H, W, 3)` RGB.
            data_sample: Has `gt_label`, `pred_label`, `pred_score`, as far as known.
            classes: Class names.
            draw_gt: Whether the true classes are written.
            draw_pred: Whether the predicted ones are.
            draw_score: Whether their scores are.
            resize: Length of the shorter side [px].
            rescale_factor: Change the size by this factor.
            text_cfg: Accepted; it describes text of matplotlib.
            show: Show the picture.
            wait_time: Accepted; the viewer stays open.
            out_file: Write the picture there, and not to the backends.
            name: Name of the picture.
            step: When it was drawn.

        Returns:
            The picture, uint8 `(H', W', 3)` RGB.
        """
        classes = classes or (self.dataset_meta or {}).get("classes")
        lines = []
        if draw_gt and "gt_label" in data_sample:
            lines.append(f"Ground truth: {_list(data_sample.gt_label, classes)}")
        if draw_pred and "pred_label" in data_sample:
            scores = data_sample.get("pred_score") if draw_score else None
            lines.append(f"Prediction: {_list(data_sample.pred_label, classes, scores)}")
        sized = _resize(np.asarray(image), resize, rescale_factor)
        # RGB -> BGR -> RGB
        drawn = draw_prediction(np.ascontiguousarray(sized[..., ::-1]), lines)[..., ::-1]
        self.set_image(drawn)
        if show:
            self.show(drawn, win_name=name)
        if out_file is not None:
            Image.fromarray(self.get_image()).save(out_file)
        else:
            self.add_image(name, self.get_image(), step=step)
        return self.get_image()


def _list(labels: Any, classes: Sequence[str] | None, scores: Any = None) -> str:
    """Write class numbers with scores and names."""
    texts = []
    for label in labels.tolist():
        score = "" if scores is None else f", {float(scores[label]):.2f}"
        texts.append(f"{label}{score}" + (f" ({classes[label]})" if classes else ""))
    return "; ".join(texts) or "none"


def _resize(image: Any, side_px: int | None, factor: float | None) -> Any:
    height, width = image.shape[:2]
    if side_px is not None:
        factor = side_px / min(height, width)
    if factor is None:
        return image
    size = (max(round(width * factor), 1), max(round(height * factor), 1))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
