import pytest
import torch
from torch import nn

from mmlight.compat.precision import auto_fp16, force_fp32, wrap_fp16_model


class Net(nn.Module):
    fp16_enabled = False

    @auto_fp16(apply_to=("x",))
    def half(self, x, y, *rest, key=None):
        return x.dtype, y.dtype, [r.dtype for r in rest], key["a"].dtype

    @force_fp32()
    def full(self, x):
        return x.dtype, torch.is_autocast_enabled("cpu"), (x @ x).dtype

    @auto_fp16(out_fp32=True)
    def back(self, x):
        return [x]


class Plain(Net):
    """A module of a user who never asked for half precision."""

    def __getattribute__(self, name):
        if name == "fp16_enabled":
            raise AttributeError(name)
        return super().__getattribute__(name)


ONE = torch.ones(2, 2)
KEY = {"a": ONE}


def test_nothing_happens_when_precision_is_full():
    assert Net().half(ONE, ONE, ONE, key=KEY) == (
        *[torch.float32] * 2,
        [torch.float32],
        torch.float32,
    )
    assert Net().full(ONE.half())[0] is torch.float16


def test_chosen_arguments_become_half_when_mixed():
    with torch.autocast("cpu", torch.bfloat16):
        kinds = Net().half(ONE, ONE, ONE, key=KEY)
        assert kinds == (torch.bfloat16, torch.float32, [torch.float32], torch.float32)
        assert Net().full(ONE.bfloat16()) == (torch.float32, False, torch.float32)
        assert Net().back(ONE)[0].dtype is torch.float32
        assert Plain().full(ONE.bfloat16())[0] is torch.bfloat16


def test_modules_take_part_when_wrapped():
    net = nn.Sequential(Net(), nn.ReLU())
    wrap_fp16_model(net)
    assert net[0].fp16_enabled is True
    assert not hasattr(net[1], "fp16_enabled")
    assert net[0].half(ONE, ONE, key=KEY)[0] is torch.float16


def test_decorators_refuse_when_there_is_no_module():
    with pytest.raises(TypeError, match=r"auto_fp16 is for methods of .* got 3"):
        auto_fp16()(lambda self: None)(3)
    with pytest.raises(TypeError, match="force_fp32 is for methods of modules, got 3"):
        force_fp32()(lambda self: None)(3)
