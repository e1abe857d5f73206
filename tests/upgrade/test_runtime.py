import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.upgrade import upgrade_config

DATA = dict(train=dict(type="X"), val=dict(type="X"), test=dict(type="X"))
RUNNER = dict(type="EpochBasedRunner", max_epochs=10)


def upgrade(**words):
    config = upgrade_config(Config({"data": DATA, "runner": RUNNER, **words}))
    return to_plain(config.values), [str(note) for note in config.notes]


def loop(**words):
    return upgrade(**words)[0]["train_cfg"]


EVERY_EPOCH = dict(type="EpochBasedTrainLoop", max_epochs=10, val_at_end=False, val_interval=1)


def test_validation_follows_every_epoch_when_evaluation_is_absent():
    assert loop() == EVERY_EPOCH
    assert upgrade()[0]["val_evaluator"] == dict(type="Accuracy", generation="0.x", topk=(1, 5))


def test_interval_and_start_move_when_evaluation():
    assert loop(evaluation=dict(interval=3, start=4)) == dict(
        type="EpochBasedTrainLoop",
        max_epochs=10,
        val_at_end=False,
        val_interval=3,
        val_begin=4,
        val_offset=4,
        val_at_start=True,
    )


def test_validation_comes_first_when_start_is_given():
    new, notes = upgrade(evaluation=dict(start=0))
    loop = new["train_cfg"]
    assert (loop["val_begin"], loop["val_offset"], loop["val_at_start"]) == (1, 0, True)
    assert notes == []


def test_validation_follows_every_iteration_when_the_runner_counts_them():
    words = dict(
        runner=dict(type="IterBasedRunner", max_iters=5), checkpoint_config=dict(interval=2)
    )
    new, _ = upgrade(**words)
    assert new["train_cfg"] == dict(
        type="IterBasedTrainLoop", max_iters=5, val_at_end=False, val_interval=1
    )
    assert new["default_hooks"]["checkpoint"]["by_epoch"] is False


def test_unused_words_become_notes_when_evaluation():
    new, notes = upgrade(evaluation=dict(by_epoch=False, gpu_collect=True, broken=3))
    assert new["train_cfg"] == {**EVERY_EPOCH, "broken": 3}  # the next stage refuses it
    assert notes == [
        "evaluation.by_epoch: mmcls 0.25 sets this itself, by the type of the runner.",
        "evaluation.gpu_collect: Metrics are gathered by torchmetrics.",
    ]


def test_metric_options_move_when_given():
    options = dict(topk=(1,), thrs=(0.1, 0.5))
    new, _ = upgrade(evaluation=dict(metric=["accuracy"], metric_options=options))
    expected = dict(type="Accuracy", generation="0.x", topk=(1,), thrs=(0.1, 0.5))
    assert new["val_evaluator"] == new["test_evaluator"] == expected


def test_best_checkpoint_moves_when_evaluation():
    new, _ = upgrade(evaluation=dict(save_best="accuracy_top-1", rule="greater"))
    assert new["default_hooks"]["checkpoint"] == dict(
        save_best="accuracy_top-1", rule="greater", interval=-1, save_last=False, priority="NORMAL"
    )


def test_test_metric_stays_when_validation_data_are_missing():
    new, _ = upgrade(data=dict(train=dict(type="X"), test=dict(type="X")))
    assert "val_evaluator" not in new
    assert new["test_evaluator"]["type"] == "Accuracy"
    assert new["train_cfg"] == dict(type="EpochBasedTrainLoop", max_epochs=10)


def test_evaluation_is_noted_when_validation_data_are_missing():
    data = dict(train=dict(type="X"), test=dict(type="X"))
    new, notes = upgrade(
        data=data, evaluation=dict(interval=2, metric="accuracy", save_best="auto")
    )
    assert new["test_evaluator"]["type"] == "Accuracy"
    reason = "Nothing is validated: there are no such data, or there is no training."
    assert notes == [f"evaluation.{key}: {reason}" for key in ("interval", "save_best")]


def test_length_is_found_when_total_epochs():
    assert loop(runner=None, total_epochs=7)["max_epochs"] == 7
    new, notes = upgrade(total_epochs=7)
    assert new["train_cfg"]["max_epochs"] == 10
    assert notes == ["total_epochs: `runner` says how long to train."]


def test_loop_is_missing_when_nothing_says_how_long():
    config = Config({"data": DATA})
    assert "train_cfg" not in upgrade_config(config)


def test_priorities_are_those_of_mmcv_when_hooks():
    hooks = upgrade(checkpoint_config=dict(interval=1))[0]["default_hooks"]
    assert {name: hook["priority"] for name, hook in hooks.items()} == {
        "param_scheduler": "VERY_HIGH",
        "checkpoint": "NORMAL",
        "timer": "LOW",
        "validation": "LOW",
        "logger": "VERY_LOW",
    }


def test_checkpoints_are_off_when_config_is_none():
    hooks = upgrade(checkpoint_config=None)[0]["default_hooks"]
    assert hooks["checkpoint"] is None


def test_checkpoint_words_move_when_given():
    options = dict(interval=5, max_keep_ckpts=3, save_last=False)
    hook = upgrade(checkpoint_config=options)[0]["default_hooks"]["checkpoint"]
    assert hook == {**options, "priority": "NORMAL"}


@pytest.mark.parametrize("given", [None, 20])
def test_warm_up_is_written_when_ema(given):
    hook = dict(type="EMAHook", momentum=0.1, **({"warm_up": given} if given else {}))
    new, _ = upgrade(custom_hooks=[hook, dict(type="Other")])
    assert new["custom_hooks"][0]["warm_up"] == (given or 100)
    assert new["custom_hooks"][1] == dict(type="Other")


def test_places_move_when_resuming():
    new, _ = upgrade(resume_from="a.pth", load_from="b.pth")
    assert (new["load_from"], new["resume"]) == ("a.pth", True)
    new, _ = upgrade(resume_from=None, load_from="b.pth")
    assert (new["load_from"], "resume" in new, "resume_from" in new) == ("b.pth", False, False)


@pytest.mark.parametrize(
    ("words", "path", "value"),
    [
        (dict(seed=3), "randomness.seed", 3),
        (dict(deterministic=True), "randomness.deterministic", True),
        (dict(cudnn_benchmark=True), "env_cfg.cudnn_benchmark", True),
        (dict(mp_start_method="spawn"), "env_cfg.mp_cfg.mp_start_method", "spawn"),
        (dict(opencv_num_threads=2), "env_cfg.mp_cfg.opencv_num_threads", 2),
        (dict(dist_params=dict(backend="gloo")), "env_cfg.dist_cfg.backend", "gloo"),
        (dict(find_unused_parameters=True), "model_wrapper_cfg.find_unused_parameters", True),
    ],
)
def test_environment_moves_when_given(words, path, value):
    new, _ = upgrade(**words)
    for name in path.split("."):
        new = new[name]
    assert new == value


def test_words_for_ipus_become_notes_when_runner():
    new, notes = upgrade(runner=dict(**RUNNER, ipu_model_cfg=dict(), options_cfg=dict()))
    assert new["train_cfg"] == EVERY_EPOCH
    told = "It is for IPUs, which nothing drives any more."
    assert notes == [f"runner.ipu_model_cfg: {told}", f"runner.options_cfg: {told}"]
