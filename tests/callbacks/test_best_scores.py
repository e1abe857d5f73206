"""The best validation by each metric is found as in the originals."""

from typing import Any

import pytest

from mmlight.callbacks.best_scores import BestScores, choose_rules


@pytest.mark.parametrize(
    ("metrics", "rule", "text"),
    [
        ("speed", None, "rule must be given, for the name 'speed'"),
        ("acc", "more", "rule must be 'greater' or 'less', got 'more'"),
        (["acc"], ["less", "less"], r"one or 1, one for each metric, got \['less', 'less'\]"),
    ],
)
def test_raises_when_the_rule_is_wrong(metrics: Any, rule: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        choose_rules(metrics, rule)


def test_raises_when_a_metric_is_given_twice() -> None:
    with pytest.raises(ValueError, match=r"different metrics, .* got \['acc', 'acc'\]"):
        choose_rules(["acc", "acc"], None)
    with pytest.raises(ValueError, match=r"or 'auto' alone, got \['auto', 'acc'\]"):
        choose_rules(["auto", "acc"], None)


def test_names_tell_the_rule_when_keys_are_given() -> None:
    keys = {"greater_keys": "speed", "less_keys": ["time", "acc"]}
    assert BestScores(["speed", "time", "ACC"], **keys).rules == {
        "speed": "greater",
        "time": "less",
        "ACC": "less",
    }
    # an equal name counts before a part of one
    assert BestScores("top_loss", greater_keys=["loss"], less_keys=["top_loss"]).rules == {
        "top_loss": "less"
    }


def test_zero_is_no_score_when_0x() -> None:
    assert BestScores("loss", generation="0.x").find_score("loss", {"loss": 0.0}) is None
    assert BestScores("loss").find_score("loss", {"loss": 0.0}) == 0.0


def test_auto_takes_over_the_score_of_a_run_of_mm() -> None:
    best = BestScores("auto")
    best.load_state_dict({"best": {"auto": [0.7, "a.pth"]}, "rules": {"auto": ""}})
    best.settle_auto({"accuracy/top1": 0.5, "loss": 1.0})
    assert best.entries == {"accuracy/top1": (0.7, "a.pth")}
    assert best.find_score("accuracy/top1", {"accuracy/top1": 0.7}) is None
    assert best.find_score("accuracy/top1", {"accuracy/top1": 0.8}) == 0.8
