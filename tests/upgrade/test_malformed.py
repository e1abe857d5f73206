import copy
import random
from pathlib import Path

import pytest

from mmlight.errors import ConfigErrors, MMLightError, UnsupportedValueError
from mmlight.read.config import Config
from mmlight.run import try_read_spec
from mmlight.translate.data import DATASET_TABLE, TRANSFORM_TABLE
from mmlight.translate.translate import try_translate
from mmlight.upgrade.upgrade import is_old, try_upgrade, upgrade_config

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(path for path in CONFIGS.rglob("*.py") if "_base_" not in path.parts)


def config(**words):
    """Return a 0.x config that has every section."""
    load, norm = dict(type="LoadImageFromFile"), dict(type="Normalize", mean=[1.0], std=[2.0])
    steps = [load, dict(type="Resize", size=(8, -1)), dict(type="Pad", size=(8, 8)), norm]
    steps.append(dict(type="Collect", keys=["img", "gt_label"]))
    crop = dict(type="Compose", transforms=(dict(type="CenterCrop", crop_size=8),))
    images = dict(type="CustomDataset", data_prefix="x", pipeline=[crop, *steps])
    repeated = dict(type="RepeatDataset", times=2, dataset=images)
    rules = dict(norm_decay_mult=0.0, custom_keys={".a": dict(lr_mult=0.1), ".b": None})
    augment = dict(type="BatchMixup", alpha=0.2, num_classes=10, prob=1.0)
    return (
        dict(
            model=dict(
                type="ImageClassifier",
                backbone=dict(type="ResNet", depth=18, drop_path_rate=0.1),
                neck=dict(type="GlobalAveragePooling"),
                head=dict(type="LinearClsHead", num_classes=10, loss=dict(type="LabelSmoothLoss")),
                train_cfg=dict(augments=[augment]),
            ),
            data=dict(
                samples_per_gpu=4,
                train=dict(type="ConcatDataset", datasets=[images, repeated]),
                val=[images, images],
                test=dict(type="MyImages", pipeline=steps),
                val_dataloader=dict(samples_per_gpu=8),
            ),
            sampler=dict(type="RepeatAugSampler"),
            optimizer=dict(type="SGD", lr=0.1, paramwise_cfg=rules),
            optimizer_config=dict(type="OptimizerHook", grad_clip=dict(max_norm=1.0)),
            fp16=dict(loss_scale="dynamic"),
            lr_config=dict(policy="step", step=[3]),
            momentum_config=dict(policy="step", step=[3]),
            runner=dict(type="EpochBasedRunner", max_epochs=5),
            evaluation=dict(interval=1, metric=["accuracy"], metric_options=dict(topk=1), start=2),
            checkpoint_config=dict(interval=1),
            log_config=dict(
                hooks=[dict(type="TextLoggerHook"), dict(type="TensorboardLoggerHook")]
            ),
            custom_hooks=[dict(type="EMAHook", momentum=0.1, priority=49)],
            dist_params=dict(backend="nccl"),
        )
        | words
    )


def list_paths(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, (dict, list, tuple)):
            yield from list_paths(item, (*path, key))


def with_value(values, path, value):
    """Return nested values in which the entry at a path is another one."""
    if not path:
        return value
    changed = dict(values) if isinstance(values, dict) else list(values)
    changed[path[0]] = with_value(changed[path[0]], path[1:], value) if path[1:] else value
    return changed if isinstance(values, (dict, list)) else tuple(changed)


def put(path, value):
    """Return the problems of the config with another value."""
    return [
        (error.path, error.problem, error.expected)
        for error in try_upgrade(Config(with_value(config(), path, copy.deepcopy(value))))[1]
    ]


STEPS = ("data", "train", "datasets", 0, "pipeline")
A_LIST, LISTS = "a list of dicts", "a dict or a list of dicts"
SIZE = "a whole number or (height, width)"
CASES = [
    # (path, value, the path that is told, what is expected)
    (("model",), [1], "model", "a dict"),
    (("model", "train_cfg"), 3, "model.train_cfg", "a dict"),
    (("model", "train_cfg", "augments"), "x", "model.train_cfg.augments", LISTS),
    (("model", "train_cfg", "augments", 0), 3, "model.train_cfg.augments[0]", "a dict"),
    (
        ("model", "train_cfg", "augments", 0, "type"),
        {},
        "model.train_cfg.augments[0].type",
        "a name or a class",
    ),
    (
        ("model", "train_cfg", "augments", 0, "prob"),
        [],
        "model.train_cfg.augments[0].prob",
        "a number",
    ),
    (("data",), 5, "data", "a dict"),
    (("data", "train"), "x", "data.train", "a dataset or a list of datasets"),
    (("data", "train"), [1], "data.train[0]", "a dataset or a list of datasets"),
    (("data", "train", "datasets"), {}, "data.train.datasets", A_LIST),
    (
        ("data", "train", "datasets", 1, "dataset"),
        3,
        "data.train.datasets[1].dataset",
        "a dataset or a list of datasets",
    ),
    (("data", "val", 1), 3, "data.val[1]", "a dataset or a list of datasets"),
    (("data", "val_dataloader"), [], "data.val_dataloader", "a dict"),
    (STEPS, "x", "data.train.datasets[0].pipeline", A_LIST),
    ((*STEPS, 1), 3, "data.train.datasets[0].pipeline[1]", "a dict or an object"),
    ((*STEPS, 1), None, "data.train.datasets[0].pipeline[1]", "a dict or an object"),
    ((*STEPS, 2, "size"), (), "data.train.datasets[0].pipeline[2].size", SIZE),
    ((*STEPS, 3, "size"), (1, 2, 3), "data.train.datasets[0].pipeline[3].size", SIZE),
    ((*STEPS, 0, "transforms"), 3, "data.train.datasets[0].pipeline[0].transforms", A_LIST),
    (
        (*STEPS, 0, "transforms", 0, "crop_size"),
        [1],
        "data.train.datasets[0].pipeline[0].transforms[0].crop_size",
        SIZE,
    ),
    (("data", "test", "pipeline", 1, "size"), "x", "data.test.pipeline[1].size", SIZE),
    (("sampler",), -1, "sampler", "a dict"),
    (("optimizer",), 3, "optimizer", "a dict"),
    (("optimizer", "paramwise_cfg"), 3, "optimizer.paramwise_cfg", "a dict"),
    (
        ("optimizer", "paramwise_cfg", "custom_keys"),
        [],
        "optimizer.paramwise_cfg.custom_keys",
        "a dict",
    ),
    (
        ("optimizer", "paramwise_cfg", "custom_keys", ".a"),
        3,
        "optimizer.paramwise_cfg.custom_keys..a",
        "a dict",
    ),
    (("optimizer_config",), [], "optimizer_config", "a dict"),
    (("optimizer_config", "type"), ["x"], "optimizer_config.type", "a name or a class"),
    (("fp16",), True, "fp16", "a dict"),
    (("lr_config",), "step", "lr_config", "a dict"),
    (("lr_config", "policy"), {"a": 1}, "lr_config.policy", "a name"),
    (("momentum_config",), 3, "momentum_config", "a dict"),
    (("runner",), [[1]], "runner", "a dict"),
    (("runner", "type"), {}, "runner.type", "a name or a class"),
    (("evaluation",), 1, "evaluation", "a dict"),
    (("evaluation", "metric"), True, "evaluation.metric", "a name or a list of names"),
    (("evaluation", "metric"), [{"a": 1}], "evaluation.metric", "a name or a list of names"),
    (("evaluation", "metric_options"), 3, "evaluation.metric_options", "a dict"),
    (("evaluation", "max_epochs"), 3, "evaluation.max_epochs", "nothing"),
    (("evaluation", "start"), "x", "evaluation.start", "a number"),
    (("checkpoint_config",), 1.5, "checkpoint_config", "a dict"),
    (("log_config",), (), "log_config", "a dict"),
    (("log_config", "hooks"), 3, "log_config.hooks", A_LIST),
    (("log_config", "hooks", 0), 3, "log_config.hooks[0]", "a dict"),
    (("log_config", "hooks", 1, "type"), {}, "log_config.hooks[1].type", "a name or a class"),
    (("custom_hooks",), "x", "custom_hooks", LISTS),
    (("custom_hooks", 0), 3, "custom_hooks[0]", "a dict or an object"),
    (("dist_params",), 3, "dist_params", "a dict"),
]


def test_nothing_is_told_when_whole():
    assert try_upgrade(Config(config()))[1] == ()


@pytest.mark.parametrize(("path", "value", "told", "expected"), CASES)
def test_value_is_refused_when_malformed(path, value, told, expected):
    wrong = value[0] if told.endswith("[0]") and isinstance(value, list) else value
    assert put(path, value) == [(told, f"the value {wrong!r} cannot be used", expected)]


@pytest.mark.parametrize(
    ("path", "value", "told", "problem"),
    [
        (("lr_config",), {}, "lr_config", "the entry 'policy' is missing"),
        (("lr_config",), {"policy": None}, "lr_config", "the entry 'policy' is missing"),
        (("sampler",), {"a": 1}, "sampler", "the entry 'type' is missing"),
        (("log_config", "hooks"), [{}], "log_config.hooks[0]", "the entry 'type' is missing"),
        ((*STEPS, 0), {"type": "Compose"}, None, "the entry 'transforms' is missing"),
        (("optimizer_config",), {3: 4}, "optimizer_config", "the key 3 is no name"),
        ((3,), 4, "config", "the key 3 is no name"),
    ],
)
def test_entry_is_refused_when_missing_or_no_name(path, value, told, problem):
    found = put(path, value)
    told = told or "data.train.datasets[0].pipeline[0]"
    assert [entry[:2] for entry in found] == [(told, problem)]


@pytest.mark.parametrize("key", sorted(config().keys() - {"model"}))
def test_nothing_is_told_when_a_section_is_none(key):
    assert put((key,), None) == []


def test_pipeline_is_left_alone_when_the_dataset_is_a_users():
    pipeline = {"a": [dict(type="Resize", size=8)]}
    images = dict(type="MyImages", pipeline=pipeline)
    new = upgrade_config(Config(config(data=dict(train=images))))
    assert new.train_dataloader.dataset.pipeline == pipeline
    images["pipeline"] = ["x", dict(type="Resize", size=8)]
    new = upgrade_config(Config(config(data=dict(train=images))))
    assert new.train_dataloader.dataset.pipeline == [
        "x",
        dict(type="Resize", scale=8, generation="0.x"),
    ]


def test_object_stays_when_a_step():
    images = dict(type="CustomDataset", pipeline=[len, dict(type="Collect")])
    new = upgrade_config(Config(config(data=dict(train=images))))
    assert new.train_dataloader.dataset.pipeline == [len, dict(type="PackInputs")]


def test_errors_come_together_when_several():
    old = Config(config(fp16=True, optimizer=3))
    with pytest.raises(ConfigErrors) as caught:
        upgrade_config(old)
    assert [error.path for error in caught.value.errors] == ["optimizer", "fp16"]
    assert old.fp16 is True  # it is left alone


def test_error_names_line_and_next_step_when_read(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("runner = dict(type='EpochBasedRunner', max_epochs=1)\nfp16 = True\n")
    with pytest.raises(UnsupportedValueError, match="fp16: the value True cannot be used") as error:
        upgrade_config(Config.fromfile(path))
    assert error.value.origin == f"{path}:2"
    assert error.value.next_step == "Write dict(loss_scale=512.0), or remove it."


def test_later_problems_are_told_as_well_when_malformed(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "model = dict(type='ImageClassifier', backbone=dict(type='LeNet6'), train_cfg=3)\n"
        "runner = dict(type={}, max_iters=3)\n"
        "data = dict(train=[1], val=5)\n"
        "optimizer = dict(type='SDG')\n"
    )
    errors = {error.path: error.problem for error in try_read_spec(path).errors}
    assert errors == {
        "model.train_cfg": "the value 3 cannot be used",
        "data.train[0]": "the value 1 cannot be used",
        "data.val": "the value 5 cannot be used",
        "runner.type": "the value {} cannot be used",  # but nothing of `max_iters`
        "model.backbone.type": "unknown model type 'LeNet6'",
        "optimizer.type": "unknown optimizer type 'SDG'",
    }


def test_lone_part_is_refused_when_malformed():
    with pytest.raises(UnsupportedValueError, match=r"transform\.size: the value \(\) cannot"):
        TRANSFORM_TABLE.describe(dict(type="Resize", size=()), "mmcls")
    images = dict(type="CustomDataset", pipeline="x")
    with pytest.raises(UnsupportedValueError, match=r"dataset\.pipeline: the value 'x' cannot"):
        DATASET_TABLE.describe(images, "mmcls")


# ------------------------------------------------------------------ anything anywhere

VALUES = [
    *(None, 0, 3, -1, 1.5, True, "x", "", [], (), {}, [None], [1], (1, 2, 3), [[1]], ["a"]),
    *({"a": 1}, {"type": "X"}, {"type": {}}, {"type": ["a"]}, {3: 4}, [{}], [{"type": []}]),
    *({"a": {"b": [1]}}, [{"a": 1}, 2]),
]
WORDS = (
    *("_scope_", "type", "default_scope", "custom_imports", "train_cfg", "val_cfg", "test_cfg"),
    *("init_cfg", "pretrained", "data_preprocessor", "seed", "work_dir", "load_from", "resume"),
    *("resume_from", "workflow", "total_epochs", "out_dir", "priority", "dtype", "loss_scale"),
    *("visualizer", "vis_backends", "default_hooks", "param_scheduler", "collate_fn", "hooks"),
)


def spoil(values, rng):
    """Return nested values in which one or two entries are anything else."""
    for _ in range(rng.choice((1, 1, 2))):
        paths = list(list_paths(values))
        path = rng.choice([path for path in paths if len(path) <= rng.choice((1, 3, 9))])
        if rng.random() < 0.2 and isinstance(path[-1], str):
            path = (*path[:-1], rng.choice(WORDS))
        values = with_value(values, path, copy.deepcopy(rng.choice(VALUES)))
    return values


@pytest.mark.parametrize("source", [None, *FILES], ids=lambda file: file.stem if file else "all")
def test_only_errors_of_ours_come_when_values_are_anything(source):
    values = Config(config()) if source is None else Config.fromfile(source)
    values, rng = values.to_dict(), random.Random(3)
    found = 0
    for _ in range(400 if source is None else 40):
        spoilt = Config(spoil(values, rng))
        upgraded, problems = try_upgrade(spoilt)
        errors = try_translate(upgraded, problems).errors
        assert all(isinstance(error, MMLightError) and str(error) for error in errors)
        assert is_old(spoilt) or not problems
        found += bool(errors)
    assert found > 10
