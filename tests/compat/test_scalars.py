import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.compat.scalars import is_scalar, to_numbers


class Stacks(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def test_numbers_are_moved_at_once_when_many():
    values = [torch.tensor(float(n)) for n in range(5)]
    with Stacks() as stacks:
        assert to_numbers(values) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert sum("stack" in name for name in stacks.names) == 1
    assert not any("scalar" in name for name in stacks.names)  # what `.item()` calls


def test_kinds_and_order_are_kept_when_mixed():
    found = to_numbers([1, torch.tensor([2]), np.float32(0.5), "a", torch.tensor(0.25)])
    assert found == [1, 2, 0.5, "a", 0.25]
    assert [type(value) for value in found] == [int, int, float, str, float]
    assert to_numbers([]) == []


def test_scalars_are_told_apart():
    assert is_scalar(np.array([1])) is is_scalar(np.float64(1)) is True
    assert is_scalar([1]) is is_scalar(None) is is_scalar(np.zeros(2)) is False
