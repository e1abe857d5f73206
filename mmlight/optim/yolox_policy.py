"""The learning rate policy of MMDetection's YOLOX: `lr_config = dict(policy='YOLOX', ...)`."""

from collections.abc import Sequence

from typing_extensions import Self, Unpack

from mmlight.optim.curves import move_cosine
from mmlight.optim.policies import AnnealingPolicy
from mmlight.optim.policy import When
from mmlight.optim.schedule import Group, RunLength


class YOLOXPolicy(AnnealingPolicy):
    """Warm up along a parabola, follow a cosine, and stay at its end for the last epochs.

    The warm-up begins at the first step of the parabola, `warmup_ratio / warmup_iters ** 2`, and
    leads to `warmup_ratio` times the initial rate, whatever kind of warm-up is named. The cosine
    begins where the warm-up ends.

    Args:
        num_last_epochs: How long the rate stays at the target in the end [epochs].
        min_lr: See `AnnealingPolicy`.
        min_lr_ratio: See `AnnealingPolicy`.
        **when: See `Policy`; the policy is made for `by_epoch=False`.

    From: MMDetection 2.x `YOLOXLrUpdaterHook`. It sets lengths in iterations against epochs when
    `by_epoch` is True: the rate is then at the target from the first epoch on. So it is here.
    """

    def __init__(
        self,
        num_last_epochs: int,
        min_lr: float | None = None,
        min_lr_ratio: float | None = None,
        **when: Unpack[When],
    ) -> None:
        super().__init__(min_lr, min_lr_ratio, **when)
        self.num_last_epochs = num_last_epochs
        self.last_iters = 0  # known once bound

    def bind(self, run: RunLength) -> Self:
        """Return this policy for a run of known length."""
        bound = super().bind(run)
        if run.epoch_length is None and self.num_last_epochs:
            raise ValueError(
                "num_last_epochs must be 0 when epochs have no known length, got "
                f"{self.num_last_epochs}"
            )
        bound.last_iters = self.num_last_epochs * (run.epoch_length or 0)
        return bound

    def get_warm_values(
        self, groups: Sequence[Group], position: int, iteration: int
    ) -> list[float]:
        """Return the value of each group at an iteration of the warm-up."""
        del position
        factor = self.warmup_ratio * ((iteration + 1) / self.warmup_iters) ** 2
        return [group[self.initial_name] * factor for group in groups]

    def get_regular(self, base: float, position: int) -> float:
        """Return the value without warm-up."""
        done, target = position + 1, self.get_target(base)
        if done >= self.length - self.last_iters:
            return target
        way = self.length - self.warmup_iters - self.last_iters
        return move_cosine(base, target, (done - self.warmup_iters) / way)
