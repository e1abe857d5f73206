"""Translates `*_dataloader` into arguments of `PipelineDataModule`, `*_evaluator` into metrics.

To add a dataset, transform, sampler or metric: 1. write the class; 2. add a Row here; 3.
tests/test_tables.py checks it.
"""

from typing import Any, Final

from mmlight.read.node import ConfigDict
from mmlight.registry import DATA_SAMPLERS, DATASETS, METRICS, TRANSFORMS
from mmlight.spec import Call
from mmlight.translate.section import Report, Section
from mmlight.translate.table import Row, Table, bare_name
from mmlight.upgrade.data import upgrade_lone_dataset
from mmlight.upgrade.transforms import upgrade_lone_transform

_FILE = "mmlight/translate/data.py"
_T = "mmlight.data.transforms"
_D = "mmlight.data.datasets"
_S = "mmlight.data.samplers"
_MMCV_2 = ("mmcls", "mmengine")  # mmpretrain leaves these transforms to mmcv 2

TRANSFORM_ROWS: Final = (
    Row("LoadImageFromFile", f"{_T}.load.LoadImageFromFile"),
    Row("Resize", f"{_T}.resize.Resize"),
    Row("ResizeEdge", f"{_T}.resize.ResizeEdge"),
    Row("CenterCrop", f"{_T}.crop.CenterCrop"),
    Row("RandomCrop", f"{_T}.crop.RandomCrop"),
    Row("EfficientNetCenterCrop", f"{_T}.crop.EfficientNetCenterCrop"),
    Row("RandomResizedCrop", f"{_T}.resized_crop.RandomResizedCrop"),
    Row("EfficientNetRandomCrop", f"{_T}.resized_crop.EfficientNetRandomCrop"),
    Row("RandomFlip", f"{_T}.flip.RandomFlip"),
    Row("Pad", f"{_T}.pad.Pad", scopes=_MMCV_2),
    Row("Normalize", f"{_T}.normalize.Normalize"),
    Row("RandomErasing", f"{_T}.erase.RandomErasing"),
    Row("ColorJitter", f"{_T}.jitter.ColorJitter"),
    Row("Lighting", f"{_T}.jitter.Lighting"),
    Row("RandomGrayscale", f"{_T}.jitter.RandomGrayscale"),
    Row("AutoAugment", f"{_T}.auto_augment.AutoAugment"),
    Row("RandAugment", f"{_T}.auto_augment.RandAugment"),
    Row("PackInputs", f"{_T}.pack.PackInputs"),
    Row("PackClsInputs", f"{_T}.pack.PackInputs"),
    Row("ImageToTensor", f"{_T}.pack.ImageToTensor", scopes=_MMCV_2),
    Row("ToTensor", f"{_T}.pack.ToTensor", scopes=_MMCV_2),
    Row("Collect", f"{_T}.pack.Collect"),
)

DATASET_ROWS: Final = (
    Row("CustomDataset", f"{_D}.custom.CustomDataset"),
    Row("ImageNet", f"{_D}.imagenet.ImageNet"),
    Row("ImageNet21k", f"{_D}.imagenet.ImageNet21k"),
    Row("CIFAR10", f"{_D}.cifar.CIFAR10"),
    Row("CIFAR100", f"{_D}.cifar.CIFAR100"),
    Row("MNIST", f"{_D}.mnist.MNIST"),
    Row("FashionMNIST", f"{_D}.mnist.FashionMNIST"),
)

SAMPLER_ROWS: Final = (
    Row("DefaultSampler", f"{_S}.DefaultSampler"),
    Row("DistributedSampler", f"{_S}.DefaultSampler"),
    Row("RepeatAugSampler", f"{_S}.RepeatAugSampler"),
    Row("InfiniteSampler", f"{_S}.InfiniteSampler"),
)

METRIC_ROWS: Final = (Row("Accuracy", "mmlight.metrics.accuracy.Accuracy"),)

TRANSFORM_TABLE = Table(
    "transform", TRANSFORM_ROWS, TRANSFORMS, file=_FILE, upgrade=upgrade_lone_transform
)
DATASET_TABLE: Table = Table(
    "dataset",
    DATASET_ROWS,
    DATASETS,
    file=_FILE,
    nested={"pipeline": lambda: TRANSFORM_TABLE, "dataset": lambda: DATASET_TABLE},
    nested_in_own=("pipeline", "dataset"),
    upgrade=upgrade_lone_dataset,
)
SAMPLER_TABLE = Table(
    "sampler", SAMPLER_ROWS, DATA_SAMPLERS, file=_FILE, scopes=("mmcls", "mmengine")
)
METRIC_TABLE = Table("metric", METRIC_ROWS, METRICS, file=_FILE)

STAGES = ("train", "val", "test")
COLLATE = ("default_collate", "pseudo_collate")
LOADER_KEYS = (
    "batch_size",
    "num_workers",
    "drop_last",
    "persistent_workers",
    "pin_memory",
    "prefetch_factor",
    "shuffle",
)


def translate_data(top: Section) -> dict[str, Any]:
    """Return the arguments of `PipelineDataModule`.

    From: mmengine 0.10 `Runner.build_dataloader`.
    """
    arguments: dict[str, Any] = {
        stage: _translate_loader(top.take_section(f"{stage}_dataloader"))
        for stage in STAGES
        if top.take(f"{stage}_dataloader") is not None
    }
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
    if loader.take("sampler") is not None:
        kwargs["sampler"] = _translate_sampler(loader.take_section("sampler"))
    collate = loader.take_section("collate_fn")
    kind = collate.take("type", "default_collate", to="samples are always collated so")
    if bare_name(kind) not in COLLATE:
        loader.refuse("collate_fn", expected=" or ".join(COLLATE))
    workers = loader.take_section("worker_init_fn")
    kind = workers.take("type", "worker_init_fn", to="workers are always seeded so")
    if bare_name(kind) != "worker_init_fn":
        loader.refuse("worker_init_fn", expected="the default, which seeds every worker")
    loader.ignore("It only changes when batches are copied.", "non_blocking")
    loader.finish()
    origin = loader.origin_of("dataset")
    target = "mmlight.datamodule.LoaderConfig"
    return Call(target, kwargs, path=loader.path, origins=origins, origin=origin)


def _translate_sampler(section: Section) -> Call | None:
    call = SAMPLER_TABLE.translate(section)
    if call is None:
        return None
    kwargs = {"sampler": call.target, "options": dict(call.kwargs)}
    target = "mmlight.data.sampler_builder.SamplerBuilder"
    return Call(target, kwargs, path=section.path, origins=call.origins, origin=call.origin)


def translate_metrics(top: Section) -> dict[str, Any]:
    """Return `val_metrics` and `test_metrics` of `ImageClassifier`."""
    metrics = {}
    for stage in ("val", "test"):
        key = f"{stage}_evaluator"
        if top.take(key) is not None:
            metrics[f"{stage}_metrics"] = METRIC_TABLE.translate_list(top, key)
    return metrics


def translate_pipeline(steps: list[Any], path: str, report: Report) -> list[Call]:
    """Translate a bare list of transforms, for inference."""
    section = Section(ConfigDict(pipeline=steps), path, report)
    return TRANSFORM_TABLE.translate_list(section, "pipeline")
