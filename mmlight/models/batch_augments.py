"""Mixes the images of a batch and their labels: Mixup, CutMix, ResizeMix, one of them at random.

The random numbers come from the same generators in the same order as in the originals: numpy's
global one for ratios and boxes, torch's for the pairing, and for the choice among augments the one
that `generation` names.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mmlight.models.targets import Target, to_scores

Box = tuple[int, int, int, int]
"""Top, bottom, left, right [px]; bottom and right are outside."""

ALIGNABLE_MODES: Final = ("linear", "bilinear", "bicubic", "trilinear")


class BatchAugment(ABC):
    """Mixes images `(B, C, H, W)` and soft labels float32 `(B, K)`; neither input is changed."""

    @abstractmethod
    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mixed images and labels, of the same shapes."""


AnyAugment: TypeAlias = Callable[[Tensor, Tensor], Any]
"""An augment, or a user's function of the same form."""


class Identity(BatchAugment):
    """Leave the batch as it is.

    From: mmcls 0.25 `Identity`.
    """

    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inputs."""
        return inputs, scores


class Mixup(BatchAugment):
    """Blend each image with another one of the batch.

    Args:
        alpha: Both parameters of the beta distribution of the ratio, above 0.

    From: mmpretrain 1.2 `Mixup`, mmcls 0.25 `BatchMixup`.
    """

    def __init__(self, alpha: float) -> None:
        if alpha <= 0:
            raise ValueError(f"alpha must be above 0, got {alpha}")
        self.alpha = alpha

    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Blend images and labels by the same ratio."""
        ratio = self.draw_ratio()
        partner = torch.randperm(len(inputs)).to(inputs.device, non_blocking=True)
        return mix(inputs, inputs[partner], ratio), mix(scores, scores[partner], ratio)

    def draw_ratio(self) -> float:
        """Draw the share that an image keeps, in [0, 1]."""
        return float(np.random.beta(self.alpha, self.alpha))


class CutMix(Mixup):
    """Paste a box of another image of the batch.

    Args:
        alpha: Both parameters of the beta distribution of the ratio, above 0.
        cutmix_minmax: Smallest and largest side of the box relative to the image; then the ratio
            follows from the box.
        correct_lam: Whether the ratio is corrected for boxes that reach over the border.

    From: mmpretrain 1.2 `CutMix`, mmcls 0.25 `BatchCutMix`.
    """

    def __init__(
        self,
        alpha: float,
        cutmix_minmax: tuple[float, float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        super().__init__(alpha)
        if cutmix_minmax is not None and len(cutmix_minmax) != 2:
            raise ValueError(f"cutmix_minmax must have two values, got {cutmix_minmax}")
        self.cutmix_minmax = cutmix_minmax
        self.correct_lam = correct_lam

    def __call__(self, inputs: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Paste boxes and mix the labels by area."""
        ratio = self.draw_ratio()
        partner = torch.randperm(len(inputs)).to(inputs.device, non_blocking=True)
        height, width = inputs.shape[-2:]
        top, bottom, left, right = box = self.draw_box(height, width, ratio)
        if self.correct_lam or self.cutmix_minmax is not None:
            ratio = 1 - (bottom - top) * (right - left) / (height * width)
        mixed = inputs.clone()
        if bottom > top and right > left:
            mixed[..., top:bottom, left:right] = self.patch(inputs, partner, box)
        return mixed, mix(scores, scores[partner], ratio)

    def draw_box(self, height: int, width: int, ratio: float) -> Box:
        """Draw the box to paste."""
        if self.cutmix_minmax is not None:
            return draw_box_between(height, width, self.cutmix_minmax)
        return draw_box_of_ratio(height, width, ratio)

    def patch(self, inputs: Tensor, partner: Tensor, box: Box) -> Tensor:
        """Return what is pasted: the same box of the images `partner`."""
        top, bottom, left, right = box
        return inputs[..., top:bottom, left:right][partner]


class ResizeMix(CutMix):
    """Paste a whole other image of the batch, shrunk to a box.

    Args:
        alpha: Both parameters of the beta distribution of the ratio, above 0.
        lam_min: The ratio is mapped to [lam_min, lam_max].
        lam_max: See `lam_min`.
        interpolation: Mode of `torch.nn.functional.interpolate`.
        cutmix_minmax: See `CutMix`.
        correct_lam: See `CutMix`.

    From: mmpretrain 1.2 `ResizeMix`, mmcls 0.25 `BatchResizeMix`. Difference: a box without area
    pastes nothing instead of raising.
    """

    def __init__(
        self,
        alpha: float,
        lam_min: float = 0.1,
        lam_max: float = 0.8,
        interpolation: str = "bilinear",
        cutmix_minmax: tuple[float, float] | None = None,
        correct_lam: bool = True,
    ) -> None:
        super().__init__(alpha, cutmix_minmax, correct_lam)
        self.lam_min = lam_min
        self.lam_max = lam_max
        self.interpolation = interpolation

    def draw_ratio(self) -> float:
        """Draw the share that an image keeps, in [lam_min, lam_max]."""
        return super().draw_ratio() * (self.lam_max - self.lam_min) + self.lam_min

    def patch(self, inputs: Tensor, partner: Tensor, box: Box) -> Tensor:
        """Return what is pasted: the images `partner` at the size of the box."""
        top, bottom, left, right = box
        align = False if self.interpolation in ALIGNABLE_MODES else None
        size = (bottom - top, right - left)
        return functional.interpolate(
            inputs[partner], size, mode=self.interpolation, align_corners=align
        )


class RandomBatchAugment:
    """Apply one augment, drawn at random for each batch.

    Args:
        augments: The augments to choose from.
        probs: Probability of each; the rest up to 1 leaves the batch as it is. None chooses evenly.
        num_classes: Number of classes `K`, for labels that are class indices.
        generation: Which generator chooses: '1.x' numpy's global one, '0.x' one seeded from
            Python's `random`.

    Raises:
        ValueError: If the probabilities do not fit the augments.

    Examples:
        >>> augment = RandomBatchAugment([Mixup(0.2)], num_classes=3)
        >>> images, scores = augment(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
        >>> scores.sum(dim=1)
        tensor([1., 1., 1., 1.])

    From: mmpretrain 1.2 `RandomBatchAugment`, mmcls 0.25 `Augments`.
    """

    def __init__(
        self,
        augments: AnyAugment | Sequence[AnyAugment],
        probs: float | Sequence[float] | None = None,
        *,
        num_classes: int,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        if generation not in ("0.x", "1.x"):
            raise ValueError(f"generation must be '0.x' or '1.x', got {generation!r}")
        chosen: list[AnyAugment] = [augments] if callable(augments) else list(augments)
        weights = _fill_up(probs, len(chosen))
        self.augments: list[AnyAugment] = chosen if weights is None else [*chosen, Identity()]
        self.probs = weights
        self.num_classes = num_classes
        self.generation = generation

    def __call__(self, inputs: Tensor, targets: Target) -> tuple[Tensor, Tensor]:
        """Augment a batch.

        Args:
            inputs: Images, float `(B, C, H, W)`.
            targets: Class indices, int64 `(B,)`, several for each image, or soft labels `(B, K)`.

        Returns:
            Images `(B, C, H, W)` and soft labels, float32 `(B, K)`.
        """
        scores = to_scores(targets, self.num_classes)
        mixed: tuple[Tensor, Tensor] = self.augments[self._choose()](inputs, scores)
        return mixed

    def _choose(self) -> int:
        if self.generation == "1.x":
            return int(np.random.choice(len(self.augments), p=self.probs))
        generator = np.random.RandomState(random.randint(0, 2**32 - 1))
        return int(generator.choice(len(self.augments), p=self.probs))


def mix(first: Tensor, second: Tensor, ratio: float) -> Tensor:
    """Return `ratio` of the first tensor plus the rest of the second."""
    return ratio * first + (1 - ratio) * second


def draw_box_of_ratio(height: int, width: int, ratio: float) -> Box:
    """Draw a box with a uniform centre and, before the border cuts it, an area of `1 - ratio`."""
    side = np.sqrt(1 - ratio)
    half_height, half_width = int(height * side) // 2, int(width * side) // 2
    row, column = int(np.random.randint(0, height)), int(np.random.randint(0, width))
    top, bottom = max(row - half_height, 0), min(row + half_height, height)
    left, right = max(column - half_width, 0), min(column + half_width, width)
    return top, bottom, left, right


def draw_box_between(height: int, width: int, minmax: tuple[float, float]) -> Box:
    """Draw a box inside the image with sides between two shares of the image's."""
    low, high = minmax
    rows = int(np.random.randint(int(height * low), int(height * high)))
    columns = int(np.random.randint(int(width * low), int(width * high)))
    top = int(np.random.randint(0, height - rows))
    left = int(np.random.randint(0, width - columns))
    return top, top + rows, left, left + columns


def _fill_up(probs: float | Sequence[float] | None, count: int) -> list[float] | None:
    if probs is None:
        return None
    weights = [probs] if isinstance(probs, int | float) else list(probs)
    if len(weights) != count:
        raise ValueError(f"probs must have {count} values like augments, got {weights}")
    rest = 1 - sum(weights)
    if rest < 0:
        raise ValueError(f"probs must sum to at most 1, got {weights}")
    return [*weights, rest]
