import numpy as np
import pytest
import torch

from mmlight.compat.message_hub import HistoryBuffer, MessageHub
from mmlight.errors import UnsupportedValueError


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(MessageHub, "_instances", {})
    monkeypatch.setattr(HistoryBuffer, "_statistics", {})


def test_history_is_kept_when_scalars_come():
    hub = MessageHub.get_current_instance()
    assert hub.instance_name == "mmengine"
    hub.update_scalar("loss", torch.tensor(4.0), count=2)
    hub.update_scalars({"loss": {"value": np.array(2.0), "count": 1}, "acc": 1})
    assert hub.get_scalar("loss").mean() == 2
    assert hub.get_scalar("loss").mean(1) == 2
    assert hub.get_scalar("loss").max() == 4
    assert hub.get_scalar("acc").current() == 1
    with pytest.raises(KeyError, match=r"'lr' is not among \['loss', 'acc'\]"):
        hub.get_scalar("lr")


def test_only_resumed_values_are_given_out_when_saved():
    hub = MessageHub("a")
    hub.update_info("kept", [1])
    hub.update_info_dict({"lost": 2}, resumed=False)
    other = MessageHub("b")
    other.load_state_dict(hub.state_dict())
    assert (other.get_info("kept"), other.get_info("lost", "none")) == ([1], "none")
    third = MessageHub("c", runtime_info={"gone": 1})
    third.load_state_dict(other)
    assert third.runtime_info == {"kept": [1]}
    assert third.pop_info("kept") == [1]
    with pytest.raises(ValueError, match="resumed of 'kept' must stay True, got False"):
        hub.update_info("kept", 3, resumed=False)


@pytest.mark.parametrize("key", ["epoch", "iter", "max_epochs"])
def test_value_of_the_runner_is_refused_when_nobody_set_it(key):
    hub = MessageHub("a")
    with pytest.raises(UnsupportedValueError, match=f"MessageHub.{key}: the value '{key}'"):
        hub.get_info(key)
    hub.update_info(key, 3)
    assert hub.get_info(key) == 3
    assert hub.get_info("something else") is None


def test_oldest_values_go_when_buffer_is_full():
    buffer = HistoryBuffer([1, 2, 3], [1, 1, 1], max_length=2)
    buffer.update(7)
    assert buffer.data[0].tolist() == [3, 7]

    @HistoryBuffer.register_statistics
    def spread(self, factor):
        return (self.max() - self.min()) * factor

    assert buffer.statistics("spread", factor=2) == 8
    assert buffer.statistics("mean", 1) == 7


def test_buffer_refuses_when_values_are_wrong():
    with pytest.raises(ValueError, match="count_history must have 2 values, got 1"):
        HistoryBuffer([1, 2], [1])
    with pytest.raises(TypeError, match="log_val and count must be numbers, got 'a' and 1"):
        HistoryBuffer().update("a")
    with pytest.raises(ValueError, match="holds no values, got 0"):
        HistoryBuffer().current()
