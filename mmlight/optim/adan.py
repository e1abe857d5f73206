"""timm's Adan with the clipping of the original."""

from collections.abc import Iterable
from typing import Any

import torch
from timm.optim.adan import Adan as TimmAdan


class Adan(TimmAdan):
    """Adaptive Nesterov momentum; gradients may be clipped to a norm of all of them together.

    Args:
        params: Parameters or groups of them.
        max_grad_norm: Largest norm of all gradients together; 0 for no limit.
        **options: Those of timm's `Adan`: `lr`, `betas` (three), `eps`, `weight_decay`, `no_prox`,
            `foreach`, ...

    Raises:
        ValueError: If `max_grad_norm` is negative.

    From: mmpretrain 1.2 `Adan`. There `no_prox=True` with `foreach=True`, its default, leaves out
    the step and only decays the weights; here it makes the step.
    """

    def __init__(self, params: Iterable[Any], max_grad_norm: float = 0.0, **options: Any) -> None:
        if max_grad_norm < 0:
            raise ValueError(f"max_grad_norm must be 0 or more, got {max_grad_norm}")
        self.max_grad_norm = max_grad_norm
        super().__init__(params, **options)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Make a step; returns what `closure` returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        if self.max_grad_norm > 0:
            self._clip()
        super().step()  # type: ignore[no-untyped-call]
        return loss

    def _clip(self) -> None:
        params = [p for group in self.param_groups for p in group["params"]]
        grads = [p.grad for p in params if p.grad is not None]
        if grads:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
            limit = self.max_grad_norm / (norm + self.param_groups[-1]["eps"])
            torch._foreach_mul_(grads, limit.clamp(max=1.0))
