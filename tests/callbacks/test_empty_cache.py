from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.empty_cache import EmptyCache, empty_cache
from mmlight.callbacks.idle_hooks import drop_idle_hooks
from mmlight.callbacks.workflow import ValidationLoss
from tests.callbacks.nets import Net, build_data, build_trainer


def count(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], *others: Any) -> int:
    """Train an epoch of 4 batches, validate 2, test 2, and count how often the cache is emptied."""
    done: list[int] = []
    monkeypatch.setattr("mmlight.callbacks.empty_cache.empty_cache", lambda: done.append(1))
    data = build_data()
    data.val_loss = data.val
    trainer = build_trainer(EmptyCache(**options), *others, max_epochs=1)
    drop_idle_hooks(trainer.callbacks)
    net = Net()
    trainer.fit(net, data)
    trainer.test(net, data, verbose=False)
    return len(done)


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, 3),
        ({"before_epoch": True}, 6),
        ({"after_epoch": False}, 0),
        ({"after_epoch": False, "after_iter": True}, 8),
    ],
    ids=str,
)
def test_cache_is_emptied_around_epochs_and_batches(
    options: dict[str, bool], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count(monkeypatch, options) == times


def test_cache_is_emptied_in_a_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"before_epoch": True, "after_iter": True}
    plain = count(monkeypatch, options)
    assert count(monkeypatch, options, ValidationLoss(), Announcer("0.x")) == plain + 4


@pytest.mark.parametrize("has_gpu", [True, False])
def test_gpu_is_asked_when_there_is_one(has_gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: done.append(1))
    empty_cache()
    assert len(done) == has_gpu
