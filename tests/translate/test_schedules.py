from typing import Any

import pytest

from mmlight.compat.lr_updater import LrUpdaterHook
from mmlight.compat.param_scheduler import LRSchedulerMixin, _ParamScheduler
from mmlight.errors import MMLightError
from mmlight.optim.policies import FixedPolicy
from mmlight.read.config import Config
from mmlight.read.key_path import note_paths
from mmlight.read.node import to_plain
from mmlight.registry import HOOKS, PARAM_SCHEDULERS
from mmlight.spec import Call, Note
from mmlight.translate.schedules import POLICY_ROWS, RECURSION_ROWS, translate_schedules
from mmlight.translate.section import Report, Section
from mmlight.upgrade.upgrade import upgrade_config


class OwnLrUpdaterHook(LrUpdaterHook):
    def get_lr(self, runner: Any, base_lr: float) -> float:
        return base_lr


class OwnLR(LRSchedulerMixin, _ParamScheduler):
    def _get_value(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]


class OwnPolicy(FixedPolicy):
    """Derived from a schedule of ours."""


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HOOKS.module_dict, "OwnLrUpdaterHook", OwnLrUpdaterHook)
    monkeypatch.setitem(PARAM_SCHEDULERS.module_dict, "OwnLR", OwnLR)
    monkeypatch.setitem(PARAM_SCHEDULERS.module_dict, "OwnPolicy", OwnPolicy)


def read(words: dict[str, Any]) -> tuple[list[Call], list[MMLightError], list[Note]]:
    """Translate the schedules of a config; return calls, problems and notes."""
    config = upgrade_config(
        Config({"optim_wrapper": {}, **words} if "lr_config" not in words else words)
    )
    report = Report(scope=config.values.get("default_scope", "mmpretrain"))
    calls = translate_schedules(Section(note_paths(config.values), "", report))
    return calls, report.errors, [note for note in report.notes if not note.quiet]


def only(**words: Any) -> Call:
    calls, errors, _ = read({"param_scheduler": words})
    assert errors == []
    (call,) = calls
    return call


@pytest.mark.parametrize("row", POLICY_ROWS, ids=lambda row: row.name)
def test_policy_is_translated_when_named(row: Any) -> None:
    call = only(type=row.name, by_epoch=False)
    assert (call.target, call.kwargs) == (row.target, {"by_epoch": False})


@pytest.mark.parametrize("row", RECURSION_ROWS, ids=lambda row: row.name)
def test_rule_is_translated_when_named(row: Any) -> None:
    given = {"param_name": "lr"} if row.name.endswith("ParamScheduler") else {}
    call = only(type=row.name, begin=3, verbose=True, last_step=-1, **given)
    assert (call.target, call.kwargs) == (row.target, {**row.extra, **given, "begin": 3})


def test_order_is_kept_when_there_are_several() -> None:
    kinds = ["LinearLR", "CosineAnnealingLR", "ConstantMomentum"]
    calls, _, _ = read({"param_scheduler": [{"type": kind} for kind in kinds]})
    assert [call.target.rpartition(".")[2] for call in calls] == [
        "LinearLR",
        "CosineAnnealingLR",
        "ConstantLR",
    ]
    assert calls[2].kwargs == {"param_name": "momentum"}


def test_class_is_known_when_a_config_imports_it() -> None:
    assert only(type="mmengine.optim.scheduler.StepLR", step_size=2).target.endswith(".StepLR")


def test_verbose_is_noted_when_given() -> None:
    _, _, notes = read({"param_scheduler": {"type": "StepLR", "verbose": True}})
    assert [(note.path, note.text) for note in notes] == [
        ("param_scheduler.verbose", "Rates are logged, not printed at each change.")
    ]


@pytest.mark.usefixtures("registered")
def test_own_classes_are_wrapped_when_registered() -> None:
    calls, errors, _ = read(
        {"lr_config": {"policy": "own", "by_epoch": False}, "optimizer": {"type": "SGD"}}
    )
    path = f"{__name__}.OwnLrUpdaterHook"
    assert errors == []
    assert calls == [
        Call("mmlight.optim.own_updater.OwnUpdater", {"hook": Call(path, {"by_epoch": False})})
    ]
    assert only(type="OwnLR", begin=2, convert_to_iter_based=True) == Call(
        "mmlight.optim.own_scheduler.OwnScheduler",
        {
            "scheduler": f"{__name__}.OwnLR",
            "options": {"begin": 2},
            "convert_to_iter_based": True,
        },
    )
    for name in ("OwnPolicy", OwnPolicy, f"{__name__}.OwnPolicy"):
        assert only(type=name) == Call(f"{__name__}.OwnPolicy")


def test_own_classes_are_wrapped_when_they_are_import_paths() -> None:
    for name in (OwnLR, f"{__name__}.OwnLR"):
        assert only(type=name).target == "mmlight.optim.own_scheduler.OwnScheduler"
    assert only(type=OwnLrUpdaterHook).target == "mmlight.optim.own_updater.OwnUpdater"
    assert only(type="no.such.LR") == Call("no.such.LR")  # the check of calls tells


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "StpLR"}, "type", "unknown schedule type 'StpLR'"),
    ({"type": "StpLrUpdaterHook"}, "type", "unknown policy type 'StpLrUpdaterHook'"),
    ({"type": "OneCycleMomentum"}, "type", "unknown schedule type 'OneCycleMomentum'"),
    ({"type": "StepLR", "last_step": 7}, "last_step", "the value 7 cannot be used"),
    (
        {"type": "StepParamScheduler"},
        "param_name",
        "StepParamScheduler changes any parameter, and none is named",
    ),
    (
        {"type": "StepLR", "param_name": "momentum"},
        "param_name",
        "StepLR is told which parameter to change, 'momentum'",
    ),
    (
        {"type": "OneCycleParamScheduler", "param_name": "momentum"},
        "param_name",
        "OneCycleParamScheduler cannot change 'momentum'",
    ),
]


@pytest.mark.parametrize(
    ("words", "key", "problem"), REFUSED, ids=[f"{w['type']}-{key}" for w, key, _ in REFUSED]
)
def test_schedule_is_refused_when(words: dict[str, Any], key: str, problem: str) -> None:
    _, errors, _ = read({"param_scheduler": words})
    assert [(error.path, error.problem) for error in errors] == [
        (f"param_scheduler.{key}", problem)
    ]


@pytest.mark.parametrize(
    ("key", "policy", "word", "nearest"),
    [
        ("lr_config", "stp", "stp", "step"),
        ("lr_config", "CosineAnealing", "CosineAnealing", "CosineAnnealing"),
        ("lr_config", "yolox", "yolox", "YOLOX"),
        ("lr_config", "poli", "poli", "poly"),
        ("momentum_config", "poly", "poly", None),
        ("momentum_config", "cycle", "cycle", "cyclic"),
    ],
)
def test_policy_is_refused_in_the_users_word(
    key: str, policy: str, word: str, nearest: str | None
) -> None:
    fixed = {"policy": "fixed"}
    words = {"optimizer": {"type": "SGD"}, "lr_config": fixed, key: {"policy": policy}}
    _, errors, _ = read(words)
    (error,) = errors
    assert (error.path, error.problem) == (f"{key}.policy", f"unknown policy {word!r}")
    assert error.nearest == nearest
    assert "step" in error.expected


def test_object_is_used_as_it_is() -> None:
    live = OwnPolicy()
    config = Config({"param_scheduler": live})
    section = Section(note_paths(config.values), "", Report())
    assert translate_schedules(section) == [live]
    assert to_plain(config.values)["param_scheduler"] is live
