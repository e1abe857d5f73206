"""Every row of every table names a class that is there and takes the arguments of the row."""

import copy
import inspect
from pkgutil import resolve_name

import lightning as L
import pytest

from mmlight.check.calls import check_calls
from mmlight.datamodule import PipelineDataModule
from mmlight.module import ImageClassifier
from mmlight.read.config import Config
from mmlight.spec import find_calls
from mmlight.translate import custom_hooks, data, log_hooks, metrics, models, optim, schedules
from mmlight.translate.table import Table
from mmlight.translate.translate import translate_config
from tests.translate.conftest import WORDS

TABLES = [
    table
    for module in (custom_hooks, data, log_hooks, metrics, models, optim, schedules)
    for table in vars(module).values()
    if isinstance(table, Table)
]
ROWS = [(table, row) for table in TABLES for row in table.rows.values() if row.target]

OPTIONAL = ("bitsandbytes", "dadaptation", "Sophia", "transformers")  # optimizers of mmengine


def parameters_of(target):
    """Return the parameters of a class, with those that its bases take as `**kwargs`."""
    found = {}
    for base in getattr(resolve_name(target), "__mro__", ()):
        parameters = inspect.signature(base.__init__).parameters
        found = {**parameters, **found}
        if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            break
    return found or inspect.signature(resolve_name(target)).parameters


def test_tables_are_found_when_listed():
    kinds = {table.kind for table in TABLES}
    assert {"transform", "dataset", "sampler", "metric", "model", "optimizer", "schedule"} <= kinds
    assert len(ROWS) > 100


@pytest.mark.parametrize(("table", "row"), ROWS, ids=[f"{t.kind}-{r.name}" for t, r in ROWS])
def test_row_fits_its_class_when_imported(table, row):
    if row.target.split(".")[0] in OPTIONAL:
        pytest.importorskip(row.target.split(".")[0])
    parameters = parameters_of(row.target)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    given = {*row.rename.values(), *row.extra}
    assert takes_any or given <= parameters.keys()
    assert not {*row.ignore, *row.rename} & parameters.keys()
    assert all(reason.endswith(".") for reason in row.ignore.values())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_nested_arguments_are_taken_when_a_table_names_them(table):
    for key in table.nested:
        assert any(key in parameters_of(row.target) for row in table.rows.values()), key


def test_names_are_unique_when_rows_are_listed():
    for module in (custom_hooks, data, log_hooks, metrics, models, optim, schedules):
        for name, rows in vars(module).items():
            if name.endswith("_ROWS"):
                names = [row.name for row in rows]
                assert len(names) == len(set(names)), name


MIXUP = dict(type="Mixup", alpha=0.8)
LOSS = dict(type="LabelSmoothLoss", label_smooth_val=0.1)
EVERYTHING = dict(
    data_preprocessor=dict(mean=[1.0], std=[1.0], batch_augments=dict(augments=MIXUP)),
    optim_wrapper=dict(
        type="AmpOptimWrapper",
        dtype="bfloat16",
        optimizer=dict(type="SGD", lr=0.1),
        clip_grad=dict(max_norm=1.0),
        paramwise_cfg=dict(norm_decay_mult=0.0, exclusive_layers=True, keep_frozen=True),
    ),
    param_scheduler=dict(type="StepLR", step_size=3),
    custom_hooks=[
        dict(
            type="EMAHook",
            momentum=0.1,
            interval=2,
            update_buffers=True,
            begin_iter=1,
            begin_epoch=0,
            evaluate_on_ema=True,
            evaluate_on_origin=True,
        ),
        dict(
            type="SwitchRecipeHook",
            schedule=[
                dict(action_epoch=2, batch_augments=dict(augments=MIXUP, probs=0.5)),
                dict(action_epoch=3, train_pipeline=[dict(type="PackInputs")], loss=LOSS),
            ],
        ),
        dict(type="EarlyStoppingHook", monitor="accuracy/top1", rule="greater", min_delta=0.1),
        dict(type="PreciseBNHook", num_samples=9, interval=1),
        dict(type="ProfilerHook", by_epoch=True, profile_times=1, with_flops=True),
        dict(type="SyncBuffersHook"),
    ],
    default_hooks=dict(
        checkpoint=dict(
            save_best="auto", rule="greater", max_keep_ckpts=1, save_begin=1, save_optimizer=False
        )
    ),
    visualizer=dict(vis_backends=[dict(type="TensorboardVisBackend")]),
    test_dataloader=WORDS["val_dataloader"],
    test_evaluator=WORDS["val_evaluator"],
    randomness=dict(seed=1, deterministic=True),
    env_cfg=dict(cudnn_benchmark=True),
)
LOOPS = [dict(max_epochs=3, val_begin=2, val_offset=1, val_at_end=False), dict(max_iters=3)]


@pytest.mark.parametrize("loop", LOOPS, ids=["epochs", "iterations"])
def test_arguments_are_taken_when_everything_is_asked_for(loop):
    loop = {"by_epoch": "max_epochs" in loop, **loop}
    config = Config(copy.deepcopy({**WORDS, **EVERYTHING, "train_cfg": loop}))
    config.merge_from_dict(
        {
            "model.head.num_classes": 10,
            "model.init_cfg": dict(type="Pretrained", checkpoint="a.pth"),
            "model.pretrained_last": False,
        }
    )
    config.model.head.type = "LinearClsHead"
    config.model.head.in_channels = 84
    spec = translate_config(config)
    check_calls(spec)
    signature = inspect.signature
    assert spec.trainer.keys() <= signature(L.Trainer).parameters.keys()
    assert spec.model.keys() <= signature(ImageClassifier).parameters.keys()
    assert spec.data.keys() <= signature(PipelineDataModule).parameters.keys()
    targets = {call.target.rpartition(".")[2] for call in find_calls(list(spec.callbacks))}
    assert {"EMA", "Checkpoint", "Validation", "ParamSchedule", "LogWriter", "IterTimer"} <= targets
