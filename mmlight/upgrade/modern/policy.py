"""A policy of mmcv on its way to mmengine's schedulers: its words, its run and its warm-up."""

from dataclasses import dataclass
from typing import Any, Final

from mmlight.read.node import ConfigDict, Origin
from mmlight.spec import Note
from mmlight.upgrade.move import node

BY_EPOCH: Final = {"by_epoch": True}
BY_ITERATION: Final = {"by_epoch": False}
CONVERTED: Final = {"by_epoch": True, "convert_to_iter_based": True}
WARMUP_WORDS: Final = ("warmup", "warmup_iters", "warmup_ratio", "warmup_by_epoch")
ROUNDING = "The warm-up of mmengine is over one iteration earlier."


@dataclass(frozen=True)
class Run:
    """What a policy needs to know of the run.

    Args:
        by_epoch: Whether the run counts epochs.
        length: Epochs or iterations of the run; None when unknown.
        base: What the optimizer starts with: its rate, or its momentum.
    """

    by_epoch: bool
    length: int | None
    base: float | None


@dataclass
class Policy:
    """A policy under translation.

    Args:
        words: Its arguments; those that were read are gone.
        kind: What it changes: 'LR' or 'Momentum'.
        run: The run it belongs to.
        path: Its key path.
        notes: Receives what means something else now.
        origin: Where it was set.
    """

    words: ConfigDict
    kind: str
    run: Run
    path: str
    notes: list[Note]
    origin: Origin | None

    def take(self, key: str, default: Any = None) -> Any:
        """Remove and return an argument."""
        return self.words.pop(key, default)

    def note(self, text: str) -> None:
        """Note something about the policy."""
        self.notes.append(Note(self.path, text, self.origin))

    def make(self, name: str, **words: Any) -> ConfigDict:
        """Return a scheduler; words that are None are left out."""
        given = {key: value for key, value in words.items() if value is not None}
        return node(self.origin, type=f"{name}{self.kind}", **given)

    def take_unit(self) -> dict[str, bool]:
        """Return how a curve that fills the run counts.

        One that moves at each iteration of a run of epochs is given in epochs, whose length
        mmengine knows.
        """
        if self.take("by_epoch", True):
            return BY_EPOCH
        return CONVERTED if self.run.by_epoch else BY_ITERATION


@dataclass(frozen=True)
class Warmup:
    """The warm-up of a policy; its length is 0 when there is none."""

    kind: str = ""
    length: int = 0
    ratio: float = 0.1
    by_epoch: bool = False

    @classmethod
    def take(cls, policy: Policy) -> "Warmup":
        """Read the words of the warm-up."""
        kind, length, ratio, by_epoch = (policy.take(word) for word in WARMUP_WORDS)
        if kind is None or not length:
            return cls()
        return cls(kind, length, 0.1 if ratio is None else ratio, bool(by_epoch))

    def write(self, policy: Policy) -> list[ConfigDict] | None:
        """Return schedulers that multiply by the factor of the warm-up, None when there are none.

        mmengine reaches the last factor one step before `end`, mmcv at it; for the exponential
        warm-up, which mmpretrain does not use, that step is added.
        """
        words = {**(CONVERTED if self.by_epoch else BY_ITERATION), "begin": 0, "end": self.length}
        if not self.length:
            return []
        if self.kind == "linear":
            policy.note(ROUNDING)
            return [policy.make("Linear", start_factor=self.ratio, **words)]
        if self.kind == "constant":
            policy.note(ROUNDING)
            return [policy.make("Constant", factor=self.ratio, **words)]
        if self.kind != "exp" or self.by_epoch or policy.run.length is None:
            return None
        # the constant factor stays, the exponential one grows to its inverse
        behind = {"by_epoch": policy.run.by_epoch, "end": policy.run.length + 1}
        words = {**words, "end": self.length + 1, "gamma": self.ratio ** (-1 / self.length)}
        return [
            policy.make("Constant", factor=self.ratio, **behind),
            policy.make("Exponential", **words),
        ]
