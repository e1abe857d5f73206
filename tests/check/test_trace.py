import pytest
import torch
from torch import nn

from mmlight.check.trace import run_traced, shapes_of


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.inner(x)
        return y.view(3, 5)


def test_returns_the_result_when_all_is_well() -> None:
    layer = nn.Linear(4, 2)
    result, failure = run_traced(layer, lambda: layer(torch.zeros(1, 4)))
    assert result.shape == (1, 2)
    assert not result.requires_grad
    assert failure is None
    assert not layer._forward_hooks
    assert not layer._forward_pre_hooks


@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (nn.Linear(4, 2), (2, 7), "Linear takes 4 channels, it got (2, 7)"),
        (nn.Conv2d(3, 8, 3), (2, 1, 9, 9), "Conv2d takes 3 channels, it got (2, 1, 9, 9)"),
        (nn.BatchNorm2d(4), (2, 5, 3, 3), "BatchNorm2d takes 4 channels, it got (2, 5, 3, 3)"),
    ],
)
def test_tells_which_channels_a_layer_wants(
    layer: nn.Module, shape: tuple[int, ...], text: str
) -> None:
    layer.to("meta")
    _, failure = run_traced(layer, lambda: layer(torch.zeros(shape, device="meta")))
    assert failure is not None
    assert str(failure) == text


def test_names_the_innermost_layer() -> None:
    block = Block()
    _, failure = run_traced(block, lambda: block(torch.zeros(2, 7)))
    assert failure is not None
    assert failure.name == "inner.1"
    assert failure.widths == (4, 7)
    assert str(failure) == "its layer 'inner.1' (Linear) takes 4 channels, it got (2, 7)"


def test_names_the_whole_when_no_layer_fails() -> None:
    block = Block()
    _, failure = run_traced(block, lambda: block(torch.zeros(2, 4)))
    assert failure is not None
    assert failure.widths is None
    assert str(failure).startswith("Block fails with (2, 4): shape '[3, 5]' is invalid")
    assert not failure.is_about_meta


def test_tells_when_values_are_needed() -> None:
    layer = nn.ReLU()
    _, failure = run_traced(layer, lambda: layer(torch.zeros(1, device="meta")).item())
    assert failure is not None
    assert failure.is_about_meta


def test_lists_shapes() -> None:
    assert shapes_of([torch.zeros(1, 2), (torch.zeros(3), "x")]) == [(1, 2), (3,)]
