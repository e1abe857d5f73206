import re

import pytest

from mmlight.errors import ConfigError
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS
from mmlight.spec import Call

BUILDER = "mmlight.optim.optimizer.OptimizerBuilder"


class OwnOptimizer:
    pass


class OwnConstructor:
    pass


@pytest.fixture
def refusal(translate):
    """Return the one error of a config."""

    def find(options=(), **words):
        with pytest.raises(ConfigError) as caught:
            translate(options, **words)
        return caught.value

    return find


@pytest.fixture
def own():
    OPTIMIZERS.register_module(module=OwnOptimizer)
    OPTIM_WRAPPER_CONSTRUCTORS.register_module(module=OwnConstructor)
    yield
    del OPTIMIZERS.module_dict["OwnOptimizer"]
    del OPTIM_WRAPPER_CONSTRUCTORS.module_dict["OwnConstructor"]


def test_optimizer_is_described_when_named(translate):
    options = {"optimizer": "torch.optim.SGD", "options": {"lr": 0.1}}
    assert translate().model["optimizer"] == Call(BUILDER, options)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Lamb", "timm.optim.Lamb"),
        ("mmpretrain.LARS", "mmlight.optim.lars.LARS"),
        ("Adan", "mmlight.optim.adan.Adan"),
        ("Lion", "timm.optim.Lion"),
        ("Adafactor", "transformers.Adafactor"),
        ("bnb_AdamW", "bitsandbytes.optim.AdamW"),
        ("torch.optim.RAdam", "torch.optim.RAdam"),
        ("OwnOptimizer", f"{__name__}.OwnOptimizer"),
    ],
)
def test_optimizer_is_found_when_named(translate, own, name, path):
    builder = translate({"optim_wrapper.optimizer.type": name}).model["optimizer"]
    assert builder.kwargs["optimizer"] == path


def test_optimizer_is_left_out_when_nothing_trains(translate):
    assert "optimizer" not in translate(optim_wrapper=None, train_cfg=None).model


def test_rules_are_described_when_paramwise(translate):
    rules = dict(norm_decay_mult=0.0, custom_keys={"a.b": dict(lr_mult=2)}, bypass_duplicate=None)
    builder = translate({"optim_wrapper.paramwise_cfg": rules}).model["optimizer"]
    paramwise = builder.kwargs["paramwise"]
    assert paramwise.target == "mmlight.optim.parameter_groups.ParamwiseRules"
    assert paramwise.kwargs == rules
    assert paramwise.path == "optim_wrapper.paramwise_cfg"


def test_rules_are_of_layers_when_the_constructor_says_so(translate):
    keys = {".ln": dict(decay_mult=0.0, lr_mult=3.0)}
    rules = dict(layer_decay_rate=0.75, custom_keys=keys, bias_lr_mult=2.0, _delete=True)
    spec = translate(
        {
            "optim_wrapper.paramwise_cfg": rules,
            "optim_wrapper.constructor": "mmpretrain.LearningRateDecayOptimWrapperConstructor",
        }
    )
    paramwise = spec.model["optimizer"].kwargs["paramwise"]
    assert paramwise.target == "mmlight.optim.layer_decay.LayerDecayRules"
    assert paramwise.kwargs == dict(layer_decay_rate=0.75, custom_keys=keys)
    notes = {note.path: note.text for note in spec.notes}
    place = "optim_wrapper.paramwise_cfg"
    assert notes[f"{place}._delete"].startswith("A misspelt `_delete_`")
    assert notes[f"{place}.bias_lr_mult"].startswith("The constructor reads no such key")
    assert notes[f"{place}.custom_keys"].startswith("The constructor reads no lr_mult")


@pytest.mark.parametrize("constructor", [None, "LearningRateDecayOptimWrapperConstructor"])
@pytest.mark.parametrize("rules", [None, {}])
def test_rules_are_none_when_empty(translate, constructor, rules):
    words = {"optim_wrapper.paramwise_cfg": rules, "optim_wrapper.constructor": constructor}
    assert "paramwise" not in translate(words).model["optimizer"].kwargs


@pytest.mark.parametrize("keys", [["a"], {"a": 5}])
def test_keys_are_refused_when_the_constructor_is_of_layers(problems, keys):
    words = {
        "optim_wrapper.paramwise_cfg": dict(custom_keys=keys),
        "optim_wrapper.constructor": "LearningRateDecayOptimWrapperConstructor",
    }
    (problem,) = problems(words)
    assert problem.startswith("optim_wrapper.paramwise_cfg.custom_keys")


def test_own_constructor_gets_the_words_of_the_config(translate, own):
    rules = dict(head_lr=2)
    spec = translate(
        {
            "optim_wrapper.constructor": "OwnConstructor",
            "optim_wrapper.paramwise_cfg": rules,
            "optim_wrapper.accumulative_counts": 2,
            "optim_wrapper.optimizer.type": "OnlyTheConstructorKnows",
        }
    )
    config = dict(optimizer=dict(type="OnlyTheConstructorKnows", lr=0.1), accumulative_counts=2)
    assert spec.model["optimizer"] == Call(
        "mmlight.optim.constructor.ConstructedOptimizer",
        dict(constructor=f"{__name__}.OwnConstructor", config=config, paramwise=rules),
    )
    assert spec.model["accumulative_counts"] == 2


def test_gradients_are_clipped_when_asked(translate):
    clip = dict(max_norm=1.0, norm_type=2)
    model = translate({"optim_wrapper.clip_grad": clip}).model
    assert model["grad_clip"] == Call("mmlight.optim.gradient_clip.GradientClip", clip)


def test_gradients_are_accumulated_when_asked(translate):
    assert translate({"optim_wrapper.accumulative_counts": 4}).model["accumulative_counts"] == 4
    for nothing in ({}, {"optim_wrapper.accumulative_counts": 1}):
        assert "accumulative_counts" not in translate(nothing).model


@pytest.mark.parametrize(
    ("dtype", "precision"),
    [(None, "16-mixed"), ("float16", "16-mixed"), ("bfloat16", "bf16-mixed")],
)
def test_precision_is_mixed_when_amp(translate, dtype, precision):
    options = {"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.dtype": dtype}
    assert translate(options).trainer["precision"] == precision
    assert "precision" not in translate().trainer


@pytest.mark.parametrize("scale", [512.0, 256, dict(init_scale=8.0)])
def test_loss_scale_is_kept_when_not_dynamic(translate, scale):
    amp = {"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": scale}
    assert translate(amp).model["loss_scale"] == scale
    spec = translate({**amp, "optim_wrapper.dtype": "bfloat16"})
    assert "loss_scale" not in spec.model
    assert [note.path for note in spec.notes] == ["optim_wrapper.loss_scale"]


@pytest.mark.parametrize("scale", [None, "dynamic"])
def test_loss_scale_is_left_to_torch_when_dynamic(translate, scale):
    amp = {"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": scale}
    assert "loss_scale" not in translate(amp).model


def test_rate_is_scaled_when_enabled(translate):
    words = dict(base_batch_size=256)
    assert "base_batch_size" not in translate(auto_scale_lr=words).model
    spec = translate(auto_scale_lr=dict(**words, enable=True))
    assert spec.model["base_batch_size"] == 256


REFUSED = {
    "optim_wrapper.type": ("MyWrapper", "'MyWrapper' takes steps of its own"),
    "optim_wrapper.optimizer.type": ("SDG", "unknown optimizer type 'SDG'"),
    "optim_wrapper.accumulative_counts": (0, "the value 0 cannot be used"),
    "optim_wrapper.constructor": ("Mine", "unknown optimizer constructor type 'Mine'"),
    "optim_wrapper.clipgrad": (5, "unknown key 'clipgrad' with value 5"),
    "optim_wrapper.clip_grad": (5, "the value 5 cannot be used"),
    "optim_wrapper.paramwise_cfg.custom_keys": (["a"], "the value ['a'] cannot be used"),
    "optim_wrapper.paramwise_cfg.custom_keys.a": (None, "the value None cannot be used"),
}


@pytest.mark.parametrize("key", REFUSED)
def test_optimization_is_refused_when(problems, key):
    value, text = REFUSED[key]
    assert problems({key: value}) == [f"{key}: {text}"]


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        ("ApexOptimWrapper", "Use AmpOptimWrapper"),
        ("DeepSpeedOptimWrapper", "--trainer.strategy deepspeed_stage_1"),
        ("MyOptimizerHook", "goes into a hook of custom_hooks"),
    ],
)
def test_wrapper_is_refused_once_when_it_has_options(refusal, kind, instead):
    error = refusal({"optim_wrapper.type": kind, "optim_wrapper.cumulative_beta": 3})
    assert (error.path, error.expected) == ("optim_wrapper.type", "OptimWrapper or AmpOptimWrapper")
    assert kind in error.problem
    assert instead in error.next_step


def test_several_processes_share_no_optimizer_yet(problems):
    key, kind = "optim_wrapper.optimizer.type", "ZeroRedundancyOptimizer"
    purpose = "is for spreading its state over processes, which mmlight does not do"
    assert problems({key: kind}) == [f"{key}: the optimizer {kind!r} {purpose}"]


@pytest.mark.parametrize(
    ("key", "value"), [("dtype", "float8"), ("dtype", ["a"]), ("loss_scale", True)]
)
def test_precision_is_refused_when(problems, key, value):
    options = {"optim_wrapper.type": "AmpOptimWrapper", f"optim_wrapper.{key}": value}
    assert problems(options) == [f"optim_wrapper.{key}: the value {value!r} cannot be used"]


@pytest.mark.parametrize(
    ("words", "path", "problem"),
    [
        (dict(enable=True), "enable", "base_batch_size must tell .*, got None"),
        (dict(enable=True, base_batch_size="x"), "base_batch_size", "must tell .*, got 'x'"),
        (dict(enabled=True), "enabled", "unknown key 'enabled' with value True"),
    ],
)
def test_rate_scale_is_refused_when(refusal, words, path, problem):
    error = refusal(auto_scale_lr=words)
    assert error.path == f"auto_scale_lr.{path}"
    assert re.search(problem, error.problem)
