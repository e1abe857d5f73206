import pytest

OLD_BASE = """model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    neck=None,
    head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
norm = dict(mean=[10.0], std=[20.0])
steps = [
    dict(type='Resize', size=28),
    dict(type='Normalize', to_rgb=False, **norm),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=4,
    val=dict(type='FashionMNIST', data_prefix='data', pipeline=steps))
evaluation = dict(interval=1, metric_options=dict(topk=(1,)))
optimizer = dict(type='SGD', lr=0.1, momentum=0.9)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[2])
runner = dict(type='EpochBasedRunner', max_epochs=3)
log_level = 'INFO'
"""
OLD = """_base_ = ['base.py']
model = dict(backbone=dict(num_classes=7))
optimizer = dict(_delete_=True, type='AdamW', lr=0.2)
lr_config = dict(polcy='poly')
author = 'me'
seed = 5
"""
NEW_BASE = """default_scope = 'mmpretrain'
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    head=dict(type='ClsHead'))
size = 28
pipeline = [dict(type='Resize', scale=size), dict(type='PackInputs')]
val_dataloader = dict(
    batch_size=4,
    dataset=dict(type='FashionMNIST', data_root='data', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(type='Accuracy', topk=(1, 5))
val_cfg = dict()
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    checkpoint=dict(type='CheckpointHook', interval=2))
"""
NEW = """_base_ = ['base.py']
model = dict(backbone=dict(num_classes=5), bakbone=1)
custom_hooks = [dict(type='EMAHook', momentum=0.1, priority='HIGH')]
val_evaluator = dict(topk=(1,))
"""


@pytest.fixture
def old(tmp_path, monkeypatch):
    """Write a 0.x config and its base, and go there."""
    return write(tmp_path, monkeypatch, OLD_BASE, OLD)


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Write a 1.x config and its base, and go there."""
    return write(tmp_path, monkeypatch, NEW_BASE, NEW)


def write(folder, monkeypatch, base, child):
    monkeypatch.chdir(folder)
    (folder / "base.py").write_text(base)
    (folder / "run.py").write_text(child)
    return "run.py"
