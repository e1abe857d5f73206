import pytest
import torch

from mmlight.models.losses.total import total_loss


def test_losses_are_averaged_and_added():
    values = {
        "loss_a": torch.tensor([1.0, 3.0]),
        "aux_loss": [torch.tensor(1.0), torch.tensor([2.0, 4.0])],
        "accuracy": {"top-1": torch.tensor(50.0)},
        "top": torch.tensor(9.0),
    }
    found = {name: value.item() for name, value in total_loss(values).items()}
    assert found == {"loss_a": 2, "aux_loss": 4, "top-1": 50, "top": 9, "loss": 6}


def test_single_loss_stays_as_it_is():
    loss = torch.tensor(3.0)
    assert total_loss({"loss": loss}) == {"loss": loss}
    assert total_loss({"loss": loss})["loss"] is loss


def test_raises_when_a_value_is_no_tensor():
    with pytest.raises(TypeError, match=r"loss must be a tensor or a list of tensors, got 0\.5"):
        total_loss({"loss": 0.5})


def test_raises_when_there_is_no_loss():
    with pytest.raises(ValueError, match=r"loss must be among .* got \['accuracy'\]"):
        total_loss({"accuracy": torch.tensor(1.0)})
