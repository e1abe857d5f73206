import argparse

import pytest

from mmlight.compat.dict_action import DictAction


def parse(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    return parser.parse_args(words).cfg_options


def test_words_become_values_when_given():
    assert parse("--cfg-options", "a.b=1", "c=[x,(1,2)]") == {"a.b": 1, "c": ["x", (1, 2)]}
    assert parse("--cfg-options", "a=1", "--cfg-options", "b=2") == {"a": 1, "b": 2}
    assert parse() is None


def test_parsing_stops_when_a_word_is_no_override():
    with pytest.raises(argparse.ArgumentError, match="'nothing' is no override"):
        parse("--cfg-options", "nothing")
