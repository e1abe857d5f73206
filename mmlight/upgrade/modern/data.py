"""Writes loaders, pipelines and the preprocessor as mmpretrain 1.2 does.

To add a dataset whose words differ: see `_modernize_dataset`.
"""

from collections.abc import Iterator
from typing import Any, Final

from mmlight.read.node import ConfigDict, to_plain
from mmlight.spec import Note
from mmlight.upgrade.data import find_pipelines, lift_normalize
from mmlight.upgrade.modern.steps import Story, keep_channels, modernize_step
from mmlight.upgrade.move import node, pop
from mmlight.upgrade.shape import STAGES

IMAGE_FOLDERS: Final = ("ImageNet", "ImageNet21k", "CustomDataset")
FILES_IN_ROOT: Final = ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST")
READS_TEST_MODE: Final = ("MNIST", "FashionMNIST")
LOADER_ORDER: Final = ("batch_size", "num_workers", "dataset", "sampler")
DATASET_ORDER: Final = ("type", "data_root", "data_prefix", "ann_file", "split")
STEP_ORDER: Final = ("type", "scale", "crop_size", "edge", "prob")
SAMPLES = "mmcls cut each round to a multiple of {!r} samples, mmpretrain does not."
SCANNED = (
    "mmpretrain reads `meta/train.txt` of the folder if there is one; mmcls searched the folder."
)
DIFFICULT = "Difficult objects count as negative in training; in mmcls {}."
# what PackInputs keeps by default, and what the metrics of VOC ask for
META_KEYS: Final = (
    *("sample_idx", "img_path", "ori_shape", "img_shape", "scale_factor"),
    *("flip", "flip_direction", "gt_label_difficult"),
)


def modernize_data(values: ConfigDict, notes: list[Note]) -> None:
    """Write `train_pipeline`, `test_pipeline`, `*_dataloader` and `data_preprocessor`.

    From: mmpretrain 1.2 `configs/_base_/datasets` against mmcls 0.25.
    """
    story = Story(notes)
    for stage in STAGES:
        loader = values.get(f"{stage}_dataloader")
        if not isinstance(loader, ConfigDict):
            continue
        _modernize_loader(loader, f"{stage}_dataloader", story)
        _drop_generation(loader.get("dataset"))
        for owner, path in _walk_datasets(loader.get("dataset"), f"{stage}_dataloader.dataset"):
            _modernize_dataset(owner, path, story)
            for step in _list_steps(owner):
                modernize_step(step, f"{path}.pipeline", story)
                _arrange(step, STEP_ORDER)
            _arrange(owner, DATASET_ORDER)
        _arrange(loader, LOADER_ORDER)
    story.finish()
    if "data_preprocessor" not in values:
        datasets = [(values.get(f"{stage}_dataloader") or {}).get("dataset") for stage in STAGES]
        owners = [owner for dataset in datasets for owner in find_pipelines(dataset)]
        for owner in owners:
            keep_channels(owner["pipeline"])
        lift_normalize(owners, values)
    name_variables(values)
    _complete_preprocessor(values)


def _arrange(
    entry: ConfigDict, first: tuple[str, ...], last: tuple[str, ...] = ("pipeline",)
) -> None:
    """Bring the words of an entry into the order of mmpretrain's files."""
    rest = [key for key in entry if key not in (*first, *last)]
    for key in [*first, *rest, *last]:
        if key in entry:
            value, origin = pop(entry, key)
            entry.put(key, value, origin)


def _modernize_loader(loader: ConfigDict, path: str, story: Story) -> None:
    if not loader.get("num_workers"):
        loader.pop("persistent_workers", None)  # torch refuses it
    loader.pop("seed", None)
    sampler = loader.get("sampler") or ConfigDict()
    if "selected_round" in sampler:
        text = SAMPLES.format(sampler.pop("selected_round"))
        story.say(f"{path}.sampler", text, sampler.origin)


def _walk_datasets(value: Any, path: str) -> Iterator[tuple[ConfigDict, str]]:
    """Yield the datasets inside wrappers."""
    if not isinstance(value, ConfigDict):
        return
    if "dataset" in value:
        yield from _walk_datasets(value["dataset"], f"{path}.dataset")
    elif "datasets" in value:
        for index, item in enumerate(value["datasets"]):
            yield from _walk_datasets(item, f"{path}.datasets[{index}]")
    else:
        yield value, path


def _drop_generation(value: Any) -> None:
    """Leave out what says that a dataset means its words as 0.x does."""
    if isinstance(value, ConfigDict):
        value.pop("generation", None)
        for inside in (value.get("dataset"), *(value.get("datasets") or ())):
            _drop_generation(inside)


def _list_steps(dataset: ConfigDict) -> list[ConfigDict]:
    """Return the transforms of a dataset that are dicts; a user's may have others."""
    steps = dataset.get("pipeline")
    steps = steps if isinstance(steps, (list, tuple)) else ()
    return [step for step in steps if isinstance(step, ConfigDict)]


def _walk_all(values: ConfigDict) -> Iterator[ConfigDict]:
    for stage in STAGES:
        for owner, _ in _walk_datasets(
            (values.get(f"{stage}_dataloader") or {}).get("dataset"), ""
        ):
            yield owner


def _modernize_dataset(dataset: ConfigDict, path: str, story: Story) -> None:
    kind = dataset.get("type")
    if kind in IMAGE_FOLDERS:
        _split_paths(dataset, path, story)
    if kind in FILES_IN_ROOT and "data_root" not in dataset:
        dataset.rename("data_prefix", "data_root")
    if kind not in READS_TEST_MODE and kind is not None:
        dataset.pop("test_mode", None)
    if kind == "VOC":
        difficult = dataset.pop("difficult_as_positive", None)
        meant = {None: "their label was -1", True: "as positive", False: ""}.get(difficult, "")
        if path.startswith("train") and meant:
            story.say(path, DIFFICULT.format(meant), dataset.origin)
        if not path.startswith("train"):
            for step in _list_steps(dataset):
                if step.get("type") == "PackInputs":
                    step.setdefault("meta_keys", META_KEYS)


def _split_paths(dataset: ConfigDict, path: str, story: Story) -> None:
    """Name the folder once: `data_root`, and `split` where the rest is as mmpretrain expects it."""
    prefix, ann_file = dataset.get("data_prefix"), dataset.get("ann_file")
    if ann_file is None:
        dataset.pop("ann_file", None)
    if not isinstance(prefix, str) or "data_root" in dataset:
        return
    root, _, folder = prefix.rstrip("/").rpartition("/")
    listed = f"{root}/meta/{folder}.txt"
    origin = dataset.origin_of("data_prefix")
    splits = {"ImageNet": ("train", "val"), "ImageNet21k": ("train",)}
    if not root or (ann_file and not str(ann_file).startswith(f"{root}/")):
        return
    dataset.put("data_root", root, origin)
    if folder in splits.get(dataset["type"], ()) and ann_file in (None, "", listed):
        del dataset["data_prefix"]
        dataset.pop("ann_file", None)
        dataset.put("split", folder, origin)
        if not ann_file:
            story.say(path, SCANNED, origin)
        return
    dataset.put("data_prefix", folder, origin)
    if ann_file:
        dataset.put("ann_file", ann_file.removeprefix(f"{root}/"), dataset.origin_of("ann_file"))


def name_variables(values: ConfigDict) -> None:
    """Put pipelines and the type of the datasets beside the loaders as mmpretrain's files do.

    A variable of such a name that the old file has is written anew, or goes.
    """
    loaders = {stage: values.get(f"{stage}_dataloader") or {} for stage in STAGES}
    datasets = {stage: loader.get("dataset") or ConfigDict() for stage, loader in loaders.items()}
    pipelines = {stage: dataset.get("pipeline") for stage, dataset in datasets.items()}
    if to_plain(pipelines["val"]) == to_plain(pipelines["test"]):
        del pipelines["val"]
    for stage in STAGES:
        name = f"{stage}_pipeline"
        origin = pop(values, name)[1] if name in values else None
        if pipelines.get(stage) is not None:
            known = origin or datasets[stage].origin_of("pipeline")
            values.put(name, pipelines[stage], known)
    types = [dataset.get("type") for dataset in datasets.values() if dataset]
    if "dataset_type" in values and (not types or types.count(values["dataset_type"]) < len(types)):
        del values["dataset_type"]


def _complete_preprocessor(values: ConfigDict) -> None:
    """Add the number of classes, which mixing needs, and how labels of several classes travel."""
    preprocessor = values.get("data_preprocessor")
    model = values.get("model")
    if not isinstance(model, ConfigDict):
        return
    if not isinstance(preprocessor, ConfigDict):
        preprocessor = node(model.origin)
    parts = [model.get(part) for part in ("train_cfg", "head", "backbone")]
    counts = [p["num_classes"] for p in parts if isinstance(p, dict) and "num_classes" in p]
    number = counts[0] if counts else None
    completed = node(preprocessor.origin, **({} if number is None else {"num_classes": number}))
    completed.put_all(preprocessor)
    if len(completed.get("mean") or ()) == 1:
        completed.pop("to_rgb", None)  # a single channel has no order
    if any(owner.get("type") == "VOC" for owner in _walk_all(values)):
        completed.put("to_onehot", True, preprocessor.origin)
    if completed:
        written = values.origin_of("img_norm_cfg") if "img_norm_cfg" in values else None
        values.put("data_preprocessor", completed, written or preprocessor.origin)
