"""AutoAugment and RandAugment: operations chosen at random for every image."""

import importlib
import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from mmlight.data.presets import AUTO_AUGMENT_PRESETS, RAND_AUGMENT_PRESETS
from mmlight.data.transforms import tone, warp
from mmlight.data.transforms.compose import Compose
from mmlight.data.transforms.contract import Generation, Results, Transform, check_generation
from mmlight.data.transforms.operation import Operation, to_magnitude

OPERATIONS: Final[dict[str, type[Operation]]] = {
    cls.__name__: cls
    for cls in (
        tone.AutoContrast,
        tone.Brightness,
        tone.ColorTransform,
        tone.Contrast,
        warp.Cutout,
        tone.Equalize,
        tone.GaussianBlur,
        tone.Invert,
        tone.Posterize,
        warp.Rotate,
        tone.Sharpness,
        warp.Shear,
        tone.Solarize,
        tone.SolarizeAdd,
        warp.Translate,
    )
}

SCOPES: Final = ("", "mmcls", "mmpretrain")  # what may stand before a registered name
Step = Mapping[str, Any]
Factory = Callable[..., Transform]


def find_operation(name: str | Factory) -> Factory:
    """Return the class of an operation, by its name or by the import path of a user's own.

    Examples:
        >>> find_operation("Rotate").__name__
        'Rotate'

    Raises:
        ValueError: If there is none.
    """
    if not isinstance(name, str):
        return name
    module, _, attribute = name.rpartition(".")
    if module in SCOPES and attribute in OPERATIONS:
        return OPERATIONS[attribute]
    if not module:
        raise ValueError(
            f"policy type must be one of {', '.join(OPERATIONS)} or an import path, got {name!r}"
        )
    found: Factory = getattr(importlib.import_module(module), attribute)
    return found


def _merge_hparams(step: Step, hparams: Step, generation: Generation) -> dict[str, Any]:
    """Return the arguments of an operation, with the `hparams` that it takes and does not have."""
    factory = find_operation(step["type"])
    parameters = inspect.signature(factory).parameters.values()
    accepted = {
        parameter.name
        for parameter in parameters
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    args = {key: value for key, value in step.items() if key != "type"}
    for key, value in hparams.items():
        missing = key not in args or (generation == "0.x" and args[key] is None)
        if missing and key in accepted:
            args[key] = value
    own = factory in OPERATIONS.values()
    if own and generation == "0.x" and "pad_val" in accepted:
        pad_val = args.get("pad_val", 128)
        # there one number always stands for all channels
        args["pad_val"] = (pad_val,) * 3 if isinstance(pad_val, int) else pad_val
    return args


def _check_steps(steps: Sequence[Step]) -> None:
    for step in steps:
        if not isinstance(step, Mapping) or "type" not in step:
            raise ValueError(f"each policy must be a dict with a type, got {step!r}")


class AutoAugment:
    """Apply one of several short lists of operations, chosen at random.

    Args:
        policies: 'imagenet', or lists of `{'type': operation, **arguments}`. `type` is a name of
            `OPERATIONS`, a class, or the import path of one.
        hparams: Arguments for every operation that takes them and does not have them. **Without
            effect in '1.x'**, where the original builds the operations before it merges; there
            every operation keeps its own defaults.
        generation: '0.x' chooses with `random`, '1.x' with `numpy.random`.

    Examples:
        >>> augment = AutoAugment([[{"type": "Invert", "prob": 1.0}]])
        >>> augment({"img": np.zeros((1, 1, 3), np.uint8)})["img"].tolist()
        [[[255, 255, 255]]]

    From: mmcls 0.25 `AutoAugment` / mmpretrain 1.2 `AutoAugment`.
    """

    def __init__(
        self,
        policies: str | Sequence[Sequence[Step]],
        hparams: Step | None = None,
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        lists: Sequence[Sequence[Step]] = _find_preset(policies, AUTO_AUGMENT_PRESETS)
        hparams = {"pad_val": 128} if hparams is None else hparams
        self.generation = generation
        self.transforms = [
            self._build(steps, hparams if generation == "0.x" else {}) for steps in lists
        ]

    def _build(self, steps: Sequence[Step], hparams: Step) -> Compose:
        _check_steps(steps)
        return Compose(
            [
                find_operation(step["type"])(**_merge_hparams(step, hparams, self.generation))
                for step in steps
            ]
        )

    def __call__(self, results: Results) -> Results | None:
        """Choose a list and apply it."""
        if self.generation == "0.x":
            return random.choice(self.transforms)(results)
        return self.transforms[np.random.randint(0, len(self.transforms))](results)


class RandAugment:
    """Apply some operations, chosen at random with replacement, all at one magnitude level.

    Args:
        policies: 'timm_increasing', 'simple_increasing', or a list of `{'type': operation,
            **arguments}`; with `magnitude_range` (magnitude at level 0 and at `total_level`) for
            an operation that has a magnitude. `type` is a name of `OPERATIONS`, a class, or the
            import path of one.
        num_policies: How many operations are applied to an image.
        magnitude_level: Level of all operations, 0 to `total_level`.
        magnitude_std: 0 for a fixed level, x > 0 for a normal deviation of x levels, 'inf' for a
            level drawn from [0, `magnitude_level`).
        total_level: Highest level.
        hparams: Arguments for every operation that takes them and does not have them.
        generation: '0.x' chooses the operations and draws their levels with `random`, before the
            first is applied, and names the argument in `magnitude_key`; '1.x' uses `numpy.random`
            and draws a level when an operation acts.

    From: mmcls 0.25 `RandAugment`, whose `total_level` is 30 by default / mmpretrain 1.2
        `RandAugment`.
    """

    def __init__(
        self,
        policies: str | Sequence[Step],
        num_policies: int,
        magnitude_level: float,
        magnitude_std: float | str = 0.0,
        total_level: float = 10,
        hparams: Step | None = None,
        *,
        generation: Generation = "1.x",
    ) -> None:
        check_generation(generation)
        for name, value in (("num_policies", num_policies), ("total_level", total_level)):
            if value <= 0:
                raise ValueError(f"{name} must be positive, got {value!r}")
        if isinstance(magnitude_std, str) and magnitude_std != "inf":
            raise ValueError(f"magnitude_std must be a number or 'inf', got {magnitude_std!r}")
        steps = _find_preset(policies, RAND_AUGMENT_PRESETS)
        _check_steps(steps)
        self.num_policies = num_policies
        self.magnitude_level = magnitude_level
        self.magnitude_std = magnitude_std
        self.total_level = total_level
        self.generation = generation
        hparams = {"pad_val": 128} if hparams is None else hparams
        self.transforms: list[Transform] = []
        self._drawn: list[_Drawn] = []
        for step in steps:
            args = _merge_hparams(step, hparams, generation)
            if generation == "0.x":
                self._drawn.append(_Drawn(find_operation(step["type"]), args))
            else:
                self.transforms.append(self._build(step["type"], args))

    def _build(self, name: str | Factory, args: dict[str, Any]) -> Transform:
        args.pop("magnitude_key", None)  # a word of 0.x that 1.x still accepts
        if "magnitude_range" in args:
            args["magnitude_level"] = self.magnitude_level
            args["total_level"] = self.total_level
            args["magnitude_std"] = self.magnitude_std
        return find_operation(name)(**args)

    def __call__(self, results: Results) -> Results | None:
        """Choose the operations and apply them."""
        if self.generation == "0.x":
            return self._apply_drawn(results)
        current: Results | None = results
        for index in np.random.randint(0, len(self.transforms), size=self.num_policies):
            current = None if current is None else self.transforms[index](current)
        return current

    def _apply_drawn(self, results: Results) -> Results | None:
        current: Results | None = results
        chosen = random.choices(self._drawn, k=self.num_policies)
        magnitudes = [self._draw_magnitude(step) for step in chosen]
        for step, magnitude in zip(chosen, magnitudes, strict=True):
            current = None if current is None else step(current, magnitude)
        return current

    def _draw_magnitude(self, step: "_Drawn") -> float | None:
        if step.magnitude_range is None:
            return None
        level = self.magnitude_level
        if self.magnitude_std == "inf":
            level = random.uniform(0, level)
        elif float(self.magnitude_std) > 0:
            level = min(self.total_level, max(0, random.gauss(level, float(self.magnitude_std))))
        return to_magnitude(level, self.total_level, step.magnitude_range)


class _Drawn:
    """An operation of generation 0.x, whose magnitude comes with the call."""

    def __init__(self, factory: Factory, args: dict[str, Any]) -> None:
        self._factory = factory
        self._args = args
        self._key = args.pop("magnitude_key", None)
        self.magnitude_range: Sequence[float] | None = args.pop("magnitude_range", None)
        args.pop(self._key, None)  # the drawn magnitude wins
        if (self._key is None) != (self.magnitude_range is None):
            raise ValueError(
                "a policy must have both magnitude_key and magnitude_range or none, "
                f"got {self._key!r} and {self.magnitude_range!r}"
            )
        self._operation: Any = None
        if self._key is None:
            self._operation = factory(**args)
        elif self._key == getattr(factory, "magnitude_name", None):
            self._operation = factory(**args, magnitude_range=self.magnitude_range)

    def __call__(self, results: Results, magnitude: float | None) -> Results | None:
        found: Results | None
        if (
            self._operation is None
        ):  # not ours: built anew with each magnitude, as the original does
            found = self._factory(**self._args, **{str(self._key): magnitude})(results)
        elif magnitude is None:
            found = self._operation(results)
        else:
            found = self._operation(results, magnitude)
        return found


def _find_preset(policies: Any, presets: Mapping[str, Any]) -> Any:
    if not isinstance(policies, str):
        if not policies:
            raise ValueError("policies must not be empty")
        return policies
    if policies not in presets:
        raise ValueError(
            f"policies must be one of {', '.join(presets)} or a list, got {policies!r}"
        )
    return presets[policies]
