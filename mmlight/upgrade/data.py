"""Upgrades `data` to loaders, and lifts `Normalize` out of the pipelines into the preprocessor."""

from collections.abc import Iterable
from typing import Any

from mmlight.read.node import ConfigDict, ConfigList, to_plain
from mmlight.spec import Note
from mmlight.upgrade.move import move, node, pop
from mmlight.upgrade.transforms import upgrade_transform

STAGES = ("train", "val", "test")
LOADER_WORDS = {"samples_per_gpu": "batch_size", "workers_per_gpu": "num_workers"}
SPLIT_BY_TEST_MODE = ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST")
FORMATTING = ("ImageToTensor", "ToTensor", "Collect", "Transpose", "ToNumpy", "DefaultFormatBundle")


def upgrade_data(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `*_dataloader` and `data_preprocessor`.

    When every pipeline normalizes alike, as its last step before formatting, the step moves to the
    preprocessor, which runs batched on the device. Otherwise all pipelines keep it.

    From: mmcls 0.25 `train_model`, `build_dataloader`, `single_gpu_test`.
    """
    if not isinstance(old.get("data"), ConfigDict):
        return
    data, _ = pop(old, "data")
    sampler, sampler_origin = pop(old, "sampler")
    special = {stage: data.pop(f"{stage}_dataloader", ConfigDict()) for stage in STAGES}
    datasets = {stage: pop(data, stage) for stage in STAGES if data.get(stage) is not None}
    for stage, (dataset, origin) in datasets.items():
        loader = data.copy()
        for word in ("shuffle", "drop_last") if stage != "train" else ():
            loader.pop(word, None)  # these settings of `data` hold for training only
        loader.update(special[stage])
        for word, new_word in LOADER_WORDS.items():
            loader.rename(word, new_word)
        shuffle, _ = pop(loader, "shuffle", stage == "train")
        loader.setdefault("persistent_workers", True)
        chosen = (
            sampler.copy() if sampler and stage == "train" else node(origin, type="DefaultSampler")
        )
        chosen.put("shuffle", shuffle, origin)
        if chosen["type"] == "RepeatAugSampler":
            chosen.setdefault("selected_round", 256)  # 0 in 1.x
        loader.put("sampler", chosen, sampler_origin or origin)
        loader.put("dataset", dataset, origin)
        if isinstance(dataset, ConfigDict):
            _upgrade_dataset(dataset, held_out=stage != "train")
        new.put(f"{stage}_dataloader", loader, origin)
    _upgrade_pipelines([dataset for dataset, _ in datasets.values()], new)


def _upgrade_dataset(dataset: ConfigDict, *, held_out: bool) -> None:
    """Say by `split` what 0.x said by `test_mode`, which it sets for validation and test."""
    if held_out:
        dataset.setdefault("test_mode", True)
    if dataset.get("type") in SPLIT_BY_TEST_MODE:
        split = "test" if dataset.get("test_mode") else "train"
        dataset.put("split", split, dataset.origin_of("test_mode"))


def _upgrade_pipelines(datasets: Iterable[Any], new: ConfigDict) -> None:
    owners = [owner for dataset in datasets for owner in _find_pipelines(dataset)]
    for owner in owners:
        owner.put("pipeline", _upgrade_steps(owner["pipeline"]), owner.origin_of("pipeline"))
    norms = [_find_normalize(owner["pipeline"]) for owner in owners]
    if not norms or norms[0] is None or any(to_plain(norm) != to_plain(norms[0]) for norm in norms):
        return
    for owner in owners:
        owner["pipeline"].remove(_find_normalize(owner["pipeline"]))
    preprocessor = norms[0]
    preprocessor.pop("type")
    preprocessor.setdefault("to_rgb", True)
    new.put("data_preprocessor", preprocessor, preprocessor.origin)


def _find_pipelines(dataset: Any) -> list[ConfigDict]:
    """Return the dicts that hold a pipeline, through wrappers such as RepeatDataset."""
    if isinstance(dataset, (list, tuple)):
        return [owner for item in dataset for owner in _find_pipelines(item)]
    if not isinstance(dataset, ConfigDict):
        return []
    own = [dataset] if "pipeline" in dataset else []
    return own + _find_pipelines(dataset.get("dataset")) + _find_pipelines(dataset.get("datasets"))


def _upgrade_steps(steps: Iterable[ConfigDict]) -> ConfigList:
    """Upgrade each transform and put one `PackInputs` in the place of the formatting steps."""
    upgraded = ConfigList()
    pack = None
    for step in steps:
        if step.get("type") not in FORMATTING:
            upgraded.append(upgrade_transform(step.copy()))
            continue
        pack = pack or node(step.origin, type="PackInputs")
        if step["type"] == "Collect":
            move(step.copy(), "meta_keys", pack, "meta_keys")
    if pack is not None:
        upgraded.append(pack)
    return upgraded


def _find_normalize(steps: ConfigList) -> ConfigDict | None:
    """Return the Normalize step that stands right before the formatting, if there is just one."""
    found = [step for step in steps if step.get("type") == "Normalize"]
    last = steps[-2] if len(steps) > 1 and steps[-1].get("type") == "PackInputs" else None
    return found[0] if len(found) == 1 and found[0] is last else None
