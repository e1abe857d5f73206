"""Upgrades `data` to loaders, and lifts `Normalize` out of the pipelines into the preprocessor."""

from collections.abc import Iterable
from typing import Any

from mmlight.read.node import ConfigDict, ConfigList, Origin, copy_tree, to_plain
from mmlight.spec import Note
from mmlight.upgrade.datasets import upgrade_dataset
from mmlight.upgrade.malformed import check_shape
from mmlight.upgrade.move import move, node, pop
from mmlight.upgrade.shape import DATASET, STAGES
from mmlight.upgrade.transforms import upgrade_transform

LOADER_WORDS = {"samples_per_gpu": "batch_size", "workers_per_gpu": "num_workers"}
FORMATTING = (
    *("ImageToTensor", "ToTensor", "Collect", "Transpose", "ToNumpy", "DefaultFormatBundle"),
    *("ToHalf", "WrapFieldsToLists"),
)
NEEDLESS = ("DefaultFormatBundle", "ToHalf", "WrapFieldsToLists")
PACKED_KEYS = ("img", "gt_label", "img_metas")
IPU = "It is for IPUs, which nothing drives any more."
PACKED = "done by PackInputs"
HALF = "Mixed precision casts images by itself."


def upgrade_data(old: ConfigDict, new: ConfigDict, notes: list[Note]) -> None:
    """Write `*_dataloader` and `data_preprocessor`.

    When every pipeline normalizes alike, as its last step before formatting, the step moves to the
    preprocessor, which runs batched on the device. Otherwise all pipelines keep it.

    From: mmcls 0.25 `train_model`, `build_dataloader`, `single_gpu_test`.
    """
    if old.get("data") is None:
        return
    data, _ = pop(old, "data")
    sampler, sampler_origin = pop(old, "sampler")
    special = {stage: data.pop(f"{stage}_dataloader") or ConfigDict() for stage in STAGES}
    datasets = {stage: pop(data, stage) for stage in STAGES if data.get(stage) is not None}
    if validates_loss(old.get("workflow")) and {"train", "val"} <= datasets.keys():
        special["val_loss"] = special["train"].copy()
        datasets["val_loss"] = _mix(datasets["val"], datasets["train"][0])
    for stage, (dataset, origin) in datasets.items():
        loader = data.copy()
        is_held_out = stage in ("val", "test")
        for word in ("shuffle", "drop_last", "sampler_cfg") if is_held_out else ():
            loader.pop(word, None)  # these settings of `data` hold for training only
        loader.put_all(special[stage])
        for word, new_word in LOADER_WORDS.items():
            loader.rename(word, new_word)
        if "mode" in loader:
            notes.append(Note(f"data.{stage}_dataloader.mode", IPU, pop(loader, "mode")[1]))
        shuffle, _ = pop(loader, "shuffle", not is_held_out)
        round_up, round_origin = pop(loader, "round_up", True)
        loader.setdefault("persistent_workers", True)
        own, own_origin = pop(loader, "sampler_cfg")
        if not own and not is_held_out:
            own, own_origin = sampler, sampler_origin
        chosen = own.copy() if own else node(origin, type="DefaultSampler")
        chosen.put("shuffle", shuffle, origin)
        if not round_up and not own:  # a chosen sampler never learns of it
            chosen.put("round_up", round_up, round_origin)
        if chosen["type"] == "RepeatAugSampler":
            chosen.setdefault("selected_round", 256)  # 0 in 1.x
        loader.put("sampler", chosen, own_origin if own else origin)
        path = f"{stage}_dataloader.dataset"
        dataset = upgrade_dataset(dataset, path, notes, held_out=is_held_out)
        loader.put("dataset", dataset, origin)
        new.put(f"{stage}_dataloader", loader, origin)
    _upgrade_pipelines([new[f"{stage}_dataloader"]["dataset"] for stage in datasets], new, notes)


def validates_loss(workflow: Any) -> bool:
    """Tell whether a workflow has epochs of validation.

    Examples:
        >>> validates_loss([("train", 1), ("val", 1)]), validates_loss([("train", 1)])
        (True, False)
    """
    flows = workflow if isinstance(workflow, (list, tuple)) else ()
    return any(isinstance(flow, (list, tuple)) and "val" in flow for flow in flows)


def _mix(val: tuple[Any, Origin | None], train: Any) -> tuple[Any, Origin | None]:
    """Return the validation data in the pipeline of training.

    From: mmcls 0.25 `tools/train.py`.
    """
    mixed = copy_tree(val[0])
    pipelines = find_pipelines(train)
    for owner in find_pipelines(mixed) if pipelines else ():
        steps = copy_tree(pipelines[0]["pipeline"])
        owner.put("pipeline", steps, pipelines[0].origin_of("pipeline"))
    return mixed, val[1]


def upgrade_lone_dataset(dataset: ConfigDict) -> ConfigDict:
    """Return a dataset that 0.x code builds by itself; no preprocessor takes its Normalize."""
    check_shape(dataset, DATASET, "dataset")
    upgraded: ConfigDict = upgrade_dataset(dataset.copy(), "dataset", [], held_out=False)
    for owner in find_pipelines(upgraded):
        owner["pipeline"] = _upgrade_steps(owner["pipeline"], [])
    return upgraded


def _upgrade_pipelines(datasets: Iterable[Any], new: ConfigDict, notes: list[Note]) -> None:
    owners = [owner for dataset in datasets for owner in find_pipelines(dataset)]
    for owner in owners:
        for step in owner["pipeline"]:
            if type_of(step) == "ToHalf":
                path = getattr(step.origin, "path", "") or "pipeline"
                notes.append(Note(path, HALF, step.origin))
        steps = _upgrade_steps(owner["pipeline"], notes)
        owner.put("pipeline", steps, owner.origin_of("pipeline"))
    before = [step for owner in owners for step in owner["pipeline"]]
    lift_normalize(owners, new)
    kept = {id(step) for owner in owners for step in owner["pipeline"]}
    for step in before:
        if id(step) not in kept and step is not new.get("data_preprocessor"):
            notes.append(Note(step.origin.path, "model.preprocessor", step.origin, quiet=True))


def lift_normalize(owners: list[ConfigDict], new: ConfigDict) -> None:
    """Move the Normalize of all pipelines to the preprocessor if they agree on it.

    Args:
        owners: The datasets that have a pipeline.
        new: The config, which gets `data_preprocessor`.
    """
    norms = [_find_normalize(owner["pipeline"]) for owner in owners]
    if not norms or norms[0] is None or any(to_plain(norm) != to_plain(norms[0]) for norm in norms):
        return
    for owner in owners:
        owner["pipeline"].remove(_find_normalize(owner["pipeline"]))
    preprocessor = norms[0]
    preprocessor.pop("type")
    preprocessor.setdefault("to_rgb", True)
    new.put("data_preprocessor", preprocessor, preprocessor.origin)


def find_pipelines(dataset: Any) -> list[ConfigDict]:
    """Return the dicts that hold a pipeline, through wrappers such as RepeatDataset."""
    if isinstance(dataset, (list, tuple)):
        return [owner for item in dataset for owner in find_pipelines(item)]
    if not isinstance(dataset, ConfigDict):
        return []
    own = [dataset] if isinstance(dataset.get("pipeline"), (list, tuple)) else []
    return own + find_pipelines(dataset.get("dataset")) + find_pipelines(dataset.get("datasets"))


def _upgrade_steps(steps: Iterable[Any], notes: list[Note]) -> ConfigList:
    """Upgrade each transform and put one `PackInputs` in the place of the last, formatting steps.

    A formatting step that another step follows stays, for that step wants what it makes. What is no
    dict (an object) stays, so that the next stage refuses it.
    """
    steps = list(steps)
    tail = _find_tail(steps)
    upgraded = ConfigList()
    for step in steps[:tail]:
        if type_of(step) not in NEEDLESS:
            upgraded.append(upgrade_transform(step) if isinstance(step, ConfigDict) else step)
    pack = None
    for step in steps[tail:]:
        if pack is not None and step.origin is not None:
            notes.append(Note(step.origin.path, PACKED, step.origin, quiet=True))
        pack = pack or node(step.origin, type="PackInputs")
        if type_of(step) == "Collect":
            _move_keys(step.copy(), pack)
    if pack is None and any(type_of(step) in FORMATTING for step in steps):
        pack = node(None, type="PackInputs")
    if pack is not None:
        upgraded.append(pack)
    return upgraded


def _find_tail(steps: list[Any]) -> int:
    """Return where the formatting steps at the end begin, the work of which `PackInputs` does."""
    tail = len(steps)
    while tail and type_of(steps[tail - 1]) in FORMATTING:
        tail -= 1
    orders = [step.get("order") for step in steps[tail:] if type_of(step) == "Transpose"]
    return tail if all(list(order or ()) == [2, 0, 1] for order in orders) else len(steps)


def _move_keys(collect: ConfigDict, pack: ConfigDict) -> None:
    """Let `PackInputs` keep what `Collect` keeps besides image and label."""
    move(collect, "meta_keys", pack, "meta_keys")
    keys = collect.get("keys")
    others = [key for key in keys or () if key not in PACKED_KEYS]
    if isinstance(keys, list | tuple) and others:
        pack.put("algorithm_keys", others, collect.origin_of("keys"))


def _find_normalize(steps: ConfigList) -> ConfigDict | None:
    """Return the Normalize step that stands right before the formatting, if there is just one."""
    found = [step for step in steps if type_of(step) == "Normalize"]
    last = steps[-2] if len(steps) > 1 and type_of(steps[-1]) == "PackInputs" else None
    return found[0] if len(found) == 1 and found[0] is last else None


def type_of(step: Any) -> Any:
    """Return the type of a transform; None for one that is no dict."""
    return step.get("type") if isinstance(step, ConfigDict) else None
