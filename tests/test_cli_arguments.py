import argparse

import pytest

from mmlight.cli_arguments import Parser, add_reading_flags, split_words, take_config
from mmlight.errors import ConfigError


@pytest.fixture
def parser() -> Parser:
    parser = Parser("fit")
    parser.add_argument("words", nargs="*")
    add_reading_flags(parser)
    return parser


def test_names_the_flag_when_its_value_is_missing(parser: Parser) -> None:
    with pytest.raises(ConfigError) as caught:
        parser.parse(["--config"])
    assert str(caught.value) == (
        "--config: expected one argument.\n  next:     'mmlight fit --help' lists every flag."
    )


def test_names_the_nearest_flag_when_there_is_no_such_flag(parser: Parser) -> None:
    with pytest.raises(ConfigError, match=r"^--cfg-option: there is no such flag\.") as caught:
        parser.parse(["--cfg-option=a=1"])
    assert caught.value.nearest == "--cfg-options"


def test_flags_of_lightning_go_apart_with_their_values() -> None:
    words = ["x.py", "--trainer.devices", "2", "y.pth", "--tta", "--model.a=1", "z"]
    assert split_words(words) == (
        ["y.pth", "z", "x.py", "--tta"],
        ["--trainer.devices", "2", "--model.a=1"],
    )


def sort(words: list[str], config: str | None, second: str | None) -> tuple[str | None, ...]:
    options = argparse.Namespace(config=config, words=words)
    take_config(options, second)
    return options.config, getattr(options, second) if second else None


@pytest.mark.parametrize(
    ("words", "config", "second", "expected"),
    [
        (["a.py"], None, "checkpoint", ("a.py", None)),
        (["a.py", "b.pth"], None, "checkpoint", ("a.py", "b.pth")),
        (["b.pth"], "a.py", "checkpoint", ("a.py", "b.pth")),
        (["b.ckpt"], None, "checkpoint", (None, "b.ckpt")),
        ([], None, "checkpoint", (None, None)),
        (["config", "model"], None, "key", ("config", "model")),
        (["model"], "a.py", "key", ("a.py", "model")),
        (["a.py"], None, None, ("a.py", None)),
    ],
)
def test_sorts_the_words_when_few_enough(
    words: list[str],
    config: str | None,
    second: str | None,
    expected: tuple[str | None, str | None],
) -> None:
    assert sort(words, config, second) == expected


@pytest.mark.parametrize("second", ["checkpoint", None])
def test_refuses_a_word_too_many(second: str | None) -> None:
    with pytest.raises(ConfigError, match=r"^c\.pth: one word too many"):
        sort(["a.py", "b.pth", "c.pth"] if second else ["a.py", "c.pth"], None, second)
