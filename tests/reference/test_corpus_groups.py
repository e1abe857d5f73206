"""Learning rate, weight decay and all else of each parameter, in what the originals ship.

One classifier for each backbone type and kind of rules that there is a config of; all of them by

    pytest tests/reference/test_corpus_groups.py --every-model 350
"""

import json
from collections.abc import Iterator
from pkgutil import resolve_name
from typing import Any

import pytest
import torch

from mmlight.build import build_model
from mmlight.optim.layer_depth import KINDS
from mmlight.read.config import Config
from mmlight.translate.model_rows import BACKBONES
from mmlight.translate.models import MODEL_TABLE
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config
from tests.reference.original import Original
from tests.reference.test_corpus import ROOTS
from tests.reference.test_corpus_models import BROKEN, NOT_ON_META, TWINS, read_models
from tests.reference.twin import OLD_WORDS, SCRIPT, strip


def read_words(generation: str, file: str) -> dict[str, Any]:
    """Return how a config of the originals is optimized; precision aside, which needs a GPU."""
    config = Config.fromfile(ROOTS[generation] / file).to_dict()
    key = "optimizer" if generation == "mmcls" else "optim_wrapper"
    words = {key: config[key]} if config.get(key) else {}
    wrapper = words.get("optim_wrapper", {})
    for key in ("type", "loss_scale", "clip_grad", "dtype"):
        wrapper.pop(key, None)
    return words


def list_cases(every: bool) -> Iterator[tuple[str, str]]:
    """Yield a config for each backbone type and kind of rules; every one that differs if asked."""
    for generation in ROOTS:
        smallest = set(TWINS[generation])
        seen = set()
        for file, model in sorted(
            read_models(generation).items(), key=lambda item: item[0] not in smallest
        ):
            words = read_words(generation, file)
            if not words or file in BROKEN:
                continue
            wrapper = words.get("optim_wrapper") or words["optimizer"]
            rules = [wrapper.get("paramwise_cfg"), wrapper.get("constructor")]
            kind = model if every else model["backbone"]["type"]
            key = json.dumps([kind, rules], sort_keys=True)
            if key not in seen and (rules[0] or every):
                seen.add(key)
                yield generation, file


def read_theirs(script, model, words, on_meta):
    """Return the options of each parameter by its name, None where it is left out."""
    import runpy

    import torch

    linspace = torch.linspace
    torch.linspace = lambda *args, **kwargs: linspace(*args, **{**kwargs, "device": "cpu"})
    try:
        with torch.device("meta" if on_meta else "cpu"):
            model = runpy.run_path(script)["build"](model)
    finally:
        torch.linspace = linspace
    if "optimizer" in words:
        import mmcls.core  # noqa: F401 (registers Lamb)
        from mmcv.runner import build_optimizer

        optimizer = build_optimizer(model, words["optimizer"])
    else:
        import mmpretrain.engine  # noqa: F401 (registers Lamb, LARS and the constructor)
        from mmengine.optim import build_optim_wrapper

        wrapper = {"type": "OptimWrapper", **words["optim_wrapper"]}
        for part, key in ((wrapper, "constructor"), (wrapper["optimizer"], "type")):
            if key in part:  # this process has no default scope
                part[key] = f"mmpretrain.{part[key]}"
        optimizer = build_optim_wrapper(model, wrapper).optimizer
    options = {
        id(parameter): {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    return {name: options.get(id(value)) for name, value in model.named_parameters()}


# what the originals write into groups for their own logs
THEIR_NOTES = {"lr_mult", "decay_mult", "lr_scale", "layer_id", "param_name"}


def read_ours(
    generation: str, model: dict[str, Any], words: dict[str, Any], on_meta: bool
) -> dict[str, dict[str, Any] | None]:
    """Return the options of each of our parameters by its mm name."""
    old = OLD_WORDS if generation == "mmcls" else {}
    spec = translate_config(upgrade_config(Config({**old, "model": model, **words})))
    with torch.device("meta" if on_meta else "cpu"):
        classifier = build_model(spec)
        optimizer = classifier.configure_optimizers()
    assert optimizer is not None
    options = {
        id(parameter): {k: v for k, v in group.items() if k not in ("params", "name")}
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    names = classifier.name_map().to_mm
    return {names[name]: options.get(id(v)) for name, v in classifier.named_parameters()}


def compare_options(
    generation: str, file: str, original: Original, words: dict[str, Any] | None = None
) -> int:
    """Compare the options of all parameters; return how many kinds of options there are."""
    model, on_meta = read_models(generation)[file], file not in NOT_ON_META
    words = words or read_words(generation, file)
    theirs = original(read_theirs, SCRIPT, strip(model), words, on_meta)
    ours = read_ours(generation, model, words, on_meta)
    assert ours.keys() == theirs.keys()
    for name, options in theirs.items():
        expected = options and {k: v for k, v in options.items() if k not in THEIR_NOTES}
        mine = ours[name]
        if mine is not None:  # timm's Lamb has options that the originals' has not
            mine = {key: value for key, value in mine.items() if key in (expected or mine)}
        assert mine == expected, name
    return len({json.dumps(options, sort_keys=True) for options in ours.values()})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Compare what the command line asks for."""
    if {"generation", "file"} <= set(metafunc.fixturenames):
        every = metafunc.config.getoption("--every-model") is not None
        metafunc.parametrize(("generation", "file"), list(list_cases(every)))


def test_options_equal_for_a_classifier_of_the_originals(generation, file, request):
    compare_options(generation, file, request.getfixturevalue(generation))


# ------------------------------------------------------------- layer decay

DECAYED = {
    "deit/deit-tiny-distilled_4xb256_in1k.py": 14,
    "deit3/deit3-small-p16_64xb64_in1k.py": 14,
    "eva02/eva02-tiny-p14_headless.py": 14,  # the last norm is in the depth of the head
    "hivit/hivit-tiny-p16_16xb64_in1k.py": 2,  # the original does not find its blocks
    "resnet/resnet101_8xb32_in1k.py": 14,
    "resnet/resnet152_8xb32_in1k.py": 15,
    "resnext/resnext50-32x4d_8xb32_in1k.py": 8,
    "sam/vit-base-p16_sam_headless.py": 14,
    "convnext/convnext-small_32xb128_in1k.py": 14,
}
"""File -> how many depths its layers have."""


@pytest.mark.parametrize("file", DECAYED)
def test_rates_equal_when_they_fall_with_the_depth(file, mmpretrain):
    wrapper = {
        "optimizer": {"type": "AdamW", "lr": 0.5, "weight_decay": 0.05},
        "constructor": "LearningRateDecayOptimWrapperConstructor",
        "paramwise_cfg": {"layer_decay_rate": 0.75},
    }
    count = compare_options("mmpretrain", file, mmpretrain, {"optim_wrapper": wrapper})
    assert count == DECAYED[file]


def list_deep_types(names):
    """Return the backbone types that tell the depth of a parameter."""
    import mmpretrain.models  # noqa: F401 (its import registers the types)
    from mmpretrain.registry import MODELS

    return [name for name in names if hasattr(MODELS.get(name), "get_layer_depth")]


def test_backbones_have_depths_when_the_originals_have(mmpretrain):
    names = sorted(name for text in BACKBONES.values() for name in text.split())
    theirs = mmpretrain(list_deep_types, names)
    ours = [
        name
        for name in names
        if {cls.__name__ for cls in resolve_name(MODEL_TABLE.rows[name].target).__mro__} & {*KINDS}
    ]
    assert ours == theirs
    assert len(ours) > 15
