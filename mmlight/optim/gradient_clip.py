"""Clips gradients by norm or by value, as the `clip_grad` of a config says."""

from collections.abc import Iterable
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_


class GradientClip:
    """Clips the gradients of parameters in place.

    Args:
        max_norm: Largest norm of all gradients together; for `type='norm'`.
        norm_type: Which norm, for example 2 or infinity.
        clip_value: Largest absolute value of any gradient; for `type='value'`.
        type: What is limited.
        error_if_nonfinite: Raise `RuntimeError` when the norm is not finite.
        foreach: Whether to compute with all gradients at once; None to let torch choose.
        whole_model: Clip the gradients of all parameters of the model, as mmcv does, instead of
            those that the optimizer changes.

    Attributes:
        last_norm: The norm before the last clipping by norm, a float tensor of one number on the
            device of the gradients.

    Raises:
        ValueError: If the limit that `type` needs is missing.

    From: mmcv 1.7 `OptimizerHook.clip_grads`, mmengine 0.10 `OptimWrapper(clip_grad=...)`.
    """

    def __init__(
        self,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        clip_value: float | None = None,
        type: Literal["norm", "value"] = "norm",
        error_if_nonfinite: bool = False,
        foreach: bool | None = None,
        whole_model: bool = False,
    ) -> None:
        limit = max_norm if type == "norm" else clip_value
        if limit is None:
            name = "max_norm" if type == "norm" else "clip_value"
            raise ValueError(f"clip_grad of type {type!r} needs {name}, got None")
        self.type = type
        self.limit = float(limit)
        self.norm_type = float(norm_type)
        self.error_if_nonfinite = error_if_nonfinite
        self.foreach = foreach
        self.whole_model = whole_model
        self.last_norm: Tensor | None = None

    def __call__(self, parameters: Iterable[nn.Parameter]) -> None:
        """Clip the gradients of the trainable parameters that have one."""
        trained = [p for p in parameters if p.requires_grad and p.grad is not None]
        if self.type == "value":
            clip_grad_value_(trained, self.limit, foreach=self.foreach)
        elif trained:
            self.last_norm = clip_grad_norm_(
                trained, self.limit, self.norm_type, self.error_if_nonfinite, self.foreach
            )
