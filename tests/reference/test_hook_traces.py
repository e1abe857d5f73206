"""Users' hooks are called at the same points, in the same order and with the same counts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mmlight
from tests.reference.original import Original
from tests.runs import write_config, write_image_folder

PRIORITIES = ("HIGHEST", "VERY_HIGH", "NORMAL", 65, "LOWEST")

MODEL = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    neck=None,
    head=dict(type='ClsHead', topk=(1, ), loss=dict(type='CrossEntropyLoss')))
custom_imports = dict(imports=['probe_hooks'], allow_failed_imports=False)
"""
OLD = (
    MODEL
    + """
pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='Resize', size=32),
    dict(type='Normalize', mean=[72.], std=[90.], to_rgb=False),
    dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label'])]
test_pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='Resize', size=32),
    dict(type='Normalize', mean=[72.], std=[90.], to_rgb=False),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=4, workers_per_gpu=0,
    train=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=pipeline),
    val=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=test_pipeline),
    test=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=test_pipeline))
evaluation = dict(interval=1, metric='accuracy', metric_options=dict(topk=(1, )))
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[2])
momentum_config = None
runner = dict(type='EpochBasedRunner', max_epochs=3)
checkpoint_config = dict(interval=1)
log_config = dict(interval=2, hooks=[dict(type='TextLoggerHook')])
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
seed = 7
"""
)
NEW = (
    MODEL
    + """
default_scope = 'mmpretrain'
data_preprocessor = dict(mean=[72.], std=[90.], num_classes=10)
pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'), dict(type='Resize', scale=32),
    dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=4, num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=4, num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(type='Accuracy', topk=(1, ))
val_cfg = dict()
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9))
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[2])
train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=1)
default_hooks = dict(
    timer=dict(type='IterTimerHook'), logger=dict(type='LoggerHook', interval=2),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'))
randomness = dict(seed=7)
"""
)

OLD_CASES: dict[str, str] = {
    "epochs": "",
    "validates every second epoch": "evaluation.update(interval=2)",
    "validates first": "evaluation.update(start=0)",
    "workflow": "workflow = [('train', 1), ('val', 1)]",
    "long workflow": "workflow = [('train', 2), ('val', 2)]",
    "iterations": (
        "runner = dict(type='IterBasedRunner', max_iters=8)\nevaluation.update(interval=3)\n"
        "checkpoint_config.update(interval=4)\nlr_config = dict(policy='step', step=[4])"
    ),
    "momentum": "momentum_config = dict(policy='step', step=[1])",
    "ema": "custom_hooks.append(dict(type='EMAHook', momentum=0.1, priority='ABOVE_NORMAL'))",
    "accumulates": (
        "optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=2)"
    ),
}
NEW_CASES: dict[str, str] = {
    "epochs": "",
    "validates every second epoch": "train_cfg.update(val_interval=2)",
    "validates from the third": "train_cfg.update(val_begin=3)",
    "changing intervals": (
        "train_cfg.update(max_epochs=6, dynamic_intervals=[(4, 2)], val_interval=3)"
    ),
    "iterations": (
        "train_cfg = dict(by_epoch=False, max_iters=8, val_interval=3)\n"
        "default_hooks['checkpoint'].update(by_epoch=False, interval=4)"
    ),
    "changing intervals of iterations": (
        "train_cfg = dict(by_epoch=False, max_iters=9, val_interval=2, dynamic_intervals=[(5, 3)])"
    ),
    "keeps the best": "default_hooks['checkpoint'].update(save_best='auto', interval=2)",
    "stops in an epoch": "custom_hooks.append(dict(type='StopAt', name='stop', iteration=7))",
    "stops at an iteration": (
        "train_cfg = dict(by_epoch=False, max_iters=8, val_interval=3)\n"
        "custom_hooks.append(dict(type='StopAt', name='stop', iteration=4))"
    ),
    "own priority": "custom_hooks[0].pop('priority')",
    "ema": "custom_hooks.append(dict(type='EMAHook', momentum=0.1))",
    "accumulates": "optim_wrapper.update(accumulative_counts=2)",
}


def train_mmcls(config: str, work_dir: str, probes: str, file: str, resume: Any = None) -> Any:
    """Train with the original; return the table of hooks that it logs."""
    import copy
    import os
    import sys
    from unittest import mock

    os.environ["PROBE_FILE"] = file
    sys.path.insert(0, probes)
    import mmcv.runner.base_runner as base
    import torch
    from mmcls.apis import train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier
    from mmcv import Config

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.gpu_ids, cfg.device, cfg.work_dir, cfg.resume_from = [0], "cpu", work_dir, resume
    cfg.data.persistent_workers = False
    datasets = [build_dataset(cfg.data.train)]
    if len(cfg.workflow) == 2:
        val = copy.deepcopy(cfg.data.val)
        val.pipeline = cfg.data.train.pipeline
        datasets.append(build_dataset(val))
    model = build_classifier(cfg.model)
    tables = []
    ask = base.BaseRunner.get_hook_info

    def keep(self):
        tables.append(ask(self))
        return tables[-1]

    with mock.patch("time.sleep"), mock.patch.object(base.BaseRunner, "get_hook_info", keep):
        train_model(model, datasets, cfg, distributed=False, validate=True, device="cpu", meta={})
    return tables[0]


def train_mmpretrain(
    config: str, work_dir: str, probes: str, file: str, resume: Any = None, stage: str = "train"
) -> Any:
    """Train or test with the original; return the table of hooks that it logs."""
    import functools
    import os
    import sys
    from unittest import mock

    os.environ["PROBE_FILE"] = file
    sys.path.insert(0, probes)
    import torch
    from mmengine.config import Config
    from mmengine.runner import Runner

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.work_dir = work_dir
    if resume:
        cfg.load_from, cfg.resume = resume, stage == "train"
    unsafe = functools.partial(torch.load, weights_only=False)  # it cannot read its own files else
    with mock.patch("time.sleep"), mock.patch("torch.load", unsafe):
        runner = Runner.from_cfg(cfg)
        getattr(runner, stage)()
    return runner.get_hooks_info()


def read_trace(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def write_run(folder: Path, text: str, change: str) -> Path:
    images = write_image_folder(folder / "images", per_class=1, size_px=32)
    hooks = [
        f"dict(type='ProbeAll', name='{priority}', priority={priority!r})"
        for priority in PRIORITIES
    ]
    kind = "ProbeOldEpochs" if text == OLD else "ProbeNewEpochs"
    hooks.append(f"dict(type='{kind}', name='epochs', priority='LOW')")
    text = text.replace("FOLDER", str(images))
    return write_config(folder, f"{text}\ncustom_hooks = [{', '.join(hooks)}]\n{change}\n")


PROBES = Path(__file__).parent


def train_ours(
    config: Path, folder: Path, monkeypatch: Any, caplog: Any, resume: Any = None
) -> tuple[list[Any], str]:
    file = folder / "ours.jsonl"
    monkeypatch.setenv("PROBE_FILE", str(file))
    monkeypatch.syspath_prepend(str(PROBES))
    overrides = {"work_dir": str(folder / "ours")}
    caplog.clear()
    with caplog.at_level("INFO", logger="mmlight"):
        mmlight.fit(config, overrides, resume=resume)
    (table,) = [r.getMessage() for r in caplog.records if "following order" in r.getMessage()]
    return read_trace(file), table.partition("\n")[2]


def tidy(table: str) -> list[str]:
    return [re.sub(r"\s+", " ", line).strip() for line in table.splitlines()]


def differ(ours: list[Any], theirs: list[Any]) -> str:
    """Tell the first difference, with what surrounds it."""
    if ours == theirs:
        return ""
    pairs = enumerate(zip(ours, theirs, strict=False))
    place = next((i for i, (our, their) in pairs if our != their), min(len(ours), len(theirs)))
    shown = slice(max(place - 4, 0), place + 4)
    return f"at {place}: {ours[shown]} instead of {theirs[shown]}"


@pytest.fixture
def original() -> Any:
    """Start a process of its own: the originals keep registries for the whole process."""
    started = []

    def start(generation: str) -> Original:
        started.append(Original(generation))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.mark.parametrize("case", OLD_CASES)
def test_trace_equals_mmcls(
    case: str, mmcls: Any, tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    config = write_run(tmp_path, OLD, OLD_CASES[case])
    file = tmp_path / "theirs.jsonl"
    table = mmcls(train_mmcls, str(config), str(tmp_path / "theirs"), str(PROBES), str(file))
    ours, our_table = train_ours(config, tmp_path, monkeypatch, caplog)
    theirs = read_trace(file)
    assert not differ(ours, theirs), differ(ours, theirs)
    assert len(theirs) > 40
    assert tidy(our_table) == tidy(table)


@pytest.mark.parametrize("case", NEW_CASES)
def test_trace_equals_mmpretrain(
    case: str, mmpretrain: Any, tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    config = write_run(tmp_path, NEW, NEW_CASES[case])
    file = tmp_path / "theirs.jsonl"
    work = str(tmp_path / "theirs")
    table = mmpretrain(train_mmpretrain, str(config), work, str(PROBES), str(file))
    ours, our_table = train_ours(config, tmp_path, monkeypatch, caplog)
    theirs = read_trace(file)
    assert not differ(ours, theirs), differ(ours, theirs)
    assert len(theirs) > 100
    assert tidy(our_table) == tidy(table)


@pytest.mark.parametrize("by_epoch", [True, False], ids=["epochs", "iterations"])
def test_trace_equals_mmpretrain_when_resumed(
    by_epoch: bool, mmpretrain: Any, tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    loop = "dict(by_epoch=True, max_epochs={}, val_interval=1)"
    saving = ""
    if not by_epoch:
        loop = "dict(by_epoch=False, max_iters={}, val_interval=2)"
        saving = "default_hooks['checkpoint'].update(by_epoch=False, interval=2)\n"
    first, second = ((tmp_path / name) for name in ("first", "second"))
    for folder, length in ((first, 2 if by_epoch else 4), (second, 4 if by_epoch else 7)):
        folder.mkdir()
        change = f"{saving}train_cfg = {loop.format(length)}"
        config = write_run(folder, NEW, change)
        work, file = str(tmp_path / "theirs"), str(folder / "theirs.jsonl")
        newest = f"{work}/{'epoch_2' if by_epoch else 'iter_4'}.pth"
        resume = newest if folder == second else None
        mmpretrain(train_mmpretrain, str(config), work, str(PROBES), file, resume)
        overrides = {"work_dir": str(tmp_path / "ours")}
        monkeypatch.setenv("PROBE_FILE", str(folder / "ours.jsonl"))
        monkeypatch.syspath_prepend(str(PROBES))
        mmlight.fit(config, overrides, resume=folder == second)
        ours, theirs = read_trace(folder / "ours.jsonl"), read_trace(folder / "theirs.jsonl")
        assert not differ(ours, theirs), differ(ours, theirs)


def test_trace_equals_mmcls_when_resumed(
    mmcls: Any, tmp_path: Path, monkeypatch: Any, caplog: Any
) -> None:
    for name, length in (("first", 2), ("second", 4)):
        folder = tmp_path / name
        folder.mkdir()
        config = write_run(folder, OLD, f"runner.update(max_epochs={length})")
        work, file = str(tmp_path / "theirs"), str(folder / "theirs.jsonl")
        resume = f"{work}/epoch_2.pth" if name == "second" else None
        mmcls(train_mmcls, str(config), work, str(PROBES), file, resume)
        monkeypatch.setenv("PROBE_FILE", str(folder / "ours.jsonl"))
        monkeypatch.syspath_prepend(str(PROBES))
        mmlight.fit(config, {"work_dir": str(tmp_path / "ours")}, resume=name == "second")
        ours, theirs = read_trace(folder / "ours.jsonl"), read_trace(folder / "theirs.jsonl")
        assert not differ(ours, theirs), differ(ours, theirs)


@pytest.mark.parametrize("stage", ["test", "val"])
def test_trace_equals_mmpretrain_when_evaluated(
    stage: str, mmpretrain: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    config = write_run(tmp_path, NEW, "")
    work, file = str(tmp_path / "theirs"), str(tmp_path / "theirs.jsonl")
    mmpretrain(train_mmpretrain, str(config), work, str(PROBES), str(tmp_path / "trained.jsonl"))
    weights = f"{work}/epoch_3.pth"
    mmpretrain(train_mmpretrain, str(config), work, str(PROBES), file, weights, stage)
    monkeypatch.setenv("PROBE_FILE", str(tmp_path / "ours.jsonl"))
    monkeypatch.syspath_prepend(str(PROBES))
    evaluate = mmlight.run.test if stage == "test" else mmlight.run.validate
    evaluate(config, weights, {"work_dir": str(tmp_path / "ours")})
    ours, theirs = read_trace(tmp_path / "ours.jsonl"), read_trace(tmp_path / "theirs.jsonl")
    assert not differ(ours, theirs), differ(ours, theirs)
