"""Batches, losses and predictions in the containers of mm."""

import json

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.hooks.batch_view import count_samples, view_batch, view_losses, view_predictions
from mmlight.hooks.hook import Hook
from mmlight.hooks.hook_callback import HookCallback
from tests.callbacks.nets import Net, build_data, build_trainer

BATCH = {
    "inputs": torch.zeros(2, 3, 4, 4),
    "target": torch.tensor([1, 0]),
    "metas": [{"img_path": "a.png"}, {"img_path": "b.png"}],
}


def test_batch_has_the_entries_of_1x_when_asked():
    batch = view_batch(BATCH, "1.x")
    assert batch["inputs"] is BATCH["inputs"]
    samples = batch["data_samples"]
    assert [sample.gt_label.tolist() for sample in samples] == [[1], [0]]
    assert [sample.img_path for sample in samples] == ["a.png", "b.png"]


def test_batch_has_the_entries_of_0x_when_asked():
    batch = view_batch(BATCH, "0.x")
    assert batch["img"] is BATCH["inputs"]
    assert batch["gt_label"] is BATCH["target"]
    assert batch["img_metas"][1]["img_path"] == "b.png"


def test_batch_stays_when_a_users_function_made_it():
    assert view_batch([1, 2], "1.x") == [1, 2]


def test_losses_are_tensors_in_1x_and_numbers_in_0x():
    loss = torch.tensor(0.5, requires_grad=True)
    losses = {"loss": loss, "accuracy_top-1": torch.tensor([25.0]), "maps": torch.zeros(2)}
    assert view_losses(losses, BATCH, "1.x") is losses
    view = view_losses(losses, BATCH, "0.x")
    assert view["loss"] is losses["loss"]
    assert view["num_samples"] == 2
    assert json.dumps(dict(view["log_vars"])) == '{"top-1": 25.0, "loss": 0.5}'  # as mmcls has them


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_loss_is_that_of_the_step_when_lightning_has_divided_it(generation):
    losses = {"loss": torch.tensor(0.5), "accuracy_top-1": torch.tensor(25.0)}
    view = view_losses(losses, BATCH, generation, batches_per_step=4)
    assert view["loss"] == 2.0
    assert generation == "1.x" or view["log_vars"] == {"top-1": 25.0, "loss": 2.0}
    assert losses["loss"] == 0.5


class Losses(Hook):
    """Notes the loss of each batch."""

    def __init__(self):
        self.values = []

    def after_train_iter(self, runner, *_, **__):
        self.values.append(float(runner.outputs["loss"]))


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_hook_gets_whole_losses_when_a_flag_accumulates_gradients(generation):
    found = []
    for batches in (1, 2):
        hook = Losses()
        callbacks = [HookCallback(hook, generation), Announcer(generation)]
        flags = {"accumulate_grad_batches": batches, "max_epochs": 1, "limit_val_batches": 0}
        build_trainer(*callbacks, **flags).fit(Net(lr=0.0), build_data())
        found.append(hook.values)
    assert found[0] == pytest.approx(found[1])


def test_images_are_counted_when_the_batch_tells():
    assert count_samples({"inputs": torch.zeros(7, 2)}) == 7
    assert count_samples([torch.zeros(7)]) == 1


def test_predictions_are_samples_when_a_step_gives_scores():
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    samples = view_predictions({"scores": scores}, BATCH)
    assert [sample.pred_label.tolist() for sample in samples] == [[0], [1]]
    assert torch.equal(samples[1].pred_score, scores[1])
    assert [sample.gt_label.tolist() for sample in samples] == [[1], [0]]
    assert samples[0].img_path == "a.png"
