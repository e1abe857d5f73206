"""Compares `--cfg-options` and `merge_from_dict` with both originals."""

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.overrides import parse_overrides
from tests.reference.test_corpus import same


def eval_repr(text):
    return eval(text, {"inf": float("inf"), "nan": float("nan")})


def parse_theirs(words):
    import argparse

    try:
        from mmengine.config import DictAction
    except ImportError:
        from mmcv import DictAction

    parser = argparse.ArgumentParser()
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    return repr([parser.parse_args(["--cfg-options", word]).cfg_options for word in words])


WORDS = [
    *("a=1", "a=-1", "a=1_000", "a=1.5", "a=1e-3", "a=.5", "a=inf", "a=nan", "a=0x1", "a=01"),
    *("a=True", "a=true", "a=FALSE", "a=None", "a=none", "a=", "a=x", "a=x y", "a=x=y"),
    *("a='x'", 'a="x"', "a='1'", "a=''", "a='None'", "a=\"'x'\"", "a=x'y", "a=' x '"),
    *("a=1,2", "a=1,", "a=,1", "a=1,,2", "a=x,y", "a='1','2'", 'a="1,2"', "a='x,y'"),
    *("a=[1,2]", "a=[1]", "a=[]", "a=[ ]", "a=[1,]", "a=[,]", "a=['x', 'y']", "a=[x,1,True,None]"),
    *("a=(1,2)", "a=(1)", "a=()", "a=(1,)", "a='(1,2)'", "a=('1',2)", "a=[(1,2),[3,4]]"),
    *("a=[[1,2],[3]]", "a=((1,2),3)", "a=[('train',1),('val',1)]", "a.b.0.c=x", "a=path/to.py"),
    *("a=https://x.y/z?q=1", "a=a(b", "a=x)", "a=]", "a=1+2", "a=[1"),
]


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_override_equals_the_original_when_parsed(request, generation):
    theirs = request.getfixturevalue(generation)(parse_theirs, WORDS)
    assert repr([parse_overrides([word]) for word in WORDS]) == theirs


def merge_theirs(values, options):
    try:
        from mmengine.config import Config
    except ImportError:
        from mmcv import Config

    results = []
    for option in options:
        config = Config(values)
        try:
            config.merge_from_dict(option)
            results.append(repr(config._cfg_dict.to_dict()))
        except Exception as error:
            results.append(type(error).__name__)
    return results


VALUES = {"a": {"x": 1, "y": {"z": 2}}, "p": [{"size": 1}, {"size": 2}], "t": (1, 2), "n": 5}
OPTIONS = [
    {"a.x": 2},
    {"a.y.z": None, "a.y.w": (1,)},
    {"b.c.d": 1},
    {"a": {"y": {"w": 3}}},
    {"a": {"_delete_": True, "q": 3}},
    {"a.y": {"_delete_": True}},
    {"a.x": {"_delete_": True, "q": 3}},
    {"a": 3},
    {"p.1.size": 5},
    {"p": {"0": {"type": "T"}}},
    {"p": [{"size": 9}]},
    {"t": [1]},
]
REFUSED = [{"a.x.q": 1}, {"n.q": 1}, {"p.5.size": 1}, {"a": {"x": {"q": 1}}}, {"t.q.x": 1}]


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_merge_from_dict_equals_the_original_when_it_fits(request, generation):
    theirs = request.getfixturevalue(generation)(merge_theirs, VALUES, OPTIONS)
    for option, expected in zip(OPTIONS, theirs, strict=True):
        config = Config(VALUES)
        config.merge_from_dict(option)
        assert same(config.to_dict(), eval_repr(expected)), option


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_merge_from_dict_raises_when_the_original_does(request, generation):
    theirs = request.getfixturevalue(generation)(merge_theirs, VALUES, REFUSED)
    assert all(name.endswith("Error") for name in theirs)
    for option in REFUSED:
        with pytest.raises(ConfigError):
            Config(VALUES).merge_from_dict(option)
