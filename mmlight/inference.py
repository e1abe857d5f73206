"""Uses a trained classifier in Python: `init_model`, `inference_model`, `show_result_pyplot`."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mmlight.build import build_model, instantiate
from mmlight.check.calls import find_target
from mmlight.compat import provide_names
from mmlight.data.collate import collate, move_batch
from mmlight.data.decode import read_image
from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.load import LoadImageFromFile
from mmlight.errors import WeightsError
from mmlight.module import ImageClassifier
from mmlight.read.config import Config
from mmlight.run import read_spec
from mmlight.spec import Call, Spec
from mmlight.visualize.predictions import describe_prediction, draw_prediction
from mmlight.weights.describe import find_classes
from mmlight.weights.load import load_whole_state
from mmlight.weights.read import find_weights, read_checkpoint

Image = str | Path | np.ndarray


@provide_names()
def init_model(
    config: str | Path | Config | Spec | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device = "cpu",
) -> ImageClassifier:
    """Build a classifier for inference.

    Args:
        config: A config; None when `checkpoint` is one of ours, which describes its model itself.
        checkpoint: Weights, `.ckpt` of ours or `.pth` of mm; None leaves them as they are at first.
        device: Where the model runs.

    Returns:
        The classifier in eval mode, with `classes` from the checkpoint, else from the config.

    Raises:
        WeightsError: If neither says what to build, or the weights do not fit.

    From: mmcls 0.25 `init_model`, mmpretrain 1.2 `get_model`.
    """
    content = read_checkpoint(checkpoint) if checkpoint is not None else {}
    ours = content.get("mmlight", {})
    if config is None and not ours.get("spec"):
        raise WeightsError(
            str(checkpoint),
            "neither a config nor a checkpoint that describes its model was given",
            next_step="Name the config as well.",
        )
    spec = Spec.from_yaml(ours["spec"]) if config is None else read_spec(config)
    model = build_model(_without_training(spec))
    if checkpoint is not None:
        load_whole_state(model, find_weights(content, str(checkpoint)), str(checkpoint))
    model.classes = find_classes(content) or _find_classes(spec)
    model.pipeline = _build_pipeline(spec)
    return model.to(device).eval()


@provide_names()
def inference_model(model: ImageClassifier, img: Image) -> dict[str, Any]:
    """Classify one image.

    Args:
        model: What `init_model` returned.
        img: A file, or uint8 `(H, W, 3)` BGR or `(H, W)`.

    Returns:
        What `ImageClassifier.describe_scores` says: `pred_label`, `pred_score`, `pred_class`, ...

    Raises:
        ValueError: If an array has another shape, or the model no pipeline.

    From: mmcls 0.25 and mmpretrain 1.2 `inference_model`.
    """
    if model.pipeline is None:
        raise ValueError("the model has no pipeline; make it with mmlight.init_model")
    results = {"img_path": str(img)} if isinstance(img, (str, Path)) else _describe_array(img)
    batch = collate([model.pipeline(results)])
    with torch.inference_mode():
        scores = model(move_batch(batch, model.device)["inputs"])
    return model.describe_scores(scores[0].float().cpu())


def show_result_pyplot(
    model: ImageClassifier,
    img: Image,
    result: dict[str, Any],
    *,
    title: str = "result",
    wait_time: float = 0,
    out_file: str | None = None,
) -> np.ndarray:
    """Show an image with its predicted class in a matplotlib window or notebook cell.

    Args:
        model: What `init_model` returned.
        img: A file, or uint8 `(H, W, 3)` BGR or `(H, W)`.
        result: What `inference_model` returned.
        title: Title of the figure.
        wait_time: Seconds after which the figure closes; 0 leaves it open.
        out_file: Write the picture to this file instead of showing it.

    Returns:
        The picture, uint8 `(H', W', 3)` BGR.

    From: mmcls 0.25 `show_result_pyplot`.
    """
    array = read_image(str(img)) if isinstance(img, (str, Path)) else img
    picture = draw_prediction(array, describe_prediction(result).split(", "))
    if out_file is not None:
        Path(out_file).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(out_file, picture)
        return picture
    import matplotlib.pyplot as plt

    figure = plt.figure(num=title)
    plt.imshow(picture[..., ::-1])  # BGR -> RGB
    plt.axis("off")
    plt.show(block=wait_time == 0)
    if wait_time:
        plt.pause(wait_time)
        plt.close(figure)
    return picture


def _without_training(spec: Spec) -> Spec:
    """Keep what the model needs; data and pretrained weights may not be on this machine."""
    training = ("optimizer", "grad_clip", "val_metrics", "test_metrics", "batch_augments")
    model = {key: value for key, value in spec.model.items() if key not in training}
    return Spec(model=model)


def _find_classes(spec: Spec) -> tuple[str, ...]:
    """Return the class names of the dataset, none if it does not say."""
    dataset = _find_dataset(spec)
    described = dataset.kwargs.get("metainfo") or {}
    names = (
        dataset.kwargs.get("classes")
        or described.get("classes")
        or getattr(find_target(dataset), "METAINFO", {}).get("classes")
    )
    return () if names is None or isinstance(names, str) else tuple(names)


def _find_dataset(spec: Spec) -> Call:
    loader = spec.data.get("test") or spec.data.get("val") or spec.data.get("train")
    dataset = loader.kwargs["dataset"] if isinstance(loader, Call) else None
    while isinstance(dataset, Call) and isinstance(dataset.kwargs.get("dataset"), Call):
        dataset = dataset.kwargs["dataset"]
    return dataset if isinstance(dataset, Call) else Call("builtins.dict")


def _build_pipeline(spec: Spec) -> Compose:
    """Build the test pipeline; an image that is given as an array is not loaded from a file."""
    steps = [instantiate(call) for call in _find_dataset(spec).kwargs.get("pipeline", ())]
    loaders = [step for step in steps if isinstance(step, LoadImageFromFile)]
    loader = loaders[0] if loaders else LoadImageFromFile(color_type=_color_type(spec))
    return Compose([_LoadUnlessGiven(loader), *(step for step in steps if step not in loaders)])


def _color_type(spec: Spec) -> str:
    """Return how an image file is read for a dataset that holds its images in memory."""
    preprocessor = spec.model.get("preprocessor")
    mean = preprocessor.kwargs.get("mean") if isinstance(preprocessor, Call) else None
    return "grayscale" if mean is not None and len(mean) == 1 else "color"


class _LoadUnlessGiven:
    """Loads the image from its file unless the results hold it."""

    def __init__(self, load: LoadImageFromFile) -> None:
        self.load = load

    def __call__(self, results: dict[str, Any]) -> dict[str, Any] | None:
        return results if "img" in results else self.load(results)


def _describe_array(image: np.ndarray) -> dict[str, Any]:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
        raise ValueError(
            f"img must be of shape (H, W, 3) in BGR order or (H, W), got {image.shape}"
        )
    return {"img": image, "img_shape": image.shape[:2], "ori_shape": image.shape[:2]}
