"""Tells which validation was the best so far, by each of several metrics."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

GREATER: Final[tuple[str, ...]] = (
    *("acc", "top", "AR@", "auc", "precision", "mAP", "mDice", "mIoU", "mAcc", "aAcc"),
)
"""Parts of metric names that tell that more is better."""
LESS: Final = ("loss",)
"""Parts of metric names that tell that less is better."""
AUTO: Final = "auto"


class BestScores:
    """Keeps the best score and its file for each metric.

    Args:
        metrics: Names of metrics; 'auto' stands for the first one of a validation.
        rule: 'greater' or 'less', whatever is better, one for all metrics or one for each; None to
            tell by the name of the metric.
        greater_keys: Names, and parts of names, of metrics of which more is better.
        less_keys: Those of which less is better; the former are looked at first.
        generation: In '0.x' a score of 0 is never the best.

    Attributes:
        rules: 'greater' or 'less' by metric; '' for 'auto' without a rule.
        entries: Score and file by metric, as far as there is one.

    Raises:
        ValueError: If a rule is unknown, missing, or cannot be told by the name.

    From: mmengine 0.10 `CheckpointHook`, mmcv 1.7 `EvalHook`.
    """

    def __init__(
        self,
        metrics: str | Sequence[str] | None = None,
        rule: str | Sequence[str] | None = None,
        greater_keys: str | Sequence[str] | None = None,
        less_keys: str | Sequence[str] | None = None,
        generation: Literal["0.x", "1.x"] = "1.x",
    ) -> None:
        self._keys = (_to_tuple(greater_keys, GREATER), _to_tuple(less_keys, LESS))
        self.rules = choose_rules(metrics, rule, *self._keys)
        self.generation = generation
        self.entries: dict[str, tuple[float, str]] = {}

    def settle_auto(self, values: Mapping[str, Any]) -> None:
        """Let 'auto' stand for the first of these metrics."""
        if AUTO in self.rules and values:
            name, rule = next(iter(values)), self.rules[AUTO]
            self.rules = choose_rules(name, rule or None, *self._keys)
            if AUTO in self.entries:  # of a run of mm
                self.entries[name] = self.entries.pop(AUTO)

    def find_score(self, name: str, values: Mapping[str, Any]) -> float | None:
        """Return the score of a validation by a metric if it is better than before.

        Args:
            name: The metric.
            values: All metrics of the validation, numbers or tensors of one element.

        Raises:
            ValueError: If the metric is not among them.
        """
        if name not in values:
            known = ", ".join(values)
            raise ValueError(f"save_best must be a metric of the validation ({known}), got {name}")
        score = float(values[name])
        if self.generation == "0.x" and not score:
            return None
        if self.rules[name] == "greater":
            is_better = score > self.entries.get(name, (-math.inf, ""))[0]
        else:
            is_better = score < self.entries.get(name, (math.inf, ""))[0]
        return score if is_better else None  # NaN never is

    def state_dict(self) -> dict[str, Any]:
        """Return scores, files and what 'auto' stands for."""
        entries = {name: list(entry) for name, entry in self.entries.items()}
        return {"best": entries, "rules": self.rules}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.entries = {name: (score, path) for name, (score, path) in state["best"].items()}
        self.rules = dict(state["rules"]) if AUTO in self.rules else self.rules


def choose_rules(
    metrics: str | Sequence[str] | None,
    rule: str | Sequence[str] | None,
    greater_keys: Sequence[str] = GREATER,
    less_keys: Sequence[str] = LESS,
) -> dict[str, str]:
    """Tell for each metric whether more is better; args and errors are those of `BestScores`.

    Returns:
        'greater' or 'less' by metric; '' for 'auto' without a rule.

    Examples:
        >>> choose_rules(["accuracy/top1", "loss"], None)
        {'accuracy/top1': 'greater', 'loss': 'less'}
    """
    names = _to_tuple(metrics, ())
    if len(set(names)) < len(names) or (AUTO in names and len(names) > 1):
        raise ValueError(f"save_best must be different metrics, or 'auto' alone, got {metrics}")
    given = (None,) if rule is None else _to_tuple(rule, ())
    given = given * len(names) if len(given) == 1 else given
    if len(given) != len(names):
        raise ValueError(f"rule must be one or {len(names)}, one for each metric, got {rule}")
    keys = (greater_keys, less_keys)
    return {
        name: "" if (name, item) == (AUTO, None) else choose_rule(name, item, *keys)
        for name, item in zip(names, given, strict=True)
    }


def choose_rule(
    name: str,
    rule: str | None = None,
    greater_keys: Sequence[str] = GREATER,
    less_keys: Sequence[str] = LESS,
) -> str:
    """Tell of one metric whether 'greater' or 'less' is better; see `BestScores`.

    Examples:
        >>> choose_rule("accuracy/top1"), choose_rule("val_loss")
        ('greater', 'less')
    """
    if rule is not None:
        if rule not in ("greater", "less"):
            raise ValueError(f"rule must be 'greater' or 'less', got {rule!r}")
        return rule
    words = {"greater": greater_keys, "less": less_keys}
    lowered = {word: [key.lower() for key in keys] for word, keys in words.items()}
    for word, keys in lowered.items():
        if name.lower() in keys:
            return word
    for word, keys in lowered.items():
        if any(key in name.lower() for key in keys):
            return word
    raise ValueError(f"rule must be given, for the name {name!r} does not tell what is better")


def _to_tuple(given: str | Sequence[str] | None, default: Sequence[str]) -> tuple[Any, ...]:
    if given is None:
        return tuple(default)
    return (given,) if isinstance(given, str) else tuple(given)
