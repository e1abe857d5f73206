from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize

EPOCHS = dict(type="EpochBasedRunner", max_epochs=10)


def upgrade(runner=EPOCHS, **words):
    optimizer = dict(type="SGD", lr=0.5, momentum=0.9)
    config = modernize(Config({"optimizer": optimizer, "runner": runner, **words}))
    schedule = to_plain(config.values).get("param_scheduler")
    return schedule, [note.text for note in config.notes if note.path.endswith("_config")]


def test_warmup_and_curve_begin_together_when_both():
    lr_config = dict(policy="CosineAnnealing", min_lr=0, warmup="linear", warmup_iters=7)
    schedule, _ = upgrade(lr_config=lr_config)
    assert [one["type"] for one in schedule] == ["LinearLR", "CosineAnnealingLR"]
    assert [one["begin"] for one in schedule] == [0, 0]


def test_schedule_is_no_list_when_there_is_one():
    assert upgrade(lr_config=dict(policy="exp", gamma=0.9)) == (
        dict(type="ExponentialLR", by_epoch=True, gamma=0.9),
        [],
    )


def test_no_schedule_is_written_when_rate_is_fixed():
    assert upgrade(lr_config=dict(policy="fixed")) == (None, [])


def test_momentum_follows_when_scheduled_as_well():
    cosine = dict(policy="CosineAnnealing")
    schedule, _ = upgrade(
        lr_config=dict(**cosine, min_lr=0), momentum_config=dict(**cosine, min_momentum=0.5)
    )
    assert [one["type"] for one in schedule] == ["CosineAnnealingLR", "CosineAnnealingMomentum"]
    assert schedule[1]["eta_min"] == 0.5


def test_policy_stays_when_words_are_unknown():
    schedule, notes = upgrade(lr_config=dict(policy="step", step=[2], broken=3))
    assert schedule == dict(type="StepLrUpdaterHook", step=[2], broken=3)
    assert notes == ["mmengine has no scheduler that does this; put another in its place."]


def test_policy_stays_when_momentum_warms_up():
    momentum = dict(policy="step", step=[2], warmup="linear", warmup_iters=3)
    schedule, _ = upgrade(momentum_config=momentum)
    assert schedule["type"] == "StepMomentumUpdaterHook"


def test_policy_goes_when_it_never_moves():
    runner = dict(type="IterBasedRunner", max_iters=7)
    schedule, notes = upgrade(runner, lr_config=dict(policy="step", step=[2], by_epoch=True))
    assert schedule is None
    assert notes == [
        "A policy by epoch never changes the rate of a run by iteration; it is left out."
    ]
