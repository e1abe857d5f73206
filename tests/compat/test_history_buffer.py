import pytest
import torch

from mmlight.compat.history_buffer import MAX_WAITING, HistoryBuffer, settle


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(HistoryBuffer, "_statistics", {})


def test_oldest_values_go_when_buffer_is_full():
    buffer = HistoryBuffer([1, 2, 3], [1, 1, 1], max_length=2)
    buffer.update(7)
    assert buffer.data[0].tolist() == [3, 7]

    @HistoryBuffer.register_statistics
    def spread(self, factor):
        return (self.max() - self.min()) * factor

    assert buffer.statistics("spread", factor=2) == 8
    assert buffer.statistics("mean", 1) == 7


def test_full_buffer_moves_its_values_only_when_looked_at():
    buffer = HistoryBuffer(max_length=3)
    for number in range(8):
        buffer.append(number)
    assert len(buffer._values) == 8  # dropping one with each value would move all others
    assert len(buffer) == 3
    assert buffer.mean() == 6
    assert (len(buffer._values), len(buffer._counts)) == (3, 3)
    for number in range(MAX_WAITING + 1):
        buffer.append(number)
    assert len(buffer._values) == 3
    assert buffer.export(None) == [[MAX_WAITING - 2, MAX_WAITING - 1, MAX_WAITING], [1, 1, 1]]


def test_buffer_refuses_when_values_are_wrong():
    with pytest.raises(ValueError, match="count_history must have 2 values, got 1"):
        HistoryBuffer([1, 2], [1])
    with pytest.raises(TypeError, match="log_val and count must be numbers, got 'a' and 1"):
        HistoryBuffer().update("a")
    with pytest.raises(ValueError, match="holds no values, got 0"):
        HistoryBuffer().current()


def test_few_tensors_wait_when_nobody_looks():
    buffer = HistoryBuffer()
    for number in range(MAX_WAITING + 5):
        buffer.append(torch.tensor(float(number)))
    waiting = sum(isinstance(value, torch.Tensor) for value in buffer._values)
    assert waiting == 4
    assert buffer.current() == MAX_WAITING + 4
    settle([buffer])
    assert len(buffer) == MAX_WAITING + 5
    assert buffer.mean(2) == MAX_WAITING + 3.5


def test_integers_stay_what_they_are_when_shown():
    assert str(HistoryBuffer([1, 2], [1, 1]).current()) == "2"
    assert str(HistoryBuffer([1, 2.5], [1, 1]).max()) == "2.5"
