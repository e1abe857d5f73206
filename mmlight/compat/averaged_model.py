"""Averages of a model's weights over training: mm's rules, and the base class of users' own."""

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.compat.message_hub import MessageHub


class BaseAveragedModel(nn.Module):
    """A copy of a model whose values follow those of the model; for subclasses.

    A subclass writes `avg_func`, which moves one value in place.

    Args:
        model: What is averaged; it is copied.
        interval: Average at every so many calls of `update_parameters`.
        device: Where the copy lies; None for where the model does.
        update_buffers: Average the floating-point buffers as well; else they are copied.

    Attributes:
        module: The copy; it takes no gradients.
        steps: How many calls there were, int64.
        avg_parameters: What is averaged, by name.

    Raises:
        ValueError: If `interval` is smaller than 1.

    From: mmengine 0.10 `BaseAveragedModel`. `steps` stays on the CPU, where counting is cheap.
    """

    copies_first = True
    """Whether the first call copies the values; else it averages them with those of the start."""

    def __init__(
        self,
        model: nn.Module,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__()
        if interval < 1:
            raise ValueError(f"interval must be 1 or more, got {interval}")
        self.module = copy.deepcopy(model).requires_grad_(False)
        if device is not None:
            self.module = self.module.to(device)
        self.interval = interval
        self.update_buffers = update_buffers
        self.steps: Tensor
        self.register_buffer("steps", torch.tensor(0))
        self.avg_parameters: dict[str, Tensor] = (
            self.module.state_dict() if update_buffers else dict(self.module.named_parameters())
        )

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: Any) -> None:
        """Move an averaged value towards the model's.

        Args:
            averaged_param: Changed in place.
            source_param: What the model has, of the same shape and on the same device.
            steps: `self.steps`.
        """
        raise NotImplementedError(f"{type(self).__name__} must have avg_func")

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the copy."""
        return self.module(*args, **kwargs)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Follow the values of the model."""
        sources = model.state_dict() if self.update_buffers else dict(model.named_parameters())
        is_first = int(self.steps) == 0
        pairs = [
            (value.data, sources[name].data)
            for name, value in self.avg_parameters.items()
            if is_first or value.dtype.is_floating_point
        ]
        self.update_values([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        if not self.update_buffers:
            for buffer, source in zip(self.module.buffers(), model.buffers(), strict=True):
                buffer.copy_(source)

    def update_values(self, averages: list[Tensor], sources: list[Tensor]) -> None:
        """Follow given values, as `update_parameters` does with those of a model.

        Args:
            averages: Values of the copy, changed in place.
            sources: The model's, in the same order.
        """
        steps = int(self.steps)
        if averages and averages[0].device != sources[0].device:
            sources = [value.to(averages[0].device) for value in sources]
        if steps == 0 and self.copies_first:
            torch._foreach_copy_(averages, sources)
        elif steps % self.interval == 0:
            self.average(averages, sources)
        self.steps += 1

    def average(self, averages: list[Tensor], sources: list[Tensor]) -> None:
        """Call `avg_func` for every value."""
        for averaged, source in zip(averages, sources, strict=True):
            self.avg_func(averaged, source, self.steps)


class RatedAverage(BaseAveragedModel):
    """Moves every value by the same share of the way to the model's; for subclasses."""

    def rate(self, steps: int) -> float:
        """Return the share at a call, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must have rate")

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: Any) -> None:
        """Move a value by `rate`."""
        averaged_param.lerp_(source_param, self.rate(int(steps)))

    def average(self, averages: list[Tensor], sources: list[Tensor]) -> None:
        """Move all values at once, unless a subclass has an `avg_func` of its own."""
        if type(self).avg_func is RatedAverage.avg_func:
            torch._foreach_lerp_(averages, sources, self.rate(int(self.steps)))
        else:
            super().average(averages, sources)


class StochasticWeightAverage(RatedAverage):
    """The mean of all values so far.

    From: mmengine 0.10 `StochasticWeightAverage`.
    """

    def rate(self, steps: int) -> float:
        """Return the share of the newest value in the mean."""
        return 1 / (steps // self.interval + 1)


class ExponentialMovingAverage(RatedAverage):
    """`average = (1 - momentum) * average + momentum * value`.

    Args:
        model: See `BaseAveragedModel`.
        momentum: Weight of the newest value, in (0, 1).
        interval, device, update_buffers: See `BaseAveragedModel`.

    Raises:
        ValueError: If `momentum` is outside (0, 1) or `interval` smaller than 1.

    From: mmengine 0.10 `ExponentialMovingAverage`.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, interval, device, update_buffers)
        if not 0 < momentum < 1:
            raise ValueError(f"momentum must be between 0 and 1, got {momentum}")
        self.momentum = momentum

    def rate(self, steps: int) -> float:
        """Return the momentum."""
        return self.momentum


class MomentumAnnealingEMA(ExponentialMovingAverage):
    """The momentum is `max(momentum, gamma / (gamma + steps))`.

    Args:
        model, momentum: See `ExponentialMovingAverage`.
        gamma: How slowly the momentum falls, above 0.
        interval, device, update_buffers: See `BaseAveragedModel`.

    Raises:
        ValueError: As `ExponentialMovingAverage`, and if `gamma` is not above 0.

    From: mmengine 0.10 `MomentumAnnealingEMA`.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: int = 100,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        if gamma <= 0:
            raise ValueError(f"gamma must be above 0, got {gamma}")
        self.gamma = gamma

    def rate(self, steps: int) -> float:
        """Return the momentum of a call."""
        return max(self.momentum, self.gamma / (self.gamma + steps))


class ExpMomentumEMA(MomentumAnnealingEMA):
    """The momentum is `(1 - momentum) * exp(-(1 + steps) / gamma) + momentum`.

    Args:
        gamma: How slowly the momentum falls; for the others and for errors see
            `MomentumAnnealingEMA`.

    From: mmdet 3.x `ExpMomentumEMA`.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: int = 2000,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, gamma, interval, device, update_buffers)

    def rate(self, steps: int) -> float:
        """Return the momentum of a call."""
        return (1 - self.momentum) * math.exp(-(1 + steps) / self.gamma) + self.momentum


class CosineEMA(ExponentialMovingAverage):
    """The momentum goes from `momentum` to `end_momentum` over a training, along a cosine.

    Args:
        model: See `BaseAveragedModel`.
        momentum: Momentum at the start, in (0, 1).
        end_momentum: Momentum at the end.
        interval, device, update_buffers: See `BaseAveragedModel`.

    Raises:
        ValueError: As `ExponentialMovingAverage`, and, when values follow, if no training runs.

    From: mmpretrain 1.2 `CosineEMA`.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.004,
        end_momentum: float = 0.0,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        self.end_momentum = end_momentum

    def rate(self, steps: int) -> float:
        """Return the momentum of a call."""
        max_iters = MessageHub.get_current_instance().get_info("max_iters")
        if not max_iters:
            raise ValueError(f"max_iters must be known to the message hub, got {max_iters}")
        share = (math.cos(math.pi * steps / max_iters) + 1) / 2
        return self.end_momentum - (self.end_momentum - self.momentum) * share


class WarmUpEMA(ExponentialMovingAverage):
    """The momentum is `min(momentum ** interval, (1 + steps) / (warm_up + steps))`.

    Args:
        model, momentum: See `ExponentialMovingAverage`.
        warm_up: How slowly the momentum rises, 1 or more.
        interval, device, update_buffers: See `BaseAveragedModel`.

    Raises:
        ValueError: As `ExponentialMovingAverage`, and if `warm_up` is smaller than 1.

    From: mmcv 1.7 `EMAHook`, where `steps` is the number of the iteration.
    """

    copies_first = False

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        warm_up: int = 100,
        interval: int = 1,
        device: torch.device | str | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        if warm_up < 1:
            raise ValueError(f"warm_up must be 1 or more, got {warm_up}")
        self.warm_up = warm_up

    def rate(self, steps: int) -> float:
        """Return the momentum of a call."""
        return min(self.momentum**self.interval, (1 + steps) / (self.warm_up + steps))
