from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.callbacks.announcer import Announcer, Place
from mmlight.hooks.progress_view import ProgressView


def view(generation: Any, by_epoch: bool) -> ProgressView:
    announcer = Announcer(generation)
    announcer.by_epoch, announcer.place = by_epoch, Place(epoch=2, iter=17)
    trainer: Any = SimpleNamespace(max_epochs=5, max_steps=40, num_training_batches=8)
    trainer.accumulate_grad_batches = 1
    return ProgressView(trainer, announcer)


def test_tells_where_the_run_is_under_both_names_of_mm():
    found = view("1.x", by_epoch=True)
    assert (found.epoch, found._epoch, found.iter, found._iter) == (2, 2, 17, 17)


@pytest.mark.parametrize(
    ("generation", "by_epoch", "epochs"),
    [("0.x", True, 5), ("1.x", True, 5), ("0.x", False, None), ("1.x", False, 1)],
)
def test_tells_how_many_epochs_there_are_when_they_count(generation, by_epoch, epochs):
    found = view(generation, by_epoch)
    assert (found.max_epochs, found._max_epochs) == (epochs, epochs)
