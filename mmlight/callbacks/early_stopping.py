"""Ends training when a metric no longer improves, by mm's rule."""

import logging
import math
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping as LightningEarlyStopping
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.callbacks.announcer import require_announcer
from mmlight.callbacks.best_scores import choose_rule

_logger = logging.getLogger("mmlight")


class EarlyStopping(LightningEarlyStopping):
    """Lightning's callback that looks at every validation, with mm's arguments and its rule.

    A value counts as no improvement when it is worse than the best one plus `min_delta`; one that
    is just that much better, or as good with `min_delta=0`, is an improvement. Training ends with
    the epoch, or with the iteration where these are counted.

    Args:
        monitor: Name of the metric.
        rule: 'greater' or 'less', whatever is better; None to tell by the name.
        min_delta: How much better a value has to be.
        strict: Refuse a validation that lacks the metric; else it is passed over with a warning.
        check_finite: Stop at a value that is infinite or no number.
        patience: Stop after so many validations without an improvement.
        stopping_threshold: Stop as soon as a value is better than this one.

    Raises:
        ValueError: If `rule` is unknown or cannot be told by the name.

    From: mmengine 0.10 `EarlyStoppingHook`. There a resumed run counts from zero again, here it
    goes on counting.
    """

    def __init__(
        self,
        monitor: str,
        rule: Literal["greater", "less"] | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        patience: int = 5,
        stopping_threshold: float | None = None,
    ) -> None:
        self.rule = choose_rule(monitor, rule)
        super().__init__(
            monitor=monitor,
            min_delta=min_delta,
            patience=patience,
            mode="max" if self.rule == "greater" else "min",
            strict=strict,
            check_finite=check_finite,
            stopping_threshold=stopping_threshold,
        )

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Do nothing; `after_val_epoch` decides."""

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Do nothing; `after_val_epoch` decides."""

    def after_val_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Decide whether training ends.

        Raises:
            RuntimeError: If the metric is missing and `strict` is set.
        """
        if trainer.state.fn != TrainerFn.FITTING:
            return
        metrics = trainer.callback_metrics
        if self.monitor not in metrics:
            known = ", ".join(sorted(metrics)) or "none"
            text = f"early stopping looks at the metric {self.monitor!r}; there are: {known}"
            if self.strict:
                raise RuntimeError(text)
            _logger.warning("%s", text)
            return
        reason = self.judge(float(metrics[self.monitor]))
        if reason:
            self.stopped_epoch = trainer.current_epoch
            require_announcer(trainer).stops = True
            _logger.info("training ends early: %s", reason)

    def judge(self, value: float) -> str:
        """Take in a value, and return why training ends; empty when it goes on."""
        best, sign = float(self.best_score), 1 if self.rule == "greater" else -1
        limit = self.stopping_threshold
        if self.check_finite and not math.isfinite(value):
            return f"{self.monitor} is {value}; the best was {best:.3f}"
        if limit is not None and sign * value > sign * limit:
            self._keep(value)
            return f"{self.monitor} is {value}, {self.rule} than {limit}"
        if sign * (best + self.min_delta) > sign * value:
            self.wait_count += 1
            times = f"{self.wait_count} validations; the best was {best:.3f}"
            return f"{self.monitor} did not improve in {times}" * (self.wait_count >= self.patience)
        self._keep(value)
        self.wait_count = 0
        return ""

    def _keep(self, value: float) -> None:
        self.best_score = torch.tensor(value, dtype=torch.float64)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on counting; `patience` stays the one that was given."""
        super().load_state_dict({**state_dict, "patience": self.patience})
