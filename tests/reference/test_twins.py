"""Upgrades every config of mmcls 0.25 and compares it with what mmpretrain 1.2 ships and accepts.

A config of the same path in both packages, a twin, is the same training as its authors wrote it in
either generation. What differs is listed in tests/reference/twin_differences.py.
"""

from functools import cache

import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize
from mmlight.upgrade.modern.write import write_upgraded
from mmlight.upgrade.upgrade import upgrade_config
from tests.reference.original import FOLDER
from tests.reference.twin_differences import DIFFERENCES, MISSING

ROOTS = {name: FOLDER / name / name / ".mim" / "configs" for name in ("mmcls", "mmpretrain")}
# their base does not exist
BROKEN = {
    "mobilenet_v3/mobilenet-v3-small_8xb16_cifar10.py",
    "mobilenet_v3/mobilenet_v3_small_cifar.py",
}


def list_files(generation):
    root = ROOTS[generation]
    files = (path.relative_to(root) for path in sorted(root.rglob("*.py")))
    return [str(file) for file in files if "_base_" not in file.parts and str(file) not in BROKEN]


FILES = list_files("mmcls") if ROOTS["mmcls"].is_dir() else []
TWINS = [file for file in FILES if (ROOTS["mmpretrain"] / file).is_file()]


@cache
def read(generation, file):
    return Config.fromfile(ROOTS[generation] / file)


@cache
def upgrade(file):
    """Return the text and the values of an upgraded config."""
    config = read("mmcls", file)
    return write_upgraded(config)[0], modernize(config).to_dict()


def test_all_files_are_compared_when_listed():
    assert (len(FILES), len(TWINS)) == (280, 173)


# -------------------------------------------------------------------- the file


def read_texts(texts):
    from mmengine.config import Config

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(plain(item) for item in value)
        return value

    values = []
    for text in texts:
        config = Config.fromstring(text, ".py")
        values.append(plain(config._cfg_dict.to_dict()))
    return values


@pytest.mark.slow
def test_file_reads_back_when_written(mmpretrain, tmp_path):
    theirs = mmpretrain(read_texts, [upgrade(file)[0] for file in FILES])
    for file, value in zip(FILES, theirs, strict=True):
        text, expected = upgrade(file)
        path = tmp_path / "upgraded.py"
        path.write_text(text)
        assert Config.fromfile(path).to_dict() == expected == value, file
        assert max(len(line) for line in text.splitlines() if "/" not in line) <= 100, file


@pytest.mark.slow
def test_exact_file_says_the_same_when_written(tmp_path):
    path = tmp_path / "exact.py"
    variables = {"train_pipeline", "val_pipeline", "test_pipeline", "dataset_type"}
    for file in FILES:
        config = read("mmcls", file)
        path.write_text(write_upgraded(config, exact=True)[0])
        exact, again = upgrade_config(config).to_dict(), Config.fromfile(path).to_dict()
        assert {key: again.get(key, ...) for key in exact.keys() - config.names_read} == {
            key: exact[key] for key in exact.keys() - config.names_read
        }, file
        assert not again.keys() - exact.keys() - variables, file


def find_words_of_our_own(text):
    """Return the words that mmpretrain does not have."""
    words = ("generation=", "pretrained_last", "exclusive_layers", "warm_up=", "UpdaterHook")
    words = (*words, "whole_model")
    return [word for word in words if word in text]


def test_no_word_of_ours_is_left_when_written():
    found = {file: find_words_of_our_own(upgrade(file)[0]) for file in FILES}
    assert {file: words for file, words in found.items() if words} == {}


# ------------------------------------------------------------- mmpretrain takes it


def describe_types(names):
    """Return the arguments of each type with their defaults, None for a type that is unknown."""
    import inspect

    from mmengine.registry import Registry
    from mmpretrain import registry
    from mmpretrain.utils import register_all_modules

    register_all_modules(init_default_scope=False)
    registries = [value for value in vars(registry).values() if isinstance(value, Registry)]

    def describe(cls):
        arguments = {}
        for base in cls.__mro__ if inspect.isclass(cls) else [cls]:
            if inspect.isclass(base) and "__init__" not in vars(base):
                continue
            function = base.__init__ if inspect.isclass(base) else base
            parameters = list(inspect.signature(function).parameters.values())
            for parameter in parameters:
                if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                    default = parameter.default
                    plain = isinstance(default, (int, float, str, list, tuple, dict, type(None)))
                    arguments.setdefault(parameter.name, [default] if plain else [])
            if not any(p.kind == p.VAR_KEYWORD for p in parameters):
                return arguments
        return {**arguments, "**": []}

    found = {}
    for name in names:
        classes = [registry.get(name) for registry in registries]
        classes = [cls for cls in classes if cls is not None]
        found[name] = describe(classes[0]) if classes else None
    return found


def walk_types(value, path=""):
    """Yield the path and the dict of every `dict(type=...)`."""
    if isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield path, value
        for key, item in value.items():
            yield from walk_types(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from walk_types(item, f"{path}[{index}]")


@pytest.fixture(scope="module")
def types(mmpretrain):
    values = [upgrade(file)[1] for file in FILES]
    values += [read("mmpretrain", file).to_dict() for file in TWINS]
    names = {call["type"] for value in values for _, call in walk_types(value)}
    return mmpretrain(describe_types, sorted(names))


# read by whoever builds: RandAugment, the Runner, build_norm_layer
READ_BEFORE = {
    *("type", "magnitude_key", "convert_to_iter_based", "priority", "paramwise_cfg"),
    "requires_grad",
}


def test_types_and_arguments_are_known_when_upgraded(types):
    problems = []
    for file in FILES:
        for path, call in walk_types(upgrade(file)[1]):
            known = types[call["type"]]
            if known is None:
                problems.append((file, path, call["type"]))
            elif "**" not in known:
                unknown = call.keys() - known.keys() - READ_BEFORE
                problems += [(file, path, key) for key in unknown]
    assert not problems


def build_parts(models, pipelines):
    """Build networks without memory and the steps of pipelines; return what fails."""
    import copy
    from unittest import mock

    import torch
    from mmpretrain.registry import MODELS, TRANSFORMS
    from mmpretrain.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    linspace = torch.linspace  # its values are read while networks are built

    def on_cpu(*args, **kwargs):
        return linspace(*args, **{**kwargs, "device": "cpu"})

    problems = []
    for model in models:
        try:
            with torch.device("meta"), mock.patch("torch.linspace", on_cpu):
                MODELS.build(copy.deepcopy(model))
        except Exception as error:
            problems.append(f"{model}: {error}")
    for step in (step for pipeline in pipelines for step in pipeline):
        try:
            TRANSFORMS.build(copy.deepcopy(step))
        except Exception as error:
            problems.append(f"{step}: {error}")
    return problems


@pytest.mark.slow
def test_parts_are_built_when_upgraded(mmpretrain):
    models, pipelines = {}, {}
    for file in FILES:
        values = upgrade(file)[1]
        model = {**values["model"], "data_preprocessor": values["data_preprocessor"]}
        model.pop("init_cfg", None)
        models[repr(model)] = model
        for name in ("train_pipeline", "val_pipeline", "test_pipeline"):
            pipelines[repr(values.get(name))] = values.get(name) or []
    assert (len(models) > 200, len(pipelines) > 60) == (True, True)
    problems = mmpretrain(build_parts, list(models.values()), list(pipelines.values()))
    assert problems == []


# ----------------------------------------------------------------------- twins

SECTIONS = (
    *("model", "data_preprocessor", "train_dataloader", "val_dataloader", "test_dataloader"),
    *("val_evaluator", "test_evaluator", "optim_wrapper", "param_scheduler", "train_cfg"),
    "custom_hooks",
)
SPEED = ("num_workers", "persistent_workers", "pin_memory", "collate_fn")


def normalize(values, types):
    """Return what two configs of one training have in common, as {key path: value}.

    - Only the model, the data, the optimizer, the schedule, the loop and the custom hooks count;
      not how many workers load, where logs go, or `auto_scale_lr`, which a flag switches on.
    - Arguments that are the default of their class are left out, tuples are lists, a single
      evaluator, schedule or augment is a list of one. Names of variables and the order of keys do
      not count.
    - Schedules: `begin`, `end` and `T_max` are written out as mmengine's Runner fills them in; a
      ratio of the rate becomes a rate.
    - Datasets: `split` of ImageNet stands for its folder and list; the folder of MNIST may be named
      by either word. `test_mode` counts for MNIST alone, which reads another file then.
    - The dot in which a custom key begins is dropped: both match the same parameters.
    - Mixing without `probs` is mixing with even odds; loops validate every epoch unless told.
    """
    rate = values["optim_wrapper"]["optimizer"].get("lr")
    epochs = values["train_cfg"].get("max_epochs")
    kept = {key: values[key] for key in SECTIONS if values.get(key) not in (None, [], {})}
    kept = drop_defaults(kept, types)
    for key in ("param_scheduler", "val_evaluator", "test_evaluator"):
        if isinstance(kept.get(key), dict):
            kept[key] = [kept[key]]
    for schedule in kept.get("param_scheduler", ()):
        normalize_schedule(schedule, rate, epochs)
    for loader in (kept.get(f"{stage}_dataloader") for stage in ("train", "val", "test")):
        if loader is not None:
            normalize_loader(loader)
    normalize_optimizer(kept["optim_wrapper"])
    kept["train_cfg"].setdefault("val_interval", 1)
    mixing = kept["model"].get("train_cfg") or {}
    if "augments" in mixing:
        augments = mixing["augments"]
        mixing["augments"] = augments = augments if isinstance(augments, list) else [augments]
        mixing.setdefault("probs", [1 / len(augments)] * len(augments))
    kept["data_preprocessor"].setdefault("type", "ClsDataPreprocessor")
    return dict(flatten(kept))


def drop_defaults(value, types):
    if isinstance(value, (list, tuple)):
        return [drop_defaults(item, types) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: drop_defaults(item, types) for key, item in value.items()}
    defaults = (types.get(value["type"]) if isinstance(value.get("type"), str) else None) or {}
    return {
        key: item
        for key, item in kept.items()
        if key == "type" or drop_defaults(defaults.get(key, []), types) != [item]
    }


def normalize_schedule(schedule, rate, epochs):
    if "eta_min_ratio" in schedule:
        schedule["eta_min"] = schedule.pop("eta_min_ratio") * rate
    if schedule.get("eta_min") == 0:
        del schedule["eta_min"]
    schedule.setdefault("by_epoch", True)
    schedule.setdefault("begin", 0)
    if schedule["by_epoch"]:
        schedule.setdefault("end", epochs)
    if schedule["type"] == "CosineAnnealingLR" and "end" in schedule:
        schedule.setdefault("T_max", schedule["end"] - schedule["begin"])


def normalize_loader(loader):
    for key in SPEED:
        loader.pop(key, None)
    dataset = loader["dataset"]
    while "dataset" in dataset:
        dataset = dataset["dataset"]
    for key in ("data_root", "data_prefix"):
        if isinstance(dataset.get(key), str):
            dataset[key] = dataset[key].rstrip("/")
    if dataset["type"] == "MNIST":
        dataset["data_root"] = dataset.pop("data_root", "") + dataset.pop("data_prefix", "")
        dataset.pop("split", None)
        return
    dataset.pop("test_mode", None)
    folder = dataset.get("data_prefix")
    listed = dataset.get("ann_file", f"meta/{folder}.txt") == f"meta/{folder}.txt"
    if dataset["type"] == "ImageNet" and folder in ("train", "val") and listed:
        del dataset["data_prefix"]
        dataset.pop("ann_file", None)
        dataset["split"] = folder


def normalize_optimizer(wrapper):
    wrapper.setdefault("type", "OptimWrapper")
    if wrapper.get("clip_grad", ...) is None:
        del wrapper["clip_grad"]
    rules = wrapper.get("paramwise_cfg") or {}
    if "custom_keys" in rules:
        keys = rules["custom_keys"].items()
        rules["custom_keys"] = {key.strip("."): options for key, options in keys}


def flatten(value, path=""):
    """Yield the path and value of every leaf; lists of plain values are leaves."""
    nested = isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from flatten(item, f"{path}.{key}" if path else str(key))
    elif nested:
        for index, item in enumerate(value):
            yield from flatten(item, f"{path}[{index}]")
    else:
        yield path, value


def list_differences(file, types):
    ours = normalize(upgrade(file)[1], types)
    twin = normalize(to_plain(read("mmpretrain", file).values), types)
    for key in sorted(ours.keys() | twin.keys()):
        pair = ours.get(key, MISSING), twin.get(key, MISSING)
        if pair[0] != pair[1]:
            yield file, key, *pair


def test_upgrade_equals_the_twin_when_same_path(types):
    counts = [0] * len(DIFFERENCES)
    unexplained, differing = [], {section: set() for section in PARTS}
    for entry in (entry for file in TWINS for entry in list_differences(file, types)):
        reasons = (i for i, row in enumerate(DIFFERENCES) if row.explains(*entry))
        index = next(reasons, None)
        if index is None:
            unexplained.append(entry)
        else:
            counts[index] += 1
        differing[find_part(entry[1])].add(entry[0])
    assert unexplained == []
    assert counts == [row.count for row in DIFFERENCES]
    equal = {part: len(TWINS) - len(files) for part, files in differing.items()}
    assert equal == EQUAL
    assert len(TWINS) - len(set.union(*differing.values())) == ALL_EQUAL


PARTS = {
    "model": ("model",),
    "data": ("data_preprocessor", "train_dataloader"),
    "evaluation": ("val_dataloader", "test_dataloader", "val_evaluator", "test_evaluator"),
    "optimizer": ("optim_wrapper",),
    "schedule": ("param_scheduler",),
    "loop": ("train_cfg",),
    "hooks": ("custom_hooks",),
}
EQUAL = dict(model=154, data=157, evaluation=128, optimizer=119, schedule=87, loop=122, hooks=168)
"""Twins of which a part is equal, entry by entry."""
ALL_EQUAL = 68


def find_part(key):
    section = key.replace("[", ".").split(".")[0]
    return next(part for part, sections in PARTS.items() if section in sections)
