from typing import Any

import pytest
from torch import nn

from mmlight.callbacks.set_epoch_info import SetEpochInfo
from tests.callbacks.nets import Net, build_data, build_trainer


class Part(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []

    def set_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)


@pytest.mark.parametrize("flags", [{"max_epochs": 3}, {"max_iters": 6}], ids=str)
def test_parts_are_told_the_epoch(flags: dict[str, Any]) -> None:
    net: Any = Net()
    net.backbone, net.head, net.neck = Part(), Part(), nn.Identity()
    build_trainer(SetEpochInfo(), **flags).fit(net, build_data())
    assert net.backbone.epochs == net.head.epochs == ([0, 1, 2] if "max_epochs" in flags else [0])


def test_model_alone_is_told_when_it_wants_to_know() -> None:
    epochs: list[int] = []
    net: Any = Net()
    net.backbone, net.set_epoch = Part(), epochs.append
    build_trainer(SetEpochInfo(), max_epochs=2).fit(net, build_data())
    assert (epochs, net.backbone.epochs) == ([0, 1], [])


def test_raises_when_nobody_wants_to_know() -> None:
    net: Any = Net()
    net.backbone = nn.Identity()
    with pytest.raises(ValueError, match="model must have a part with set_epoch, got Identity"):
        build_trainer(SetEpochInfo(), max_epochs=1).fit(net, build_data())
