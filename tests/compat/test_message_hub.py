from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmlight.compat.message_hub import MessageHub


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(MessageHub, "_instances", {})


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
def test_value_of_the_runner_is_asked_for_when_nobody_set_it(key):
    hub = MessageHub("a")
    assert hub.get_info(key) is None
    hub.start(SimpleNamespace(epoch=1, iter=1, max_epochs=1, mode="train"))
    assert hub.get_info(key) == 1
    assert hub.get_info("loop_stage") == "train"
    hub.update_info(key, 3)
    assert hub.get_info(key) == 3
    assert hub.get_info("something else", 7) == 7


@pytest.mark.parametrize(
    ("loader", "facts"), [(SimpleNamespace(dataset=SimpleNamespace(metainfo={"a": 1})), {"a": 1}),
                          (None, "none")]
)  # fmt: skip
def test_facts_of_the_training_data_are_told_when_there_are_any(loader, facts):
    hub = MessageHub("a")
    hub.start(SimpleNamespace(train_dataloader=loader))
    assert hub.get_info("dataset_meta", "none") == facts


def test_results_of_the_run_before_are_forgotten_when_another_begins():
    hub = MessageHub("a")
    for key in ("test/matrix", "val/matrix", "mine"):
        hub.update_info(key, 1)
    hub.start(None)
    assert hub.runtime_info == {"mine": 1}


def test_tensors_become_numbers_when_looked_at():
    hub = MessageHub("a")
    hub.reserve("lr", "loss")
    hub.record("loss", torch.tensor(2.0))
    hub.record("own", 1)
    assert isinstance(hub._scalars["loss"]._values[0], torch.Tensor)
    assert hub.export_scalars(1) == {"lr": [[], []], "loss": [[2.0], [1]], "own": [[1], [1]]}
    assert hub._scalars["loss"]._values == [2.0]
    other = MessageHub("b")
    other.import_scalars(hub.export_scalars(None))
    assert other.get_scalar("loss").mean() == 2
    hub.start(None)
    assert not hub.log_scalars
