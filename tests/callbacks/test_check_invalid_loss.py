from typing import Any

import pytest
import torch
from torch import Tensor

from mmlight.callbacks.check_invalid_loss import CheckInvalidLoss
from tests.callbacks.nets import Net, build_data, build_trainer


class Exploding(Net):
    def __init__(self, at: int, value: float) -> None:
        super().__init__()
        self.at, self.value = at, value

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> dict[str, Tensor]:
        losses = super().training_step(batch, batch_idx)
        is_now = self.trainer.fit_loop.total_batch_idx + 1 >= self.at
        return {"loss": losses["loss"] * self.value if is_now else losses["loss"]}


@pytest.mark.parametrize(
    ("at", "interval", "found"), [(1, 1, 1), (3, 1, 3), (3, 2, 4), (5, 4, 8), (6, 50, None)]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_training_ends_at_the_next_look(
    at: int, interval: int, found: int | None, value: float
) -> None:
    trainer = build_trainer(CheckInvalidLoss(interval), max_epochs=2)
    if found is None:
        trainer.fit(Exploding(at, value), build_data())
    else:
        with pytest.raises(FloatingPointError, match=f"the loss of iteration {found} is (nan|inf)"):
            trainer.fit(Exploding(at, value), build_data())


def test_nothing_is_looked_at_between(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    original = torch.isfinite
    monkeypatch.setattr(
        "mmlight.callbacks.check_invalid_loss.torch.isfinite",
        lambda value: looks.append(1) or original(value),
    )
    build_trainer(CheckInvalidLoss(3), max_epochs=2).fit(Net(), build_data())
    assert len(looks) == 2


def test_raises_when_the_interval_is_wrong() -> None:
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        CheckInvalidLoss(0)
