import pytest
import torch
from torch import nn

from mmlight.check.construct import BROKEN, construct, fails, has_broken, is_about_meta
from mmlight.check.findings import Findings
from mmlight.read.node import Origin
from mmlight.spec import Call

HERE = __name__


class NeedsValues(nn.Module):
    """Computes with its values when it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = torch.linspace(0, 1, 3)[1].item()


class Explodes:
    def __init__(self, size: int) -> None:
        raise RuntimeError(f"boom {size}")


def make(*calls: Call) -> tuple[list[object], list[str]]:
    found = Findings()
    made = [construct(call, found) for call in calls]
    return made, [f"{error.path}: {error.problem}" for error in found.errors]


def test_makes_what_can_be_made_and_tells_the_rest() -> None:
    good = Call("torch.nn.ReLU", path="a")
    bad = Call("mmlight.models.necks.gap.GlobalAveragePooling", {"dim": 7}, path="b")
    outer = Call("torch.nn.Sequential", {"args": [bad]}, path="c")
    made, told = make(good, bad, outer)
    assert isinstance(made[0], nn.ReLU)
    assert made[1] is BROKEN
    assert made[2] is BROKEN
    assert told == ["b.dim: dim must be 1, 2 or 3, got 7"] * 2


def test_tells_every_problem_inside_a_value() -> None:
    bad = "mmlight.models.necks.gap.GlobalAveragePooling"
    found = Findings()
    value = {"x": [Call(bad, {"dim": 7}, path="x")], "y": (Call(bad, {"dim": 8}, path="y"),)}
    assert construct(value, found) is BROKEN
    assert [error.path for error in found.errors] == ["x.dim", "y.dim"]
    assert construct({"x": [1, (2,)]}, found) == {"x": [1, (2,)]}


def test_says_nothing_when_an_argument_is_missing() -> None:
    """`find_call_errors` does."""
    made, told = make(Call("torch.nn.Linear", {"in_features": 3}, path="a"))
    assert made == [BROKEN]
    assert told == []


@pytest.mark.filterwarnings("ignore")
def test_makes_on_the_cpu_what_needs_values() -> None:
    with torch.device("meta"):
        made, told = make(Call(f"{HERE}.NeedsValues", path="a"))
    assert told == []
    assert isinstance(made[0], NeedsValues) or made[0].__class__.__name__ == "NeedsValues"


def test_tells_what_a_class_did_not_foresee() -> None:
    made, told = make(Call(f"{HERE}.Explodes", {"size": 5}, path="a", origin=Origin("b.py", 2)))
    assert made == [BROKEN]
    assert told == ["a: Explodes cannot be made: RuntimeError: boom 5"]


def test_compares_nothing() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    assert not has_broken([Odd(), 1, None])
    assert has_broken([1, BROKEN])
    assert not BROKEN


def test_recognizes_what_lacks_values() -> None:
    assert is_about_meta(NotImplementedError("Cannot copy out of meta tensor"))
    assert is_about_meta(RuntimeError("item() cannot be called on Meta tensors"))
    assert not is_about_meta(RuntimeError("shape"))
    assert fails(Call("a.B", path="p"), ValueError("x\n y."), doing="run").problem == (
        "B cannot run: ValueError: x y"
    )
