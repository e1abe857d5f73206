"""What mmlight makes of an old config, against what it makes of the twin in mmpretrain.

The words are compared in tests/reference/test_twins.py; here it is the Specs, which training uses,
of those twins whose classes are all there.
"""

from functools import cache

import pytest

from mmlight.errors import MMLightError
from mmlight.run import read_spec
from mmlight.spec import Call
from tests.reference.test_twins import ROOTS
from tests.reference.test_twins import TWINS as READABLE

FAMILIES = ("lenet", "resnet", "resnext", "seresnet", "vision_transformer", "wrn")


# mmpretrain changed these recipes after mmcls 0.25; tests/reference/twin_differences.py has how
CHANGED = "-rsb-"


def list_twins():
    known = [file for file in READABLE if file.split("/")[0] in FAMILIES and CHANGED not in file]
    return [file for file in known if try_both(file) is not None]


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


# LabelSmoothLoss of 0.x does not use the weight; where it is written it is 1. No data set of the
# twins has targets of -1.
MEANT_ALIKE = {"loss_weight", "difficult_as_positive"}
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
    options = {k: v for k, v in clip.kwargs.items() if k != "whole_model"} if clip else None
    return length, options


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
