"""Losses of the validation data are computed between epochs, as a `workflow` says."""

from typing import Any

import pytest
import torch

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.workflow import ValidationLoss, find_workflow
from mmlight.data.loader_config import LoaderConfig
from tests.callbacks.nets import Net, Points, build_data, build_trainer


class Recorder(Net):
    """Notes in which mode each training step runs."""

    def __init__(self) -> None:
        super().__init__(lr=0.0)
        self.steps: list[tuple[bool, int]] = []

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> dict[str, torch.Tensor]:
        self.steps.append((self.training, len(batch["target"])))
        return super().training_step(batch, batch_idx)


def fit(workflow: ValidationLoss, epochs: int) -> tuple[Recorder, Any]:
    net, data = Recorder(), build_data()
    data.val_loss = LoaderConfig(Points(4), 3)
    trainer = build_trainer(workflow, Announcer("0.x"), max_epochs=epochs, limit_train_batches=1)
    trainer.fit(net, data)
    return net, trainer


@pytest.mark.parametrize(
    ("epochs", "passes", "length", "after"),
    [(1, 1, 3, [1, 2, 3]), (2, 1, 4, [2, 4]), (2, 2, 3, [2, 2, 3, 3]), (5, 1, 2, [2])],
)
def test_passes_follow_the_epochs_of_the_workflow(epochs, passes, length, after):
    net, _ = fit(ValidationLoss(epochs, passes), length)
    trained, found = 0, []
    for training, size in net.steps:
        trained += training
        if not training and size == 3:  # the first of two batches of a pass
            found.append(trained)
    assert found == after


def test_losses_are_means_over_the_images_when_batches_differ():
    net, trainer = fit(ValidationLoss(), 1)
    workflow = find_workflow(trainer)
    assert workflow is not None
    assert [size for training, size in net.steps if not training] == [3, 1]
    with torch.no_grad():
        data = Points(4)
        scores = net.eval().net(data.inputs)
        expected = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 1, 2, 0]))
    assert workflow.values["loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert workflow.values["accuracy"] == pytest.approx(0.25)  # the index of the second batch
    assert workflow.batches == 2
    assert all(weight.grad is None or not weight.grad.any() for weight in net.parameters())


def test_network_trains_again_when_a_pass_is_over():
    net, _ = fit(ValidationLoss(), 2)
    assert [training for training, _ in net.steps] == [True, False, False, True, False, False]
