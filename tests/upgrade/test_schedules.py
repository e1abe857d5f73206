import pytest

from mmlight.errors import MMLightError
from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.upgrade import try_upgrade, upgrade_config

SGD = dict(type="SGD", lr=0.1)


def upgrade(**words):
    return to_plain(upgrade_config(Config({"optimizer": SGD, **words})).values)


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ("step", "StepLrUpdaterHook"),
        ("CosineAnnealing", "CosineAnnealingLrUpdaterHook"),
        ("poly", "PolyLrUpdaterHook"),
        ("cyclic", "CyclicLrUpdaterHook"),
    ],
)
def test_policy_is_named_when_lr_config(policy, kind):
    new = upgrade(lr_config=dict(policy=policy, warmup="linear"))
    assert new["param_scheduler"] == [dict(type=kind, warmup="linear")]


def test_momentum_follows_the_rate_when_both():
    new = upgrade(
        lr_config=dict(policy="cyclic", target_ratio=(10, 1)),
        momentum_config=dict(policy="cyclic", target_ratio=(0.8, 1)),
    )
    assert [rule["type"] for rule in new["param_scheduler"]] == [
        "CyclicLrUpdaterHook",
        "CyclicMomentumUpdaterHook",
    ]


def test_rate_counts_iterations_when_the_runner_does():
    words = dict(
        lr_config=dict(policy="step"),
        momentum_config=dict(policy="step"),
        runner=dict(type="IterBasedRunner", max_iters=10),
    )
    assert [rule.get("by_epoch") for rule in upgrade(**words)["param_scheduler"]] == [False, None]
    words["lr_config"]["by_epoch"] = True
    assert upgrade(**words)["param_scheduler"][0]["by_epoch"] is True


def test_no_schedule_is_written_when_none():
    new = upgrade(lr_config=None, momentum_config=None)
    assert not {"param_scheduler", "lr_config", "momentum_config"} & new.keys()


SAW = dict(type="SawLrUpdaterHook", teeth=3)


def test_hook_becomes_a_schedule_when_it_stands_among_custom_hooks():
    other = dict(type="EMAHook")
    hooks = [other, dict(SAW, priority="LOW"), dict(type="StepMomentumUpdaterHook", step=3)]
    config = upgrade_config(
        Config({"optimizer": SGD, "lr_config": dict(policy="fixed"), "custom_hooks": hooks})
    )
    new = to_plain(config.values)
    assert [rule["type"] for rule in new["param_scheduler"]] == [
        "FixedLrUpdaterHook",
        "SawLrUpdaterHook",
        "StepMomentumUpdaterHook",
    ]
    assert [hook["type"] for hook in new["custom_hooks"]] == ["EMAHook"]
    notes = [(note.path, note.text) for note in config.notes if not note.quiet]
    assert notes == [
        (
            "custom_hooks[1].priority",
            "It acts after lr_config and momentum_config, and before each batch.",
        )
    ]


@pytest.mark.parametrize("hooks", [SAW, [SAW]])
def test_hook_becomes_a_schedule_when_it_is_the_only_one(hooks):
    new = upgrade(custom_hooks=hooks, runner=dict(type="IterBasedRunner", max_iters=5))
    assert new["param_scheduler"] == [SAW]  # mmcv counts epochs there, unless told otherwise
    assert new["custom_hooks"] == []


def test_policy_must_be_named_when_there_is_a_config():
    _, errors = try_upgrade(Config({"optimizer": SGD, "lr_config": dict(step=[3])}))
    (error,) = errors
    assert isinstance(error, MMLightError)
    assert (error.path, error.problem) == ("lr_config", "the entry 'policy' is missing")
    assert error.next_step.startswith("Write dict(policy='step'")
