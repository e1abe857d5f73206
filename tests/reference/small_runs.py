"""Short trainings with the originals that leave checkpoints."""

from typing import Any

RESNET_MODEL = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=512,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, num_classes=10)))
"""
RESNET_OLD = (
    RESNET_MODEL
    + """
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', size=48),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]
data = dict(
    samples_per_gpu=8,
    workers_per_gpu=0,
    train=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=pipeline))
optimizer = dict(
    type='SGD', lr=0.05, momentum=0.9, weight_decay=0.0001,
    paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'head': dict(lr_mult=2.)}))
optimizer_config = dict(grad_clip=dict(max_norm=5.))
lr_config = dict(
    policy='CosineAnnealing', min_lr=0, by_epoch=False, warmup='linear', warmup_iters=5,
    warmup_ratio=0.25)
runner = dict(type='EpochBasedRunner', max_epochs=2)
checkpoint_config = dict(interval=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
seed = 7
"""
)
RESNET_NEW = (
    RESNET_MODEL
    + """
default_scope = 'mmpretrain'
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True, num_classes=10)
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=48),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=0.0001),
    paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'head': dict(lr_mult=2.)}),
    clip_grad=dict(max_norm=5.))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.25, by_epoch=False, begin=0, end=5),
    dict(type='CosineAnnealingLR', T_max=2, by_epoch=True, begin=0, end=2),
]
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
randomness = dict(seed=7)
"""
)


def train_mmcls(config: str, weights: str, work_dir: str, seed: int) -> Any:
    """Train with the original, save its first weights; runs beside mmcls."""
    import random

    import numpy as np
    import torch
    from mmcls.apis import train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import HOOKS, Hook

    losses = []

    @HOOKS.register_module(force=True)
    class Record(Hook):
        def before_run(self, runner):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)

        def after_train_iter(self, runner):
            losses.append(runner.outputs["loss"].item())

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.gpu_ids, cfg.device, cfg.work_dir = [0], "cpu", work_dir
    cfg.data.persistent_workers = False
    # run by one process, mmcls shuffles with the global generator; we keep the order of its
    # distributed runs, which this sampler and hook give
    cfg.sampler = dict(type="DistributedSampler")
    cfg.custom_hooks = [dict(type="Record"), dict(type="DistSamplerSeedHook")]
    model = build_classifier(cfg.model)
    torch.manual_seed(seed)
    model.init_weights()
    torch.save(model.state_dict(), weights)
    train_model(model, [build_dataset(cfg.data.train)], cfg, distributed=False, device="cpu")
    return losses


def train_mmpretrain(config: str, weights: str, work_dir: str, seed: int) -> Any:
    """Train with the original, save its first weights; runs beside mmpretrain."""
    import random

    import numpy as np
    import torch
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    losses = []

    class Record(Hook):
        def before_train(self, runner):
            torch.save(runner.model.state_dict(), weights)
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            losses.append(outputs["loss"].item())

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.work_dir = work_dir
    for key in ("val_dataloader", "val_evaluator", "val_cfg"):
        cfg[key] = None
    for key in ("test_dataloader", "test_evaluator", "test_cfg"):
        cfg[key] = None
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Record())
    runner.train()
    return losses
