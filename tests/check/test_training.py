from collections.abc import Callable

import pytest

from mmlight.check.findings import Findings
from mmlight.check.training import examine_callbacks
from mmlight.errors import MMLightError
from mmlight.read.node import Origin
from mmlight.spec import Call, Spec

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
BEST = "save_best='auto'"
METRIC = "topk=(1, 5))\ntest_dataloader"


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        ({"lr=0.02": "lr=-2.0"}, "optimizer.lr", "Invalid learning rate: -2.0"),
        ({"momentum=0.9": "momentum=-1"}, "optimizer.momentum", "Invalid momentum value: -1"),
        (
            {"momentum=0.9": "momentun=0.9"},
            "optimizer.momentun",
            "SGD takes no argument 'momentun', got 0.9",
        ),
        (
            {"optim_wrapper = dict(": "optim_wrapper = dict(clip_grad=dict(max_nrm=1.0),"},
            "clip_grad.max_nrm",
            "GradientClip takes no argument 'max_nrm', got 1.0",
        ),
    ],
)
def test_tells_what_the_optimizer_refuses(
    only: Only, changes: dict[str, str], path: str, problem: str
) -> None:
    error = only(changes)
    assert (error.path, error.problem) == (f"optim_wrapper.{path}", problem)


def test_tells_it_although_the_network_cannot_be_built(examine: Examine) -> None:
    found = examine({"lr=0.02": "lr=-2.0", "depth=18": "depth=19"})
    assert {error.path for error in found.errors} == {
        "model.backbone.depth",
        "optim_wrapper.optimizer.lr",
    }


def test_compares_topk_of_a_metric_with_the_classes(examine: Examine) -> None:
    assert examine({METRIC: "topk=(1, 10))\ntest_dataloader"}).errors == []
    found = examine({METRIC: "topk=(1, 11))\ntest_dataloader"})
    (error,) = found.errors
    assert error.path == "val_evaluator.topk"
    assert error.problem == "topk=(1, 11) asks for more than the 10 classes"
    assert error.expected == "numbers up to 10"


def test_compares_topk_of_the_head_when_it_is_used(only: Only, examine: Examine) -> None:
    topk = {"cal_acc=False,\n        topk=(1, 5)": "cal_acc=False,\n        topk=(1, 12)"}
    assert examine(topk).errors == []
    used = {"cal_acc=False,\n        topk=(1, 5)": "cal_acc=True,\n        topk=(1, 12)"}
    error = only(used)
    assert (error.path, error.origin) == ("model.head.topk", "topk=(1, 12)))")
    assert error.problem == "topk=(1, 12) asks for more than the 10 classes"


def test_tells_what_a_metric_refuses(only: Only) -> None:
    error = only({METRIC: "topk=(0, ))\ntest_dataloader"})
    assert error.path == "val_evaluator.topk"
    assert error.problem == "topk must hold positive integers, got (0,)"


def test_knows_the_metrics_that_can_be_the_best(only: Only, examine: Examine) -> None:
    assert examine({BEST: "save_best='accuracy/top5'"}).errors == []
    error = only({BEST: "save_best='accuracy/top15'"})
    assert error.path == "default_hooks.checkpoint.save_best"
    assert error.problem == "no metric of the validation is called 'accuracy/top15'"
    assert error.expected == "one of accuracy/top1, accuracy/top5"
    assert error.origin == "save_best='accuracy/top15'))"


def test_tells_when_the_best_cannot_be_told(only: Only) -> None:
    error = only({BEST: "save_best='speed'"})
    assert "the name 'speed' does not tell what is better" in error.problem


def test_notes_an_interval_of_zero(examine: Examine) -> None:
    found = examine({"interval=1,\n        save_best": "interval=0,\n        save_best"})
    assert found.errors == []
    (note,) = [note for note in found.notes if "interval" in note.path]
    assert (note.path, note.text) == (
        "default_hooks.checkpoint.interval",
        "0 saves no checkpoint on the way.",
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"'LoggerHook', interval=1": "'LoggerHook', interval=0"},
            "interval must be 1 or more, got 0",
        ),
        ({"val_interval=1": "val_interval=0"}, "interval must be 1 or more, got 0"),
        ({"max_epochs=9": "max_epochs=0"}, "the value 0 cannot be used"),
        (
            {"custom_hooks = []": "custom_hooks = [dict(type='EMAHook', momentum=7)]"},
            "momentum must be between 0 and 1, got 7",
        ),
        (
            {"custom_hooks = []": "custom_hooks = [dict(type='Hooky')]"},
            "unknown hook type 'Hooky'",
        ),
    ],
)
def test_tells_what_a_hook_or_a_loop_refuses(
    examine: Examine, changes: dict[str, str], problem: str
) -> None:
    found = examine(changes)
    assert problem in [error.problem for error in found.errors], str(found)
    assert all(error.origin for error in found.errors)


def test_tells_what_is_no_hook() -> None:
    call = Call("torch.nn.ReLU", path="custom_hooks[0]", origin=Origin("a.py", 4))
    found = Findings()
    examine_callbacks(Spec(model={}, callbacks=(call,)), (), found)
    (error,) = found.errors
    assert (error.path, error.origin) == ("custom_hooks[0]", "a.py:4")
    assert error.problem == "torch.nn.ReLU is no hook, it makes a ReLU"
