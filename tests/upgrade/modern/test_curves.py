import pytest

from mmlight.read.node import ConfigDict, to_nodes
from mmlight.upgrade.modern.curves import CURVES
from mmlight.upgrade.modern.policy import Policy, Run

EPOCHS = Run(by_epoch=True, length=10, base=0.5)
ITERATIONS = Run(by_epoch=False, length=100, base=0.5)
UNKNOWN = Run(by_epoch=True, length=None, base=None)
WHOLE = dict(by_epoch=True, begin=0, end=10)
CONVERTED = dict(by_epoch=True, convert_to_iter_based=True, begin=0, end=10)


def convert(name, run=EPOCHS, kind="LR", **words):
    policy = Policy(to_nodes(ConfigDict(words)), kind, run, "lr_config", [], None)
    made = CURVES[name](policy)
    assert made is None or not policy.words
    return made


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        (
            "Step",
            dict(step=2, gamma=0.9),
            dict(type="StepLR", by_epoch=True, step_size=2, gamma=0.9),
        ),
        (
            "Step",
            dict(step=[3, 5], by_epoch=False),
            dict(type="MultiStepLR", by_epoch=False, milestones=[3, 5], gamma=0.1),
        ),
        ("Exp", dict(gamma=0.9), dict(type="ExponentialLR", by_epoch=True, gamma=0.9)),
        (
            "Poly",
            dict(power=2, min_lr=0.1),
            dict(type="PolyLR", eta_min=0.1, power=2, **{**WHOLE, "end": 11}),
        ),
        ("Poly", dict(by_epoch=False), dict(type="PolyLR", eta_min=0, **CONVERTED)),
        (
            "LinearAnnealing",
            dict(min_lr_ratio=0.1),
            dict(type="PolyLR", eta_min=0.05, **{**WHOLE, "end": 11}),
        ),
        ("CosineAnnealing", dict(min_lr=0), dict(type="CosineAnnealingLR", T_max=10, **WHOLE)),
        (
            "CosineAnnealing",
            dict(min_lr_ratio=0.1, by_epoch=False),
            dict(type="CosineAnnealingLR", T_max=10, eta_min_ratio=0.1, **CONVERTED),
        ),
        (
            "FlatCosineAnnealing",
            dict(min_lr=0.2),
            dict(type="CosineAnnealingLR", T_max=2, eta_min=0.2, **{**WHOLE, "begin": 8}),
        ),
        (
            "CosineRestart",
            dict(periods=[4, 6], restart_weights=[1, 1], min_lr=0),
            dict(
                type="CosineRestartLR",
                periods=[4, 6],
                restart_weights=[1, 1],
                eta_min=0,
                by_epoch=True,
            ),
        ),
        (
            "OneCycle",
            dict(max_lr=1.0, pct_start=0.2),
            dict(type="OneCycleLR", eta_max=1.0, pct_start=0.2, by_epoch=False),
        ),
    ],
)
def test_scheduler_is_written_when_policy(name, words, expected):
    assert convert(name, **words) == [expected]


def test_nothing_is_written_when_fixed():
    assert convert("Fixed", by_epoch=True) == []


def test_rate_falls_twice_when_cooldown():
    assert convert("CosineAnnealingCooldown", min_lr=0.1, cool_down_time=3) == [
        dict(type="CosineAnnealingLR", T_max=7, eta_min=0.1, **{**WHOLE, "end": 8}),
        dict(type="ConstantLR", factor=0.1, by_epoch=True, begin=8, end=11),
    ]


def test_rate_goes_up_and_down_when_cyclic():
    up, down = convert("Cyclic", ITERATIONS, target_ratio=(10, 1e-2))
    assert (up["eta_min"], up["T_max"], up["end"]) == (5.0, 40, 40)
    assert (down["eta_min"], down["T_max"], down["begin"], down["end"]) == (0.005, 60, 40, 100)
    up, _ = convert("Cyclic", kind="Momentum", target_ratio=0.5)
    assert (up["type"], up["eta_min"]) == ("CosineAnnealingMomentum", 0.25)


@pytest.mark.parametrize(
    ("name", "run", "words"),
    [
        ("Cyclic", EPOCHS, dict(cyclic_times=2)),
        ("Cyclic", EPOCHS, dict(gamma=0.5)),
        ("Cyclic", EPOCHS, dict(anneal_strategy="linear")),
        ("Cyclic", EPOCHS, dict(step_ratio_up=0.33)),
        ("Cyclic", UNKNOWN, {}),
        ("CosineAnnealing", UNKNOWN, dict(min_lr=0)),
        ("CosineAnnealingCooldown", UNKNOWN, dict(min_lr=0)),
        ("FlatCosineAnnealing", UNKNOWN, dict(min_lr=0)),
        ("LinearAnnealing", UNKNOWN, dict(min_lr_ratio=0.1)),
        ("Poly", UNKNOWN, {}),
    ],
)
def test_none_is_written_when_mmengine_cannot(name, run, words):
    assert convert(name, run, **words) is None


def test_none_is_written_when_one_cycle_of_momentum():
    assert convert("OneCycle", kind="Momentum") is None


@pytest.mark.parametrize("step", [None, 1.5, "x"])
def test_steps_have_no_counterpart_when_they_are_no_milestones(step):
    assert convert("Step", step=step) is None
