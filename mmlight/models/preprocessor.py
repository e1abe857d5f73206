"""Turns a batch of images as loaded into the input of a network, on the device."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.models.targets import Target, to_scores


class ImagePreprocessor(nn.Module):
    """Flip channels, normalize, pad, as one batch.

    Args:
        mean: Mean per channel after the flip; None leaves normalization out.
        std: Deviation per channel after the flip.
        to_rgb: Whether images of three channels are flipped from BGR to RGB (or back).
        pad_size_divisor: Height and width become multiples of this [px].
        pad_value: Value of padded places, after normalization.
        num_classes: Number of classes `K`, for `prepare_targets`.
        to_onehot: Whether `prepare_targets` makes one-hot labels.
        channels_last: Whether the channels of a place lie together in memory, which is often
            faster for convolutions on GPUs and in half precision. Shapes and values stay, and
            `ImageClassifier` brings its weights into the same order.

    Examples:
        >>> images = torch.full((1, 3, 2, 2), 3, dtype=torch.uint8)
        >>> ImagePreprocessor(mean=[1, 1, 1], std=[2, 2, 2])(images).unique()
        tensor([1.])

    From: mmpretrain 1.2 `ClsDataPreprocessor`, without batch augments; `channels_last` is ours.
    """

    mean: Tensor | None
    std: Tensor | None

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        to_rgb: bool = False,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        num_classes: int | None = None,
        to_onehot: bool = False,
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        if (mean is None) != (std is None):
            raise ValueError(f"std must be given together with mean, got mean={mean}, std={std}")
        if to_onehot and num_classes is None:
            raise ValueError("num_classes must be given for to_onehot=True, got None")
        self._statistics = {"mean": mean, "std": std}
        for name, values in self._statistics.items():
            self.register_buffer(name, _per_channel(values), persistent=False)
        self.to_rgb = to_rgb
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value
        self.num_classes = num_classes
        self.to_onehot = to_onehot
        self.channels_last = channels_last

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "ImagePreprocessor":
        """Go to another device with the rest, but stay float32 when the rest becomes bfloat16."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, values in self._statistics.items():
            buffer = getattr(self, name)
            if buffer is not None and buffer.dtype != torch.float32:
                setattr(self, name, _per_channel(values, buffer.device))
        return self

    def forward(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """Prepare images.

        Args:
            inputs: uint8 or float `(B, C, H, W)`, or a list of `(C, H, W)`; smaller images of a
                list are padded at the right and the bottom.

        Returns:
            float32 `(B, C, H, W)`.
        """
        batch = self._prepare(inputs)
        return batch.contiguous(memory_format=torch.channels_last) if self.channels_last else batch

    def _prepare(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        if isinstance(inputs, Tensor):
            return self._pad(self._normalize(inputs), inputs.shape[-2:])
        if len({image.shape for image in inputs}) == 1:
            batch = torch.stack(list(inputs))
            return self._pad(self._normalize(batch), batch.shape[-2:])
        height, width = (max(image.shape[dim] for image in inputs) for dim in (-2, -1))
        images = [self._pad(self._normalize(image), (height, width)) for image in inputs]
        return torch.stack(images)

    def prepare_targets(self, targets: Target) -> Target:
        """Return float32 `(B, K)` for `to_onehot`, else the targets as they are."""
        if not self.to_onehot or (isinstance(targets, Tensor) and targets.ndim > 1):
            return targets
        assert self.num_classes is not None
        return to_scores(targets, self.num_classes)

    def _normalize(self, images: Tensor) -> Tensor:
        if self.to_rgb and images.shape[-3] == 3:
            images = images.flip(-3)
        if self.mean is None or self.std is None:
            return images.float()
        images = images.to(torch.float32, copy=True)  # a copy to change in place: half the time
        if len(self.mean) > images.shape[-3]:  # a grey image becomes one of several channels
            images = images.repeat_interleave(len(self.mean), -3)
        return images.sub_(self.mean).div_(self.std)

    def _pad(self, images: Tensor, size: Sequence[int]) -> Tensor:
        divisor = max(self.pad_size_divisor, 1)
        bottom, right = (
            math.ceil(wanted / divisor) * divisor - have
            for wanted, have in zip(size, images.shape[-2:], strict=True)
        )
        if not bottom and not right:
            return images
        return functional.pad(images, (0, right, 0, bottom), value=self.pad_value)


def _per_channel(
    values: Sequence[float] | None, device: torch.device | None = None
) -> Tensor | None:
    if values is None:
        return None
    return torch.tensor(values, dtype=torch.float32, device=device).view(-1, 1, 1)  # -> (C, 1, 1)
