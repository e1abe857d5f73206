"""Operations that move pixels or cover them: Shear, Translate, Rotate, Cutout."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from mmlight.data.image import Array, rotate_image, shear_image, translate_image
from mmlight.data.transforms.contract import check_choice
from mmlight.data.transforms.operation import Operation

PadValue = int | Sequence[int]
DIRECTIONS = ("horizontal", "vertical")


def _to_border(pad_val: PadValue) -> PadValue:
    return pad_val if isinstance(pad_val, int) else tuple(pad_val)


class _Directed(Operation):
    """An operation along the rows or the columns; arguments as in `Translate`."""

    signed = True
    own_interpolation: ClassVar[str]

    def __init__(
        self,
        magnitude: float | None = None,
        pad_val: PadValue = 128,
        prob: float = 0.5,
        direction: str = "horizontal",
        random_negative_prob: float = 0.5,
        interpolation: str | None = None,
        **level: Any,
    ) -> None:
        super().__init__(magnitude, prob, random_negative_prob, **level)
        check_choice("direction", direction, DIRECTIONS)
        self.pad_val = _to_border(pad_val)
        self.direction = direction
        self.interpolation = interpolation or self.own_interpolation


class Shear(_Directed):
    """Move each row or column by `magnitude` [px] times its index; bicubic unless told otherwise.

    Arguments as in `Translate`.
    """

    own_interpolation = "bicubic"

    def _change(self, img: Array, magnitude: float) -> Array:
        return shear_image(
            img,
            magnitude,
            direction=self.direction,
            border=self.pad_val,
            interpolation=self.interpolation,
        )


class Translate(_Directed):
    """Move the image by `magnitude` times its width or height; nearest unless told otherwise.

    Args:
        magnitude: Fraction of the edge.
        pad_val: Color of what comes in, one number for all channels.
        prob: Probability of acting.
        direction: 'horizontal' or 'vertical'.
        random_negative_prob: Probability of the other direction.
        interpolation: See `Resize`, backend cv2; None for the operation's own.
        **level: See `Operation`.
    """

    own_interpolation = "nearest"

    def _change(self, img: Array, magnitude: float) -> Array:
        offset = magnitude * img.shape[1 if self.direction == "horizontal" else 0]
        return translate_image(
            img,
            offset,
            direction=self.direction,
            border=self.pad_val,
            interpolation=self.interpolation,
        )


class Rotate(Operation):
    """Rotate by `angle` [degrees], clockwise.

    Args:
        angle: Degrees.
        center: `(x, y)` of the centre [px]; None for the middle.
        scale: Factor of size.
        pad_val: Color of what comes in. **A single number fills the first channel only**, unlike
            in the other operations (an error of the original; mmcls 0.25 fills all channels, so
            the upgrade writes three numbers).
        prob: Probability of acting.
        random_negative_prob: Probability of the other direction.
        interpolation: See `Resize`, backend cv2.
        **level: See `Operation`.
    """

    magnitude_name = "angle"
    signed = True

    def __init__(
        self,
        angle: float | None = None,
        center: Sequence[float] | None = None,
        scale: float = 1.0,
        pad_val: PadValue = 128,
        prob: float = 0.5,
        random_negative_prob: float = 0.5,
        interpolation: str = "nearest",
        **level: Any,
    ) -> None:
        super().__init__(angle, prob, random_negative_prob, **level)
        self.center = None if center is None else (center[0], center[1])
        self.scale = scale
        self.pad_val = _to_border(pad_val)
        self.interpolation = interpolation

    def _change(self, img: Array, magnitude: float) -> Array:
        return rotate_image(
            img,
            magnitude,
            center=self.center,
            scale=self.scale,
            border=self.pad_val,
            interpolation=self.interpolation,
        )


class Cutout(Operation):
    """Fill a box at a random place.

    Args:
        shape: `(height, width)` [px], one number for both; fractions are cut off.
        pad_val: Color of the box, one number for all channels.
        prob: Probability of acting.
        **level: See `Operation`.
    """

    magnitude_name = "shape"

    def __init__(
        self,
        shape: float | Sequence[float] | None = None,
        pad_val: PadValue = 128,
        prob: float = 0.5,
        **level: Any,
    ) -> None:
        super().__init__(shape, prob, **level)
        self.pad_val = _to_border(pad_val)

    def _change(self, img: Array, magnitude: float | Sequence[float]) -> Array:
        height, width = (magnitude,) * 2 if isinstance(magnitude, int | float) else magnitude
        height, width = int(height), int(width)
        # the originals draw from [size, 1), not from [0, size): the same numbers are asked for here
        y = np.random.uniform(img.shape[0])
        x = np.random.uniform(img.shape[1])
        top, left = int(max(0, y - height / 2)), int(max(0, x - width / 2))
        img = img.copy()
        img[top : top + height, left : left + width] = self.pad_val
        return img
