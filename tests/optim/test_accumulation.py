from types import SimpleNamespace
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import nn

from mmlight.errors import ConfigError
from mmlight.optim.accumulation import Accumulation, Windows


def test_windows_run_through_all_epochs() -> None:
    windows = Windows(4, total=10)
    numbers = range(10)
    assert [i for i in numbers if windows.is_start(i)] == [0, 4, 8]
    assert [i for i in numbers if windows.is_end(i)] == [3, 7, 9]
    assert [windows.count(i) for i in numbers] == [4] * 8 + [2] * 2


def test_windows_are_whole_when_training_has_no_end() -> None:
    windows = Windows(4)
    assert [i for i in range(10) if windows.is_end(i)] == [3, 7]
    assert {windows.count(i) for i in range(10)} == {4}


class Module(L.LightningModule):
    """One weight, whose gradient is the mean of a batch."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.accumulation = Accumulation(self, size)
        self.seen: list[float] = []
        self.saved: dict[int, Any] = {}

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return (self.weight * batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        self.accumulation.attach()
        return torch.optim.SGD(self.parameters(), lr=1.0)

    def on_train_batch_end(self, outputs: Any, *_: Any) -> None:
        self.seen.append(self.weight.item())
        done = self.trainer.fit_loop.total_batch_idx + 1
        self.saved[done] = self.accumulation.state_dict()


def fit(module: Module, batches: list[float], **trainer: Any) -> L.Trainer:
    flags = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    made = L.Trainer(
        accelerator="cpu",
        **{"max_epochs": 1, "enable_model_summary": False, **flags, **trainer},
    )
    data = torch.tensor(batches).unsqueeze(1)  # (N,) -> (N, 1)
    made.fit(module, torch.utils.data.DataLoader(data, batch_size=None))
    return made


def test_steps_are_made_when_windows_end() -> None:
    module = Module(2)
    fit(module, [2.0, 4.0, 8.0])
    assert module.seen == [0.0, -3.0, -11.0]
    fit(module, [2.0, 4.0, 8.0], max_epochs=2)
    assert module.seen[3:] == [-11.0, -14.0, -14.0, -19.0, -19.0, -25.0]


def test_gradients_are_saved_when_a_window_is_open() -> None:
    module = Module(3)
    fit(module, [3.0, 6.0, 9.0, 12.0])
    assert {
        done: {n: g.item() for n, g in state.items()} for done, state in module.saved.items()
    } == {
        1: {"weight": 1.0},
        2: {"weight": 3.0},
        3: {},
        4: {},
    }


def test_window_goes_on_when_gradients_are_loaded() -> None:
    module = Module(3)
    module.accumulation.load_state_dict({"weight": torch.tensor([3.0])})
    module.accumulation._iteration = 2
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    module.accumulation.optimizer_zero_grad(0, 0, optimizer)
    module.accumulation.backward(module.weight.sum() * 9)
    assert module.weight.grad is not None
    assert module.weight.grad.item() == 6.0


def test_loaded_gradients_are_forgotten_when_a_window_begins() -> None:
    module = Module(3)
    module.accumulation.load_state_dict({"weight": torch.tensor([3.0])})
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    for iteration in (0, 1):
        module.accumulation._iteration = iteration
        module.accumulation.optimizer_zero_grad(0, 0, optimizer)
    assert module.weight.grad is None


def test_module_gets_its_methods_back_when_detached() -> None:
    module = Module(2)
    fit(module, [1.0])
    assert "backward" in vars(module)
    module.accumulation.detach()
    assert not {"backward", "optimizer_step", "optimizer_zero_grad"} & vars(module).keys()


@pytest.mark.parametrize("size", [0, -2])
def test_size_is_refused_when_smaller_than_one(size: int) -> None:
    with pytest.raises(ValueError, match=f"accumulative_counts must be 1 or more, got {size}"):
        Accumulation(Module(1), size)


class Greedy(SingleDeviceStrategy):
    handles_gradient_accumulation = True


def test_strategy_is_refused_when_it_accumulates_by_itself() -> None:
    with pytest.raises(ConfigError) as caught:
        fit(Module(7), [1.0], strategy=Greedy(device="cpu"))
    assert caught.value.path == "optim_wrapper.accumulative_counts"
    assert caught.value.problem.startswith("Greedy does not let 7 batches give one step")
    assert "--trainer.accumulate_grad_batches" in caught.value.next_step


def test_gradients_are_told_to_be_lost_when_parameters_are_spread(caplog: Any) -> None:
    module = Module(4)
    module.weight.grad = torch.ones(1)
    loop = SimpleNamespace(total_batch_idx=1)
    sharded: Any = SimpleNamespace(
        fit_loop=loop, strategy=object(), max_epochs=2, num_training_batches=5, callbacks=[]
    )
    module._trainer = sharded
    assert module.accumulation.state_dict() == {}
    assert "begins the open window of gradients anew" in caplog.text
