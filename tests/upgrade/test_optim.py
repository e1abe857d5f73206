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
    moved = dict(**clip, whole_model=True)
    expected = dict(type="OptimWrapper", optimizer=SGD, clip_grad=moved)
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


def test_evaluation_is_mixed_where_mmcls_wraps_the_model():
    both = upgrade(fp16=dict(loss_scale=512.0))
    assert (both["val_cfg"], both["test_cfg"]) == (dict(fp16=True), dict(fp16=True))
    trained = upgrade(optimizer_config=dict(type="Fp16OptimizerHook"))  # the test script asks fp16
    assert trained["val_cfg"] == dict(fp16=True)
    assert "test_cfg" not in trained
    assert "val_cfg" not in upgrade()


def test_unknown_hook_is_kept_for_refusal_when_its_type_is_foreign():
    wrapper = upgrade(optimizer_config=dict(type="MyHook", beta=1))["optim_wrapper"]
    assert (wrapper["type"], wrapper["beta"]) == ("MyHook", 1)


def test_optimizer_of_torch_gets_the_name_of_mmengine_when_it_has_another():
    wrapper = upgrade(optimizer=dict(type="Adafactor", lr=0.1))["optim_wrapper"]
    assert wrapper["optimizer"] == dict(type="TorchAdafactor", lr=0.1)


def test_words_stay_when_the_constructor_is_the_users():
    rules = dict(norm_decay_mult=0.0)
    optimizer = dict(type="Adafactor", lr=0.1, paramwise_cfg=rules, constructor="My")
    assert upgrade(optimizer=optimizer)["optim_wrapper"] == dict(
        type="OptimWrapper",
        optimizer=dict(type="Adafactor", lr=0.1),
        paramwise_cfg=rules,
        constructor="My",
        generation="0.x",
    )


@pytest.mark.parametrize("constructor", [{}, {"constructor": "DefaultOptimizerConstructor"}])
def test_paramwise_moves_when_given(constructor):
    rules = dict(
        norm_decay_mult=0.0,
        custom_keys={".cls_token": dict(decay_mult=0.0, momentum=0.5), "head": dict(lr_mult=10)},
    )
    wrapper = upgrade(optimizer=dict(**SGD, paramwise_cfg=rules, **constructor))["optim_wrapper"]
    assert wrapper["paramwise_cfg"] == dict(
        norm_decay_mult=0.0,
        custom_keys={".cls_token": dict(decay_mult=0.0), "head": dict(lr_mult=10)},
        exclusive_layers=True,
        keep_frozen=True,
    )
    assert wrapper["optimizer"] == SGD


def test_rules_stay_empty_when_given_so():
    wrapper = upgrade(optimizer=dict(**SGD, paramwise_cfg={}))["optim_wrapper"]
    assert wrapper["paramwise_cfg"] == {}  # mmcv takes it for none


def test_scale_is_fixed_when_fp16_names_none():
    assert upgrade(fp16={})["optim_wrapper"]["loss_scale"] == 512.0


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
