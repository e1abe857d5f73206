import pytest

from mmlight.explain.fates import Fate, find_fates, look_through, outer_paths
from mmlight.read.config import Config, read_config
from mmlight.spec import Call

LENET = "mmlight.models.backbones.lenet.LeNet5"
SGD = "torch.optim.SGD"
WORDS = {"model": {"type": "ImageClassifier", "backbone": {"type": "LeNet5", "num_classes": 3}}}


def test_fates_are_told_by_the_words_of_the_user_when_old(old):
    fates = find_fates(read_config(old))
    assert fates.is_old
    found = {
        path: fates.by_path[path] for path in ("optimizer.lr", "seed", "log_level", "runner.type")
    }
    assert found == {
        "optimizer.lr": [Fate("argument", "lr", "model.optimizer", "torch.optim.AdamW")],
        "seed": [Fate("used", "seed_everything", "seed_everything")],
        "log_level": [Fate("ignored", "Log levels are those of Python's logging.")],
        "runner.type": [Fate("used", "trainer.max_epochs", "trainer.max_epochs")],
    }
    assert "optim_wrapper.optimizer.lr" not in fates.by_path
    assert fates.problems == ()


def test_fates_are_told_when_new():
    words = {**WORDS, "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 1.0}}}
    fates = find_fates(Config(words))
    call = Fate("call", SGD, "model.optimizer", SGD)
    assert fates.by_path["optim_wrapper.optimizer"] == [call]
    assert fates.by_path["optim_wrapper.optimizer.type"] == [call]
    assert fates.by_path["model.backbone.num_classes"] == [
        Fate("argument", "num_classes", "model.backbone", LENET)
    ]
    assert {"model", "model.backbone", "optim_wrapper"} <= fates.below
    (argument,) = fates.by_path["optim_wrapper.optimizer.lr"]
    assert fates.argument(argument) == 1.0


def test_problems_are_fates_when_something_is_refused():
    fates = find_fates(Config({**WORDS, "train_cgf": {"a": 1}, "optim_wrapper": {"clipgrad": 3}}))
    assert fates.by_path["optim_wrapper.clipgrad"] == [
        Fate("refused", "unknown key 'clipgrad' with value 3")
    ]
    assert [error.path for error in fates.problems] == [
        "optim_wrapper.optimizer.type",
        "optim_wrapper.clipgrad",
        "train_cgf",
    ]
    assert {"optim_wrapper.clipgrad", "train_cgf", "optim_wrapper.optimizer"} == fates.blocked


def test_problem_is_a_fate_when_an_import_fails():
    fates = find_fates(Config({**WORDS, "custom_imports": {"imports": ["no_such_module_here"]}}))
    (error,) = fates.problems
    assert error.path == "custom_imports.imports"
    assert fates.by_path[error.path][0].kind == "refused"


def test_everything_is_blocked_when_the_config_is_for_another_task():
    assert "" in find_fates(Config({"model": {"type": "MAE"}})).blocked
    assert "" not in find_fates(Config(WORDS)).blocked


def test_helpers_name_their_users_when_known(new):
    fates = find_fates(read_config(new))
    assert fates.helpers["size"] == Fate("helper", "a helper variable, used by pipeline")
    assert fates.helpers["pipeline"].text == "a helper variable, used by val_dataloader"


@pytest.mark.parametrize(
    ("call", "target", "arguments"),
    [
        (Call(LENET, {"a": 1}), LENET, {"a": 1}),
        (
            Call(
                "mmlight.optim.optimizer.OptimizerBuilder",
                {"optimizer": SGD, "options": {"lr": 1}, "paramwise": None},
            ),
            SGD,
            {"lr": 1},
        ),
    ],
)
def test_builders_are_looked_through_when(call, target, arguments):
    assert look_through(call) == (target, arguments)


def test_outer_paths_end_at_every_step():
    assert list(outer_paths("a.b[1].c")) == ["a", "a.b", "a.b[1]"]
    assert list(outer_paths("a")) == []
