import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.hooks import to_metric_name
from mmlight.upgrade.modern.modernize import modernize

IMAGES = dict(type="CIFAR10", data_prefix="c", pipeline=[])


def upgrade(**words):
    old = {"runner": {"type": "EpochBasedRunner", "max_epochs": 10}, **words}
    config = modernize(Config(old))
    notes = {note.path: note.text for note in config.notes if not note.quiet}
    return to_plain(config.values), notes


def test_best_is_named_anew_when_saved():
    new, _ = upgrade(data=dict(val=IMAGES), evaluation=dict(save_best="accuracy_top-1"))
    assert new["default_hooks"]["checkpoint"]["save_best"] == "accuracy/top1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accuracy_top-5", "accuracy/top5"),
        ("accuracy", "accuracy/top1"),
        ("recall", "single-label/recall"),
        ("mAP", "multi-label/mAP"),
        ("CF1", "multi-label/f1-score"),
        ("OP", "multi-label/precision_micro"),
        ("loss", "loss"),
        ("auto", "auto"),
    ],
)
def test_metric_is_named_anew_when_known(old, new):
    assert to_metric_name(old) == new


def test_hooks_are_those_of_mmpretrain_when_modern():
    words = dict(
        checkpoint_config=dict(interval=2, sync_buffer=True),
        log_config=dict(interval=7, hooks=[dict(type="TextLoggerHook", by_epoch=False)]),
    )
    new, notes = upgrade(**words)
    assert new["default_hooks"] == dict(
        timer=dict(type="IterTimerHook"),
        logger=dict(type="LoggerHook", interval=7),
        param_scheduler=dict(type="ParamSchedulerHook"),
        checkpoint=dict(type="CheckpointHook", interval=2),
        sampler_seed=dict(type="DistSamplerSeedHook"),
        visualization=dict(type="VisualizationHook", enable=False),
    )
    assert new["log_processor"] == dict(by_epoch=False)
    assert "no such word" in notes["checkpoint_config.sync_buffer"]


def test_no_checkpoint_is_written_when_there_is_no_hook():
    assert upgrade(checkpoint_config=None)[0]["default_hooks"]["checkpoint"] is None


def test_average_has_no_warmup_when_modern():
    hook = dict(type="EMAHook", momentum=0.5, interval=2, resume_from="x")
    new, notes = upgrade(custom_hooks=[hook, dict(type="MyHook")])
    assert new["custom_hooks"] == [
        dict(type="EMAHook", momentum=0.25, interval=2),
        dict(type="MyHook"),
    ]
    assert "first 100 iterations" in notes["custom_hooks.EMAHook"]
    assert (new["load_from"], new["resume"]) == ("x", True)


def test_hooks_lose_the_words_that_mmengine_does_not_have():
    hooks = [dict(type="SyncBuffersHook", distributed=True), dict(type="SyncNormHook", interval=2)]
    new, notes = upgrade(custom_hooks=hooks)
    assert new["custom_hooks"] == [dict(type="SyncBuffersHook"), dict(type="SyncNormHook")]
    assert "no such word" in notes["custom_hooks.SyncBuffersHook.distributed"]
    assert "no such word" in notes["custom_hooks.SyncNormHook.interval"]


def test_backends_follow_the_local_one_when_loggers():
    board = dict(type="TensorboardLoggerHook", log_dir="x", by_epoch=True)
    new, notes = upgrade(log_config=dict(hooks=[dict(type="TextLoggerHook"), board]))
    backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend", save_dir="x")]
    assert new["vis_backends"] == new["visualizer"]["vis_backends"] == backends
    assert "log_config.hooks.by_epoch" in notes


def test_environment_is_whole_when_modern():
    words = dict(dist_params=dict(backend="gloo"), cudnn_benchmark=True, seed=3, gpu_ids=[0])
    new, notes = upgrade(**words, workflow=[("train", 1), ("val", 1)])
    assert new["env_cfg"] == dict(
        cudnn_benchmark=True,
        mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
        dist_cfg=dict(backend="gloo"),
    )
    assert new["randomness"] == dict(seed=3, deterministic=False)
    assert not {"gpu_ids", "workflow"} & new.keys()
    assert "trains only" in notes["workflow"]
