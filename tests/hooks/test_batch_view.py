"""Batches, losses and predictions in the containers of mm."""

import pytest
import torch

from mmlight.hooks.batch_view import view_batch, view_losses, view_predictions

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
    losses = {"loss": torch.tensor(0.5, requires_grad=True), "top1": torch.tensor([25.0])}
    assert view_losses(losses, BATCH, "1.x") is losses
    view = view_losses(losses, BATCH, "0.x")
    assert view["loss"] is losses["loss"]
    assert view["num_samples"] == 2
    numbers = view["log_vars"]
    assert (numbers["loss"], numbers.get("top1"), numbers.get("other", 3)) == (0.5, 25.0, 3)
    assert list(numbers.values()) == [0.5, 25.0]
    assert dict(numbers.items()) == {"loss": 0.5, "top1": 25.0}
    with pytest.raises(KeyError):
        numbers["other"]


def test_predictions_are_samples_when_a_step_gives_scores():
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    samples = view_predictions({"scores": scores}, BATCH)
    assert [sample.pred_label.tolist() for sample in samples] == [[0], [1]]
    assert torch.equal(samples[1].pred_score, scores[1])
    assert [sample.gt_label.tolist() for sample in samples] == [[1], [0]]
    assert samples[0].img_path == "a.png"
