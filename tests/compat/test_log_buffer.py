import pytest
import torch

from mmlight.compat.log_buffer import MAX_WAITING, LogBuffer


def test_means_are_weighted_when_averaged():
    buffer = LogBuffer()
    buffer.update({"loss": torch.tensor(4.0)}, 3)
    buffer.update({"loss": 1.0, "top-1": 5}, 1)
    assert isinstance(buffer._values["loss"][0], torch.Tensor)
    buffer.average(2)
    assert buffer.output == {"loss": 3.25, "top-1": 5}
    assert buffer.ready
    assert buffer.val_history == {"loss": [4.0, 1.0], "top-1": [5]}
    buffer.average(1)
    assert buffer.output["loss"] == 1
    buffer.average()
    assert buffer.output["loss"] == 3.25


def test_output_goes_when_cleared():
    buffer = LogBuffer()
    buffer.update({"loss": 1.0})
    buffer.average()
    buffer.clear_output()
    assert (dict(buffer.output), buffer.ready, list(buffer.val_history)) == ({}, False, ["loss"])
    buffer.clear()
    assert not buffer.val_history
    assert not buffer.n_history
    with pytest.raises(ValueError, match="n must be 0 or more, got -1"):
        buffer.average(-1)


def test_losses_are_averaged_over_processes_and_times_are_not():
    buffer = LogBuffer()
    buffer.reduce = lambda means: {name: value / 2 for name, value in means.items()}
    buffer.update({"loss": 4.0}, shared=True)
    buffer.update({"time": 1.0})
    buffer.average()
    assert buffer.output == {"loss": 2.0, "time": 1.0}


def test_few_tensors_wait_when_nobody_averages():
    buffer = LogBuffer()
    for _ in range(MAX_WAITING + 2):
        buffer.update({"loss": torch.tensor(1.0)})
    assert sum(isinstance(value, torch.Tensor) for value in buffer._values["loss"]) == 1
