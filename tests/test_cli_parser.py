from dataclasses import replace

import pytest

from mmlight.cli_parser import build_parser, parse_over
from mmlight.errors import ConfigError
from mmlight.read.node import Origin
from mmlight.spec import Call, Spec

BACKBONE = Call(
    "mmlight.models.backbones.lenet.LeNet5",
    {"num_classes": 10},
    path="model.backbone",
    origins={"num_classes": Origin("a.py", 3)},
    origin=Origin("a.py", 2),
)
LOG = Call("mmlight.callbacks.MemoryProfiler", {"interval": 3}, path="default_hooks.logger")
SPEC = Spec(
    model={"backbone": BACKBONE},
    trainer={"max_epochs": 3, "logger": False},
    callbacks=(LOG,),
    seed=7,
    work_dir="w",
    load_from="x.pth",
)


def test_knows_every_part_of_a_spec() -> None:
    flags = build_parser().format_help()
    for flag in ("--seed_everything", "--trainer.max_steps", "--model.neck", "--data.train"):
        assert flag in flags


def test_changes_only_what_the_flags_say() -> None:
    changed = parse_over(SPEC, ["--trainer.max_epochs", "5", "--seed_everything", "1"])
    assert changed.trainer == {"max_epochs": 5, "logger": False}
    assert changed.seed == 1
    assert changed.model["backbone"] is BACKBONE
    assert changed.callbacks == (LOG,)
    assert (changed.work_dir, changed.load_from) == ("w", "x.pth")


MISTYPED = replace(SPEC, model={"backbone": replace(BACKBONE, kwargs={"num_classes": "ten"})})


def test_does_not_parse_a_part_when_no_flag_is_of_it() -> None:
    changed = parse_over(MISTYPED, ["--trainer.max_epochs", "5"])
    assert changed.trainer["max_epochs"] == 5
    assert changed.model is MISTYPED.model


def test_blames_the_config_when_a_value_there_does_not_fit() -> None:
    with pytest.raises(ConfigError, match="value ten does not fit, which stands in the") as caught:
        parse_over(MISTYPED, ["--model.neck", "null"])
    assert caught.value.path == "model.backbone.num_classes"
    assert caught.value.expected == "int"


def test_keeps_path_and_origin_when_an_argument_changes() -> None:
    changed = parse_over(SPEC, ["--model.backbone.init_args.num_classes", "4"])
    call = changed.model["backbone"]
    assert call.kwargs == {"num_classes": 4}
    assert (call.path, call.origin) == ("model.backbone", Origin("a.py", 2))
    assert call.origins["num_classes"] == Origin("the command line")


def test_takes_another_class_with_its_arguments() -> None:
    words = ["--model.backbone", "mmlight.models.backbones.resnet.ResNet"]
    changed = parse_over(SPEC, [*words, "--model.backbone.init_args.depth", "18"])
    call = changed.model["backbone"]
    assert call.target == "mmlight.models.backbones.resnet.ResNet"
    assert call.kwargs["depth"] == 18


def test_sets_none_when_a_flag_says_null() -> None:
    assert parse_over(SPEC, ["--trainer.max_epochs", "null"]).trainer["max_epochs"] is None
    assert parse_over(SPEC, ["--seed_everything", "null"]).seed is None


def test_adds_a_callback() -> None:
    words = ["--trainer.callbacks+=lightning.pytorch.callbacks.LearningRateMonitor"]
    changed = parse_over(SPEC, words)
    targets = [call.target for call in changed.callbacks]
    assert targets[0] == "mmlight.callbacks.MemoryProfiler"
    assert targets[1].endswith("LearningRateMonitor")


@pytest.mark.parametrize(
    ("words", "path", "problem", "nearest", "expected"),
    [
        (
            ["--trainer.max_epoch=1"],
            "--trainer.max_epoch",
            "no such flag",
            "--trainer.max_epochs",
            "",
        ),
        (["--trainer.xyz", "1"], "--trainer.xyz", "no such flag", None, ""),
        (["--trainer.max_epochs", "a"], "--trainer.max_epochs", "value 'a' does not", None, "int"),
        (["--trainer.benchmark=a"], "--trainer.benchmark", "value 'a' does not", None, "bool"),
        (["--trainer.max_epochs"], "--trainer.max_epochs", "expected one argument", None, ""),
    ],
)
def test_tells_what_is_wrong_with_a_flag(
    words: list[str], path: str, problem: str, nearest: str | None, expected: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_over(SPEC, words)
    assert caught.value.path == path
    assert caught.value.nearest == nearest
    assert caught.value.expected == expected
