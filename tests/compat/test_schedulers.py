"""What they do is compared with mmengine's in tests/reference/test_rates_own.py."""

import pickle
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.compat import schedulers
from mmlight.compat.param_scheduler import RuleScheduler


def test_classes_are_those_that_their_names_say() -> None:
    found: dict[str, Any] = vars(schedulers)
    made = [cls for cls in found.values() if hasattr(cls, "rule") and cls is not RuleScheduler]
    assert len(made) == 27
    for cls in made:
        assert pickle.loads(pickle.dumps(cls)) is cls


def test_state_of_the_original_is_taken_over() -> None:
    """What mmengine saves: all attributes, milestones as a `Counter`, the number of steps."""
    group = {"lr": 1.0}
    steps = schedulers.MultiStepLR(SimpleNamespace(param_groups=[group]), [3, 4], gamma=0.1)
    steps.load_state_dict({"last_step": 1, "_global_step": 1, "milestones": Counter([2, 2])})
    steps.step()
    assert (steps.milestones[2], group["lr"]) == (2, pytest.approx(0.01))
    line = schedulers.LinearLR(SimpleNamespace(param_groups=[group]), end=5)
    line.load_state_dict({"start_factor": 0.5, "total_iters": 4})
    assert (line.inner.start_factor, line.total_iters) == (0.5, 4)


def test_decay_stays_0_when_it_begins_there() -> None:
    groups = [{"weight_decay": 0.5}, {"weight_decay": 0.0}]
    optimizer = SimpleNamespace(param_groups=groups)
    live = schedulers.CosineAnnealingWeightDecay(optimizer, T_max=2, eta_min=0.1)
    live.step()
    assert [round(group["weight_decay"], 6) for group in groups] == [0.3, 0.0]


def test_state_of_a_plateau_comes_back_when_loaded() -> None:
    words: dict[str, Any] = {"monitor": "a", "patience": 1}
    one = schedulers.ReduceOnPlateauLR(SimpleNamespace(param_groups=[{"lr": 1.0}]), **words)
    one.step({"a": 0.5})
    one.step({"a": 0.5})
    other = schedulers.ReduceOnPlateauLR(SimpleNamespace(param_groups=[{"lr": 1.0}]), **words)
    other.load_state_dict(one.state_dict())
    assert (other.best, other.num_bad_epochs, other.last_step) == (0.5, 1, 1)
    other.step({"a": 0.5})
    assert other.get_last_value() == [0.1]
