from typing import Any

import pytest
from torch import nn

from mmlight.callbacks.warmup_param import WarmupParam
from tests.callbacks.nets import Net, Probe, build_data, build_trainer


@pytest.mark.parametrize("flags", [{"max_epochs": 3}, {"max_iters": 8}], ids=str)
def test_value_rises_over_the_first_epochs(flags: dict[str, Any]) -> None:
    net: Any = Net()
    net.head = nn.Module()
    net.head.loss_module = nn.Module()
    net.head.loss_module.weight = 8.0
    found: list[float] = []
    probe = Probe(lambda trainer, module: found.append(module.head.loss_module.weight))
    hook = WarmupParam("weight", "head.loss_module", warmup_epochs=1)
    build_trainer(hook, probe, **flags).fit(net, build_data())
    length = 4 if "max_epochs" in flags else 8  # iteration-based training is one epoch
    assert found == [8.0 * min(1, done / length) for done in range(len(found))]
    assert len(found) >= 8


@pytest.mark.parametrize("place", [("none", "net"), ("weight", "head.loss")])
def test_raises_when_there_is_no_such_value(place: tuple[str, str]) -> None:
    missing = "none" if place[0] == "none" else "head"
    with pytest.raises(ValueError, match=f"must lead to a value: .*'{missing}'"):
        build_trainer(WarmupParam(*place, 1), max_epochs=1).fit(Net(), build_data())


def test_raises_when_the_run_has_no_end() -> None:
    with pytest.raises(ValueError, match="warmup_epochs needs a run that ends"):
        build_trainer(WarmupParam("training", "net", 1), max_iters=-1).fit(Net(), build_data())


def test_raises_when_the_epochs_are_wrong() -> None:
    with pytest.raises(ValueError, match="warmup_epochs must be above 0, got 0"):
        WarmupParam("weight", "head", 0)
