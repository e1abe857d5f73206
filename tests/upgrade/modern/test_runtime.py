import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize

IMAGES = dict(type="CIFAR10", data_prefix="c", pipeline=[])


def upgrade(**words):
    old = {"runner": {"type": "EpochBasedRunner", "max_epochs": 10}, **words}
    config = modernize(Config(old))
    notes = {note.path: note.text for note in config.notes if not note.quiet}
    return to_plain(config.values), notes


def test_wrapper_has_no_defaults_when_modern():
    sgd = dict(type="SGD", lr=1.0, constructor="DefaultOptimizerConstructor")
    new, _ = upgrade(optimizer=sgd, optimizer_config=dict(grad_clip=None))
    assert new["optim_wrapper"] == dict(optimizer=dict(type="SGD", lr=1.0))


def test_wrapper_is_mixed_when_fp16():
    new, _ = upgrade(
        optimizer=dict(type="SGD", lr=1.0),
        optimizer_config=dict(grad_clip=dict(max_norm=1)),
        fp16=dict(loss_scale=512.0),
    )
    assert new["optim_wrapper"] == dict(
        type="AmpOptimWrapper",
        optimizer=dict(type="SGD", lr=1.0),
        loss_scale=512.0,
        clip_grad=dict(max_norm=1),
    )


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (dict(bias_decay_mult=0.0), True),
        (dict(bias_decay_mult=0.0, norm_decay_mult=0.0), False),
        (dict(norm_decay_mult=0.0), False),
    ],
)
def test_rules_lose_words_of_ours_when_paramwise(rules, told):
    new, notes = upgrade(optimizer=dict(type="SGD", lr=1.0, paramwise_cfg=rules))
    assert new["optim_wrapper"]["paramwise_cfg"] == rules
    assert ("optim_wrapper.paramwise_cfg.bias_decay_mult" in notes) is told


def test_evaluation_stays_mixed_where_there_are_data():
    words = dict(optimizer=dict(type="SGD", lr=1.0), fp16=dict(loss_scale=512.0))
    new, _ = upgrade(**words, data=dict(val=IMAGES))
    assert new["val_cfg"] == dict(fp16=True)
    assert "test_cfg" not in new  # mmengine refuses a loop without data


def test_loop_counts_epochs_when_modern():
    data = dict(val=IMAGES, test=IMAGES)
    new, notes = upgrade(data=data, evaluation=dict(interval=4, start=2))
    assert new["train_cfg"] == dict(by_epoch=True, max_epochs=10, val_interval=4, val_begin=2)
    assert (new["val_cfg"], new["test_cfg"]) == ({}, {})
    assert "mmcls only every 4 epochs" in notes["train_cfg.val_interval"]
    new, notes = upgrade(data=data, evaluation=dict(interval=5))
    assert "train_cfg.val_interval" not in notes


def test_loop_counts_iterations_when_the_runner_does():
    runner = dict(type="IterBasedRunner", max_iters=7)
    new, _ = upgrade(runner=runner, checkpoint_config=dict(interval=2))
    assert new["train_cfg"] == dict(by_epoch=False, max_iters=7)
    assert new["default_hooks"]["checkpoint"] == dict(
        type="CheckpointHook", interval=2, by_epoch=False
    )


def test_loop_is_kept_when_the_runner_is_foreign():
    new, _ = upgrade(runner=dict(type="MyRunner", max_epochs=2))
    assert new["train_cfg"] == dict(type="MyRunner", max_epochs=2)


def test_evaluators_have_no_defaults_when_modern():
    data = dict(val={**IMAGES, "type": "VOC"})
    new, notes = upgrade(data=data, evaluation=dict(metric=["mAP", "CP", "CR", "CF1", "OP"]))
    assert new["val_evaluator"] == [
        dict(type="VOCAveragePrecision"),
        dict(type="VOCMultiLabelMetric"),
        dict(type="VOCMultiLabelMetric", items=("precision",), average="micro"),
    ]
    assert "names of mmpretrain" in notes["val_evaluator"]


def test_joined_datasets_are_evaluated_together_when_modern():
    new, notes = upgrade(data=dict(val=[IMAGES, IMAGES]))
    assert new["val_evaluator"] == dict(type="Accuracy", topk=(1, 5))
    assert notes["val_evaluator"].startswith("Metrics have the names")
    told = modernize(Config({"runner": {"max_epochs": 1}, "data": {"val": [IMAGES]}})).notes
    assert any("gave each its own results" in note.text for note in told)
