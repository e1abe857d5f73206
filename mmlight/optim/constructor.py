"""Lets a user's own constructor build the optimizer of a module."""

import copy
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any, Literal

from torch import nn
from torch.optim import Optimizer

from mmlight.compat.optimizer import AmpOptimWrapper, OptimWrapper
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.original_names import show_original_names


class ConstructedOptimizer:
    """Call a constructor of the style of mm, once there is a module.

    Args:
        constructor: Import path of the class, or the class.
        config: What the original would give it: the dict of the optimizer for 0.x, the dict of the
            optimizer wrapper for 1.x.
        paramwise: The dict `paramwise_cfg`.
        generation: '0.x' or '1.x', for the name of its first argument.

    From: mmcv 1.7 `build_optimizer`, mmengine 0.10 `build_optim_wrapper`.
    """

    def __init__(
        self,
        constructor: str | type[Any],
        config: dict[str, Any],
        paramwise: dict[str, Any] | None = None,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        self.constructor = (
            resolve_name(constructor) if isinstance(constructor, str) else constructor
        )
        self.config = config
        self.paramwise = paramwise
        self.argument = "optimizer_cfg" if generation == "0.x" else "optim_wrapper_cfg"

    def build(self, module: nn.Module, mm_names: Mapping[str, str] | None = None) -> Any:
        """Return what the constructor returns: an optimizer, or one in an `OptimWrapper`.

        Args:
            module: Whose parameters are to be trained.
            mm_names: From our parameter names to those that the constructor sees, see
                `show_original_names`.
        """
        words = {self.argument: self.config, "paramwise_cfg": self.paramwise}
        build = self.constructor(**copy.deepcopy(words))
        return build(show_original_names(module, mm_names or {}))


def unwrap(
    built: Any, grad_clip: GradientClip | None, accumulative_counts: int
) -> tuple[Optimizer, GradientClip | None, int]:
    """Take an optimizer out of its wrapper, whose settings count.

    Args:
        built: An optimizer, or a wrapper in the style of mmengine.
        grad_clip: What holds where there is no wrapper.
        accumulative_counts: What holds where there is no wrapper.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(built, Optimizer):
        return built, grad_clip, accumulative_counts
    if type(built) not in (OptimWrapper, AmpOptimWrapper):  # a class of its own steps otherwise
        raise ValueError(
            "constructor must return an optimizer, an OptimWrapper or an AmpOptimWrapper,"
            f" got {type(built).__name__}"
        )
    return built.optimizer, built.clip, built.accumulative_counts
