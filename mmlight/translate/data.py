"""Translates `*_dataloader` into arguments of `PipelineDataModule`."""

from typing import Any

from mmlight.read.node import ConfigDict
from mmlight.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, TRANSFORMS
from mmlight.spec import Call
from mmlight.translate.data_rows import (
    DATASET_ROWS,
    OPERATION_ROWS,
    SAMPLER_ROWS,
    TRANSFORM_ROWS,
)
from mmlight.translate.other_transforms import PURPOSES
from mmlight.translate.section import Report, Section
from mmlight.translate.table import Table, bare_name
from mmlight.upgrade.data import upgrade_lone_dataset
from mmlight.upgrade.shape import STAGES
from mmlight.upgrade.transforms import upgrade_lone_transform

_FILE = "mmlight/translate/data_rows.py"
TRANSFORM_TABLE: Table = Table(
    "transform",
    TRANSFORM_ROWS,
    TRANSFORMS,
    file=_FILE,
    nested={"transforms": lambda: TRANSFORM_TABLE, "policies": lambda: POLICY_TABLE},
    upgrade=upgrade_lone_transform,
    purposes=PURPOSES,
)
DATASET_TABLE: Table = Table(
    "dataset",
    DATASET_ROWS,
    DATASETS,
    file=_FILE,
    nested={
        "pipeline": lambda: TRANSFORM_TABLE,
        "dataset": lambda: DATASET_TABLE,
        "datasets": lambda: DATASET_TABLE,
    },
    nested_in_own=("pipeline", "dataset", "datasets"),
    upgrade=upgrade_lone_dataset,
)
SAMPLER_TABLE = Table(
    "sampler", SAMPLER_ROWS, DATA_SAMPLERS, file=_FILE, scopes=("mmcls", "mmengine")
)
FUNCTION_TABLE = Table("function", (), FUNCTIONS, file=_FILE)


class _PolicyTable(Table):
    """Steps that stay dicts, because they are built only when their magnitude is known.

    Their type is the name of an operation, or an import path.
    """

    def translate_nested(self, section: Section, key: str) -> list[Any]:
        steps: list[Any] = _to_steps(super().translate_nested(section, key))
        return steps


def _to_steps(value: Any) -> Any:
    if isinstance(value, Call):
        names = {row.target: row.name for row in OPERATION_ROWS}
        return {"type": names.get(value.target, value.target), **value.kwargs}
    return [_to_steps(item) for item in value]


POLICY_TABLE: Table = _PolicyTable(
    "policy",
    TRANSFORM_ROWS,
    TRANSFORMS,
    file=_FILE,
    nested=TRANSFORM_TABLE.nested,
    purposes=PURPOSES,
)

COLLATE = ("default_collate", "pseudo_collate")
LOADER_KEYS = (
    "batch_size",
    "num_workers",
    "drop_last",
    "persistent_workers",
    "pin_memory",
    "prefetch_factor",
    "shuffle",
    "num_batch_per_epoch",
    "timeout",
    "multiprocessing_context",
)
NEEDLESS = {
    "non_blocking": "It only changes when batches are copied.",
    "pin_memory_device": "Torch pins for the accelerator that there is.",
    "disable_subprocess_warning": "It only silences warnings of workers.",
}


def translate_data(top: Section) -> dict[str, Any]:
    """Return the arguments of `PipelineDataModule`.

    From: mmengine 0.10 `Runner.build_dataloader`.
    """
    arguments: dict[str, Any] = {
        stage: _translate_loader(top.take_section(f"{stage}_dataloader"))
        for stage in (*STAGES, "val_loss")
        if top.take(f"{stage}_dataloader") is not None
    }
    randomness = top.node.get("randomness")
    if arguments and isinstance(randomness, ConfigDict) and randomness.get("diff_rank_seed"):
        arguments["diff_rank_seed"] = True
    if "test" in arguments:
        arguments["predict"] = arguments["test"]
    return arguments


def _translate_loader(loader: Section) -> Call:
    kwargs: dict[str, Any] = {}
    origins = {}
    kwargs["dataset"] = DATASET_TABLE.translate_entry(loader, "dataset")
    for key in LOADER_KEYS:
        value = loader.take(key)
        if value is not None:
            kwargs[key] = value
            origins[key] = loader.origin_of(key)
    for key in ("sampler", "batch_sampler"):
        if loader.take(key) is not None:
            kwargs[key] = _translate_sampler(loader, key)
    for key, default in (("collate_fn", COLLATE), ("worker_init_fn", ("worker_init_fn",))):
        function = _translate_function(loader, key, default)
        if function is not None:
            kwargs[key] = function
    if "collate_fn" in kwargs:
        target, named = "mmlight.compat.collate.UserCollate", kwargs["collate_fn"]
        kwargs["collate_fn"] = Call(target, {"collate": named}, path=named.path)
    _refuse_impossible(loader)
    for key, reason in NEEDLESS.items():
        loader.ignore(reason, key)
    loader.finish()
    origin = loader.origin_of("dataset")
    target = "mmlight.datamodule.LoaderConfig"
    return Call(target, kwargs, path=loader.path, origins=origins, origin=origin)


def _translate_sampler(loader: Section, key: str) -> Call | None:
    section = loader.take_section(key)
    call = SAMPLER_TABLE.translate(section)
    if call is None:
        return None
    kwargs = {"sampler": call.target, "options": dict(call.kwargs)}
    target = "mmlight.data.sampler_builder.SamplerBuilder"
    return Call(target, kwargs, path=section.path, origins=call.origins, origin=call.origin)


def _translate_function(loader: Section, key: str, default: tuple[str, ...]) -> Call | None:
    """Translate a user's function; None for the one that serves in any case."""
    own = loader.take(key)
    if own is None:
        return None
    path, origin = loader.key_path(key), loader.origin_of(key)
    if callable(own):
        section = Section(ConfigDict(type=own), path, loader.report)
    else:
        section = loader.take_section(key)
    if bare_name(section.node.get("type")) in default:
        for name in section.node:
            section.take(name, to="so it is here in any case")
        return None
    call = FUNCTION_TABLE.translate(section)
    if call is None:
        return None
    kwargs = {"function": call.target, "options": dict(call.kwargs)}
    target = "mmlight.data.named_function.NamedFunction"
    return Call(target, kwargs, path=path, origins=call.origins, origin=origin)


def _refuse_impossible(loader: Section) -> None:
    """Refuse what torch refuses, too, and what would make the order of batches a matter of luck."""
    loader.refuse_unless("in_order", True, reason="Remove it: batches come in the sampler's order.")
    if loader.take("generator") is not None:
        text = "Set randomness.seed, or sampler.seed, from which generators are made."
        loader.refuse(
            "generator", "samplers and workers have generators of their own", next_step=text
        )
    if loader.node.get("shuffle") and loader.node.get("sampler") is not None:
        text = "Write sampler.shuffle instead."
        loader.refuse("shuffle", "a loader that has a sampler cannot shuffle", next_step=text)
    if loader.node.get("drop_last") and loader.node.get("batch_sampler") is not None:
        text = "Write batch_sampler.drop_last instead."
        loader.refuse("drop_last", "the batch sampler says which batches there are", next_step=text)


def translate_pipeline(steps: list[Any], path: str, report: Report) -> list[Call]:
    """Translate a bare list of transforms, for inference."""
    section = Section(ConfigDict(pipeline=steps), path, report)
    return TRANSFORM_TABLE.translate_list(section, "pipeline")
