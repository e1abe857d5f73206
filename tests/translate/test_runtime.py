import pytest

from mmlight.read.config import Config
from mmlight.translate.runtime import Loop
from mmlight.translate.translate import translate_config


def validation(spec):
    (call,) = [call for call in spec.callbacks if call.target.endswith(".Validation")]
    return dict(call.kwargs)


EPOCHS = dict(interval=1, begin=1, offset=0, at_end=True, by_epoch=True, last=3)


def test_loop_is_described_when_epochs(translate):
    assert validation(translate()) == EPOCHS
    assert translate().trainer["max_epochs"] == 3
    options = {"train_cfg.val_interval": 2, "train_cfg.val_begin": 3}
    assert validation(translate(options)) == {**EPOCHS, "interval": 2, "begin": 3}
    old = {"train_cfg.val_offset": 2, "train_cfg.val_at_end": False}
    assert validation(translate(old)) == {**EPOCHS, "offset": 2, "at_end": False}


@pytest.mark.parametrize(
    "words",
    [
        dict(by_epoch=False, max_iters=5),
        dict(type="IterBasedTrainLoop", max_iters=5),
        dict(type="mmengine.IterBasedTrainLoop", max_iters=5),
    ],
)
def test_loop_is_described_when_iterations(translate, words):
    spec = translate(train_cfg=words)
    assert validation(spec) == {**EPOCHS, "interval": 1000, "by_epoch": False, "last": 5}
    trainer = {key: spec.trainer[key] for key in ("max_epochs", "max_steps", "val_check_interval")}
    assert trainer == {"max_epochs": -1, "max_steps": 5, "val_check_interval": 1}


def test_norm_layers_are_synchronized_when_asked(translate):
    assert "sync_batchnorm" not in translate().trainer
    assert translate(sync_bn="torch").trainer["sync_batchnorm"] is True


@pytest.mark.parametrize(
    ("loops", "stages"),
    [
        ({"val_cfg": {"fp16": True}, "test_cfg": {"fp16": True}}, ["val", "test"]),
        ({"val_cfg": {"fp16": True}, "test_cfg": {}}, ["val"]),
        ({"val_cfg": {"fp16": False}}, None),
    ],
)
def test_evaluation_is_mixed_in_the_loops_that_say_so(translate, loops, stages):
    assert translate(**loops).model.get("mixed_stages") == stages


def test_trainer_may_run_when_nothing_trains():
    assert Loop().trainer_arguments() == {"max_epochs": 1}


REFUSED = {
    "train_cfg.type": ("MyLoop", "train_cfg.type: the value 'MyLoop' cannot be used"),
    "train_cfg.max_iters": (
        5,
        "train_cfg.max_iters: EpochBasedTrainLoop counts epochs, so 'max_iters' has no meaning",
    ),
    "train_cfg.max_epochs": (0, "train_cfg.max_epochs: the value 0 cannot be used"),
    "train_cfg.val_intervl": (2, "train_cfg.val_intervl: unknown key 'val_intervl' with value 2"),
    "val_cfg.type": ("MyLoop", "val_cfg.type: the value 'MyLoop' cannot be used"),
    "sync_bn": ("apex", "sync_bn: the value 'apex' cannot be used"),
    "strategy": ({"type": "FSDPStrategy"}, "strategy: the value {'type': 'FSDPStrategy'} cannot"),
    "runner_type": ("FlexibleRunner", "runner_type: the value 'FlexibleRunner' cannot be used"),
    "randomness.seed": ("x", "randomness.seed: the value 'x' cannot be used"),
    "randomness": (3, "randomness: the value 3 cannot be used"),
    "work_dir": (3, "work_dir: the value 3 cannot be used"),
    "load_from": ([1], "load_from: the value [1] cannot be used"),
    "env_cfg.cudnn": (True, "env_cfg.cudnn: unknown key 'cudnn' with value True"),
    "model_wrapper_cfg.type": ("Mine", "model_wrapper_cfg.type: the value 'Mine'"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_runtime_is_refused_when(problems, key):
    value, text = REFUSED[key]
    (problem,) = problems({key: value})
    assert problem.startswith(text)


@pytest.mark.parametrize("workflow", [None, [("train", 1)], [["train", 1]]])
def test_workflow_is_accepted_when_it_trains_only(translate, workflow):
    assert translate(workflow=workflow).notes == ()


def test_workflow_is_told_of_when_it_says_more_than_1x_reads(translate):
    (note,) = translate(workflow=[("train", 1), ("val", 1)]).notes
    assert note.path == "workflow"


def test_intervals_of_validation_change_when_asked(translate):
    words = {"train_cfg.dynamic_intervals": [(5, 2)], "train_cfg.val_interval": 4}
    (call,) = [c for c in translate(words).callbacks if c.target.endswith(".Validation")]
    assert (call.kwargs["interval"], call.kwargs["changes"]) == (4, [(5, 2)])


def test_environment_reaches_the_trainer_when_given(translate):
    spec = translate(
        {"randomness.seed": 5, "randomness.deterministic": True, "env_cfg.cudnn_benchmark": True}
    )
    assert (spec.seed, spec.trainer["deterministic"], spec.trainer["benchmark"]) == (5, True, True)
    spec = translate({"randomness.seed": None, "env_cfg.cudnn_benchmark": False})
    assert (spec.seed, "deterministic" in spec.trainer, "benchmark" in spec.trainer) == (
        None,
        False,
        False,
    )


@pytest.mark.parametrize(
    "key", ["find_unused_parameters", "model_wrapper_cfg.find_unused_parameters"]
)
def test_note_is_written_when_parameters_are_unused(translate, key):
    (note,) = translate({key: True}).notes
    assert note.path == key
    assert "ddp_find_unused_parameters_true" in note.text


def test_note_is_written_when_buffers_shall_be_copied(translate):
    key = "model_wrapper_cfg.broadcast_buffers"
    (note,) = translate({key: True}).notes
    assert (note.path, "strategy.broadcast_buffers true" in note.text) == (key, True)
    assert translate({key: False}).notes == ()


def test_notes_are_written_when_keys_have_no_effect(translate):
    words = dict(
        log_level="INFO",
        launcher="none",
        auto_scale_lr=dict(base_batch_size=256),
    )
    assert {note.path for note in translate(**words).notes} == {
        "log_level",
        "launcher",
    }


def places(**words):
    spec = translate_config(Config({**MINIMAL, **words}, filename="configs/net_8xb16.py"))
    return spec.work_dir, spec.load_from, spec.resume


MINIMAL = dict(model=dict(type="ImageClassifier", backbone=dict(type="LeNet5")))


def test_places_are_found_when_given():
    assert places() == ("work_dirs/net_8xb16", None, False)
    assert places(work_dir="x", load_from="a.pth") == ("x", "a.pth", False)
    assert places(resume=True)[1:] == (None, True)
    assert places(resume=True, load_from="a.pth")[1:] == (None, "a.pth")
    assert translate_config(Config(MINIMAL)).work_dir == "work_dirs/run"


def test_ranks_get_other_numbers_when_asked(translate):
    assert translate({"randomness.diff_rank_seed": True}).data["diff_rank_seed"] is True
    assert "diff_rank_seed" not in translate().data
