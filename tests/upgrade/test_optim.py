import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.upgrade import upgrade_config

SGD = dict(type="SGD", lr=0.1)


def upgrade(**words):
    return to_plain(upgrade_config(Config({"optimizer": SGD, **words})).values)


@pytest.mark.parametrize("config", [None, {}, dict(type="OptimizerHook")])
def test_wrapper_is_plain_when_options_are_empty(config):
    assert upgrade(optimizer_config=config)["optim_wrapper"] == dict(
        type="OptimWrapper", optimizer=SGD
    )


def test_clipping_moves_when_either_form():
    clip = dict(max_norm=5, norm_type=2)
    expected = dict(type="OptimWrapper", optimizer=SGD, clip_grad=clip)
    for form in (dict(grad_clip=clip), dict(type="OptimizerHook", grad_clip=clip)):
        assert upgrade(optimizer_config=form)["optim_wrapper"] == expected


def test_accumulation_moves_when_cumulative():
    options = dict(type="GradientCumulativeOptimizerHook", cumulative_iters=4)
    assert upgrade(optimizer_config=options)["optim_wrapper"] == dict(
        type="OptimWrapper", optimizer=SGD, accumulative_counts=4
    )


@pytest.mark.parametrize(
    "words",
    [
        dict(fp16=dict(loss_scale="dynamic")),
        dict(optimizer_config=dict(type="Fp16OptimizerHook", loss_scale="dynamic")),
        dict(fp16=dict(loss_scale="dynamic"), optimizer_config=dict(grad_clip=None)),
    ],
)
def test_precision_is_mixed_when_fp16(words):
    wrapper = upgrade(**words)["optim_wrapper"]
    wrapper.pop("clip_grad", None)
    assert wrapper == dict(type="AmpOptimWrapper", optimizer=SGD, loss_scale="dynamic")


def test_unknown_hook_is_kept_for_refusal_when_its_type_is_foreign():
    wrapper = upgrade(optimizer_config=dict(type="MyHook", beta=1))["optim_wrapper"]
    assert (wrapper["type"], wrapper["beta"]) == ("MyHook", 1)


def test_paramwise_moves_when_given():
    rules = dict(
        norm_decay_mult=0.0,
        custom_keys={".cls_token": dict(decay_mult=0.0, momentum=0.5), "head": dict(lr_mult=10)},
    )
    wrapper = upgrade(optimizer=dict(**SGD, paramwise_cfg=rules, constructor="My"))["optim_wrapper"]
    assert wrapper["paramwise_cfg"] == dict(
        norm_decay_mult=0.0,
        custom_keys={".cls_token": dict(decay_mult=0.0), "head": dict(lr_mult=10)},
        exclusive_layers=True,
        keep_frozen=True,
    )
    assert (wrapper["optimizer"], wrapper["constructor"]) == (SGD, "My")


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


def test_scale_is_fixed_when_fp16_hook_without_one():
    wrapper = upgrade(optimizer_config=dict(type="Fp16OptimizerHook"))["optim_wrapper"]
    assert wrapper == dict(type="AmpOptimWrapper", optimizer=SGD, loss_scale=512.0)


def test_unused_options_become_notes_when_optimizer_hook():
    options = dict(type="DistOptimizerHook", coalesce=True, detect_anomalous_params=True)
    config = upgrade_config(Config({"optimizer": SGD, "optimizer_config": options}))
    assert to_plain(config.optim_wrapper) == dict(type="OptimWrapper", optimizer=SGD)
    assert [note.path for note in config.notes if not note.quiet] == [
        "optimizer_config.coalesce",
        "optimizer_config.detect_anomalous_params",
    ]


def test_unused_words_become_notes_when_fp16():
    words = dict(fp16=dict(loss_scale=2.0, accum_type="half"))
    config = upgrade_config(Config({"optimizer": SGD, **words}))
    notes = [str(note) for note in config.notes if not note.quiet]
    assert notes == ["fp16.accum_type: Mixed precision has a loss scale and nothing else."]
