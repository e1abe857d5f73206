"""Turns results of pipelines into what can be compared between processes; used on both sides."""

import copy
import hashlib
import random

import numpy as np
import torch
from PIL import Image

RAISED = "raised"


def plain(value):
    """Turn arrays, numbers of numpy and tuples into lists and numbers."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
        return value.tolist()
    return value


def digest(image):
    """Return dtype, shape and digest of an array, a tensor, or a list of them."""
    if isinstance(image, (list, tuple)):
        return [digest(item) for item in image]
    image = np.ascontiguousarray(image)
    return image.dtype.str, image.shape, hashlib.sha1(image).hexdigest()


def is_image(value):
    """Tell whether an entry is an image, or a list of images."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(is_image(item) for item in value)
    return isinstance(value, (torch.Tensor, Image.Image)) or getattr(value, "ndim", 0) > 1


def describe(results, fields):
    """Return the digests of all images of a result, and some of its other entries."""
    images = {key: digest(value) for key, value in sorted(results.items()) if is_image(value)}
    return images, plain({key: results[key] for key in fields if key in results})


def restore(image, norm):
    """Return the pixels of a normalized image, uint8, if it is them to 1e-6; else the image.

    Args:
        image: float32 (C, H, W); float16 to 1e-3.
        norm: (mean, std), or None where it was not normalized.
    """
    image = np.asarray(image)
    tolerance = {"float32": 1e-6, "float16": 1e-3}.get(image.dtype.name)
    if norm is None or tolerance is None:
        return image
    mean, std = (np.array(part, np.float32).reshape(-1, 1, 1) for part in norm)
    pixels = np.rint(image * std + mean)
    error = np.abs((pixels - mean) / std - image)
    fits = (error <= tolerance * np.maximum(1, np.abs(image))).all()
    return pixels.astype(np.uint8) if fits and 0 <= pixels.min() <= pixels.max() <= 255 else image


def run_seeds(pipeline, sample, seeds, describe):
    """Run a pipeline once for each seed.

    Returns:
        For each seed `(*describe(results), next draws)`, or `(RAISED, error)`.
    """
    answers = []
    for seed in seeds:
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        results = copy.deepcopy(sample)
        try:
            found = describe(pipeline(results))
        except Exception as error:
            answers.append((RAISED, f"{type(error).__name__}: {error}"))
            continue
        draws = random.random(), np.random.rand(), torch.rand(1).item()
        answers.append((*found, draws))
    return answers
