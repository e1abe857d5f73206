"""Reads the configs that the originals ship and compares every value with what they read.

Configs of the same path in both packages mean the same training: the upgrade of the old one is
compared with the new one.
"""

from functools import cache

import pytest

from mmlight.errors import ConfigError, MMLightError
from mmlight.read.config import Config
from mmlight.read.overrides import parse_overrides
from mmlight.run import read_spec
from mmlight.spec import Call
from tests.reference.original import FOLDER

ROOTS = {name: FOLDER / name / name / ".mim" / "configs" for name in ("mmcls", "mmpretrain")}
# these fail in the originals as well: a base, a variable or a package that is not there
BROKEN = {
    "mmcls": {
        "mobilenet_v3/mobilenet-v3-small_8xb16_cifar10.py",
        "mobilenet_v3/mobilenet_v3_small_cifar.py",
    },
    "mmpretrain": {
        "swin_transformer_v2/swinv2-base-w12_8xb128_in21k-192px.py",
        "swin_transformer_v2/swinv2-large-w12_8xb128_in21k-192px.py",
        "byol/benchmarks/mask-rcnn_r50_fpn_ms-1x_coco.py",
        "byol/benchmarks/mask-rcnn_r50-c4_ms-1x_coco.py",
        "replknet/replknet-31B_32xb64_in1k.py",
        "replknet/replknet-31B_32xb64_in1k-384px.py",
        "replknet/deploy/replknet-31B-deploy_32xb64_in1k.py",
        "replknet/deploy/replknet-31B-deploy_32xb64_in1k-384px.py",
    },
}


def list_configs(generation):
    root = ROOTS[generation]
    files = (path.relative_to(root) for path in sorted(root.rglob("*.py")))
    return [str(file) for file in files if "_base_" not in file.parts]


def read_theirs(root, files):
    import os

    try:
        from mmengine.config import Config
    except ImportError:
        from mmcv import Config

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(plain(item) for item in value)
        return value

    values = {}
    for file in files:
        try:
            config = Config.fromfile(os.path.join(root, file))
            values[file] = repr(plain(config._cfg_dict.to_dict()))
        except Exception:
            values[file] = None
    return values


def read_ours(root, files):
    values = {}
    for file in files:
        try:
            values[file] = repr(Config.fromfile(root / file).to_dict())
        except ConfigError:
            values[file] = None
    return values


@pytest.mark.slow
@pytest.mark.parametrize(("generation", "count"), [("mmcls", 280), ("mmpretrain", 530)])
def test_values_equal_the_original_when_text_config(request, generation, count):
    original = request.getfixturevalue(generation)
    files = list_configs(generation)
    theirs = original(read_theirs, str(ROOTS[generation]), files)
    ours = read_ours(ROOTS[generation], files)
    readable = [file for file in files if theirs[file] is not None]
    assert len(readable) == count
    for file in readable:  # the order of keys may differ
        assert same(eval_repr(ours[file]), eval_repr(theirs[file])), file
    assert {file for file in files if ours[file] is None} == BROKEN[generation]


def eval_repr(text):
    return eval(text, {"inf": float("inf"), "nan": float("nan")})


def same(ours, theirs):
    """Compare values and types, lists and tuples apart, dicts in any order."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, (list, tuple)):
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(same(*pair) for pair in pairs)
    return bool(ours == theirs)


# -------------------------------------------------------------------------- overrides


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


# -------------------------------------------------------------------------- twins

FAMILIES = ("lenet", "resnet", "resnext", "seresnet", "vision_transformer", "wrn")


def list_twins():
    old, new = (set(list_configs(generation)) for generation in ROOTS)
    twins = {file for file in old & new if file.split("/")[0] in FAMILIES}
    readable = sorted(twins - BROKEN["mmcls"] - BROKEN["mmpretrain"])
    return [file for file in readable if try_both(file) is not None]


@cache
def try_both(file):
    """Return both Specs of a pair; None when a part of it is not supported yet."""
    try:
        return [read_spec(ROOTS[name] / file) for name in ROOTS]
    except MMLightError:
        return None


def describe_network(spec):
    """The words of the network, without what only says how 0.x meant it."""
    parts = {key: spec.model[key] for key in ("backbone", "neck", "head") if key in spec.model}

    def plain(value):
        if isinstance(value, Call):
            arguments = {key: plain(item) for key, item in value.kwargs.items()}
            return value.target, {k: v for k, v in arguments.items() if k not in MEANT_ALIKE}
        if isinstance(value, (list, tuple)):
            return tuple(map(plain, value))
        return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value

    return plain(parts)


# LabelSmoothLoss of 0.x does not use it; where it is written it is 1
MEANT_ALIKE = {"loss_weight"}
SIZES = {"scale", "crop_size", "edge", "prob", "direction", "backend", "interpolation", "padding"}


def describe_pipeline(loader):
    """Type and sizes of every step."""
    steps = loader.kwargs["dataset"].kwargs["pipeline"]
    return [(step.target, {k: v for k, v in step.kwargs.items() if k in SIZES}) for step in steps]


def describe_optimizer(spec):
    builder = spec.model["optimizer"].kwargs
    rules = dict(builder["paramwise"].kwargs) if "paramwise" in builder else {}
    for key in ("exclusive_layers", "keep_frozen"):
        rules.pop(key, None)
    rules["custom_keys"] = {
        key.strip("."): options for key, options in rules.get("custom_keys", {}).items()
    }
    return builder["optimizer"], builder["options"], rules


def describe_training(spec):
    length = {key: spec.trainer.get(key) for key in ("max_epochs", "max_steps", "precision")}
    clip = spec.model.get("grad_clip")
    return length, dict(clip.kwargs) if clip else None


TWINS = list_twins() if ROOTS["mmcls"].is_dir() else []


def test_most_twins_are_compared_when_listed():
    assert len(TWINS) >= 26


@pytest.mark.parametrize("file", TWINS)
@pytest.mark.parametrize("describe", [describe_optimizer, describe_training, describe_network])
def test_upgrade_equals_the_twin_when_same_path(file, describe):
    old, new = map(describe, try_both(file))
    assert old == new


@pytest.mark.parametrize("file", TWINS)
def test_data_equal_the_twin_when_same_path(file):
    old, new = (spec.data for spec in try_both(file))
    assert "train" in new
    for stage in new:  # the twin on ImageNet-21k has no validation
        assert describe_pipeline(old[stage]) == describe_pipeline(new[stage])
        assert old[stage].kwargs["batch_size"] == new[stage].kwargs["batch_size"]
    old, new = (spec.model["preprocessor"].kwargs for spec in try_both(file))
    assert (old["mean"], old["std"]) == (new["mean"], new["std"])
    assert len(old["mean"]) == 1 or old["to_rgb"] == new["to_rgb"]
