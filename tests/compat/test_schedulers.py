"""What they do is compared with mmengine's in tests/reference/test_rates_own.py."""

from types import SimpleNamespace
from typing import Any

from mmlight.compat import schedulers
from mmlight.compat.param_scheduler import RuleScheduler


def test_each_rule_has_its_own_class() -> None:
    found: dict[str, Any] = vars(schedulers)
    ready = [
        cls
        for name, cls in found.items()
        if name.endswith("ParamScheduler")
        and issubclass(cls, RuleScheduler)
        and hasattr(cls, "rule")
    ]
    assert len({cls.rule for cls in ready}) == len(ready) == 9
    assert all(cls.__name__.startswith(cls.rule.__name__.removesuffix("LR")) for cls in ready)


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
