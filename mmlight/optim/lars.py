"""SGD whose rate adapts to the norms of each layer."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class LARS(Optimizer):
    """Layer-wise adaptive rate scaling, which timm's `Lars` computes otherwise.

    The rate of a parameter is multiplied by `eta * |w| / (|g| + weight_decay * |w| + eps)`, by 1
    where one of the norms is 0. The momentum buffer holds steps, with their rates, not gradients.
    A group with `lars_exclude=True` is not adapted.

    Args:
        params: Parameters or groups of them.
        lr: Learning rate.
        momentum: Momentum, 0 or more.
        weight_decay: Added to the gradients, times the weights.
        dampening: Of the momentum.
        eta: Trust coefficient.
        nesterov: Use Nesterov momentum.
        eps: Added to the denominator.

    Raises:
        ValueError: If a number is negative, or Nesterov momentum has no momentum or a dampening.

    From: mmpretrain 1.2 `LARS`; computed for all parameters of a group at once, without waiting
    for the device.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        momentum: float = 0,
        weight_decay: float = 0,
        dampening: float = 0,
        eta: float = 0.001,
        nesterov: bool = False,
        eps: float = 1e-8,
    ) -> None:
        numbers = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "eta": eta}
        for name, value in numbers.items():
            if value < 0:
                raise ValueError(f"{name} must be 0 or more, got {value}")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                "nesterov needs momentum and no dampening,"
                f" got momentum={momentum}, dampening={dampening}"
            )
        self.eps = eps
        super().__init__(params, {**numbers, "dampening": dampening, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make a step; returns what `closure` returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                torch._foreach_sub_(params, self._find_steps(params, group))
        return loss

    def _find_steps(self, params: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
        grads: list[Any] = [p.grad for p in params]
        decay = group["weight_decay"]
        steps = list(torch._foreach_add(grads, params, alpha=decay))
        if group.get("lars_exclude", False):
            torch._foreach_mul_(steps, group["lr"])
        else:
            torch._foreach_mul_(steps, self._find_rates(params, grads, group))
        momentum = group["momentum"]
        if momentum == 0:
            return steps
        buffers = self._update_buffers(params, steps, group)
        return (
            list(torch._foreach_add(steps, buffers, alpha=momentum))
            if group["nesterov"]
            else buffers
        )

    def _find_rates(
        self, params: list[Tensor], grads: list[Any], group: dict[str, Any]
    ) -> list[Tensor]:
        weights = torch.stack(torch._foreach_norm(params)).double()
        norms = torch.stack(torch._foreach_norm(grads)).double()
        below = norms + group["weight_decay"] * weights + self.eps
        adapts = (weights != 0) & (norms != 0)
        ratios = torch.where(adapts, group["eta"] * weights / below, 1.0) * group["lr"]
        return list(ratios.to(params[0].dtype).unbind())

    def _update_buffers(
        self, params: list[Tensor], steps: list[Tensor], group: dict[str, Any]
    ) -> list[Tensor]:
        old = [i for i, p in enumerate(params) if "momentum_buffer" in self.state[p]]
        if old:
            buffers = [self.state[params[i]]["momentum_buffer"] for i in old]
            torch._foreach_mul_(buffers, group["momentum"])
            added = [steps[i] for i in old]
            torch._foreach_add_(buffers, added, alpha=1 - group["dampening"])
        for p, step in zip(params, steps, strict=True):
            if "momentum_buffer" not in self.state[p]:
                self.state[p]["momentum_buffer"] = step.clone()
        return [self.state[p]["momentum_buffer"] for p in params]
