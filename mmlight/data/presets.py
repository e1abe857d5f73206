"""Published policies of AutoAugment and RandAugment, as plain data.

To add a preset: 1 add its lists of steps here under a name; 2 compare it in
tests/reference/test_transforms_augment.py.
"""

from typing import Any, Final

Step = dict[str, Any]


def _step(name: str, prob: float, **args: Any) -> Step:
    return {"type": name, "prob": prob, **args}


def _rotate(level: int, prob: float) -> Step:
    return _step("Rotate", prob, angle=30 / 9 * level)


def _solarize(level: int, prob: float) -> Step:
    return _step("Solarize", prob, thr=256 / 9 * level)


def _posterize(bits: int, prob: float) -> Step:
    return _step("Posterize", prob, bits=bits)


def _equalize(prob: float) -> Step:
    return _step("Equalize", prob)


def _invert(prob: float) -> Step:
    return _step("Invert", prob)


def _auto_contrast(prob: float) -> Step:
    return _step("AutoContrast", prob)


def _color(magnitude: float, prob: float) -> Step:
    return _step("ColorTransform", prob, magnitude=magnitude)


def _contrast(magnitude: float, prob: float) -> Step:
    return _step("Contrast", prob, magnitude=magnitude)


def _ranged(name: str, first: float, last: float, **args: Any) -> Step:
    return {"type": name, "magnitude_range": (first, last), **args}


# The 25 pairs that were found for ImageNet (Cubuk et al. 2019, arXiv:1805.09501), with the
# magnitudes that DeepVoltaire/AutoAugment gave them, which both originals use.
AUTO_AUGMENT_PRESETS: Final[dict[str, list[list[Step]]]] = {
    "imagenet": [
        [_posterize(4, 0.4), _rotate(9, 0.6)],
        [_solarize(4, 0.6), _auto_contrast(0.6)],
        [_equalize(0.8), _equalize(0.6)],
        [_posterize(5, 0.6), _posterize(5, 0.6)],
        [_equalize(0.4), _solarize(5, 0.2)],
        [_equalize(0.4), _rotate(8, 0.8)],
        [_solarize(6, 0.6), _equalize(0.6)],
        [_posterize(6, 0.8), _equalize(1.0)],
        [_rotate(3, 0.2), _solarize(1, 0.6)],
        [_equalize(0.6), _posterize(5, 0.4)],
        [_rotate(8, 0.8), _color(0.0, 0.4)],
        [_rotate(9, 0.4), _equalize(0.6)],
        [_equalize(0.0), _equalize(0.8)],
        [_invert(0.6), _equalize(1.0)],
        [_color(0.4, 0.6), _contrast(0.8, 1.0)],
        [_rotate(8, 0.8), _color(0.2, 1.0)],
        [_color(0.8, 0.8), _solarize(2, 0.8)],
        [_step("Sharpness", 0.4, magnitude=0.7), _invert(0.6)],
        [_step("Shear", 0.6, magnitude=0.3 / 9 * 5, direction="horizontal"), _equalize(1.0)],
        [_color(0.0, 0.4), _equalize(0.6)],
        [_equalize(0.4), _solarize(5, 0.2)],
        [_solarize(4, 0.6), _auto_contrast(0.6)],
        [_invert(0.6), _equalize(1.0)],
        [_color(0.4, 0.6), _contrast(0.8, 1.0)],
        [_equalize(0.8), _equalize(0.6)],
    ],
}

_GEOMETRIC: Final = [
    _ranged("Shear", 0, 0.3, direction="horizontal"),
    _ranged("Shear", 0, 0.3, direction="vertical"),
]
_PLAIN: Final = [{"type": "AutoContrast"}, {"type": "Equalize"}]

# Magnitudes that grow with the level, after timm's "increasing" set.
RAND_AUGMENT_PRESETS: Final[dict[str, list[Step]]] = {
    "timm_increasing": [
        *_PLAIN,
        {"type": "Invert"},
        _ranged("Rotate", 0, 30),
        _ranged("Posterize", 4, 0),
        _ranged("Solarize", 256, 0),
        _ranged("SolarizeAdd", 0, 110),
        _ranged("ColorTransform", 0, 0.9),
        _ranged("Contrast", 0, 0.9),
        _ranged("Brightness", 0, 0.9),
        _ranged("Sharpness", 0, 0.9),
        *_GEOMETRIC,
        _ranged("Translate", 0, 0.45, direction="horizontal"),
        _ranged("Translate", 0, 0.45, direction="vertical"),
    ],
    "simple_increasing": [*_PLAIN, _ranged("Rotate", 0, 30), *_GEOMETRIC],
}
