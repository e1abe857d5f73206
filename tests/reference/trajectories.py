"""Twelve small trainings in the words of the originals, on crops of real photos.

Between them they use both generations; SGD, AdamW, RMSprop, Lamb; step, cosine with warm-up, poly
and cyclic rates; clipping, accumulation, EMA, label smoothing, mixup and cutmix, frozen stages,
layer decay, several labels per image, and iteration-based loops. Each lasts 60 iterations.
"""

import json

import cv2

from tests.reference.photos import picture

CLASSES = 5
IMAGES = 60


def write_photos(folder):
    """Write 60 JPEGs of several sizes in five classes, and lists of their labels."""
    records = []
    for number in range(IMAGES):
        width, height = (96, 72, 80)[number % 3], (64, 96, 80)[number % 3]
        name = f"{number % CLASSES}/{number:02}.jpg"
        (folder / str(number % CLASSES)).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), picture(width, height, number))
        several = sorted({number % CLASSES, number * 7 % CLASSES})
        records.append({"img_path": name, "gt_label": several})
    meta = {"metainfo": {"classes": [str(i) for i in range(CLASSES)]}, "data_list": records}
    (folder / "labels.json").write_text(json.dumps(meta))
    return folder


def model(backbone, head, neck="dict(type='GlobalAveragePooling')", more=""):
    return (
        f"model = dict(type='ImageClassifier', backbone=dict({backbone}), neck={neck},"
        f" head=dict({head}){more})\n"
    )


RESNET = (
    "type='ResNet', depth=18, num_stages=4, out_indices=(3, ), style='pytorch', stem_channels=16,"
    " base_channels=16"
)
LINEAR = f"type='LinearClsHead', num_classes={CLASSES}, in_channels=128, topk=(1, )"
SMOOTH = f"loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, num_classes={CLASSES})"
CROSS = "loss=dict(type='CrossEntropyLoss', loss_weight=1.0)"
SOFT = "loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original')"
VIT = (
    "type='VisionTransformer', arch=dict(embed_dims=48, num_layers=3, num_heads=3,"
    " feedforward_channels=96), img_size=48, patch_size=16, drop_rate=0.1, drop_path_rate=0.2"
)
VIT_HEAD = f"type='VisionTransformerClsHead', num_classes={CLASSES}, in_channels=48, topk=(1, )"
CONVNEXT = (
    "type='ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[16, 24, 32, 48]), drop_path_rate=0.2"
)

OLD_DATA = """
norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
tail = [dict(type='Normalize', **norm), dict(type='ImageToTensor', keys=['img']),
        dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img', 'gt_label'])]
pipeline = [dict(type='LoadImageFromFile'), *AUGMENT, *tail]
test_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='Resize', size=(56, -1)),
    dict(type='CenterCrop', crop_size=48), dict(type='Normalize', **norm),
    dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data = dict(
    samples_per_gpu=4, workers_per_gpu=0, persistent_workers=False,
    train=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=pipeline),
    val=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=test_pipeline),
    test=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=test_pipeline))
sampler = dict(type='DistributedSampler')
evaluation = dict(interval=1, metric='accuracy', metric_options=dict(topk=(1, 2)))
optimizer_config = dict(grad_clip=None)
runner = dict(type='EpochBasedRunner', max_epochs=4)
checkpoint_config = None
log_config = dict(interval=100, hooks=[dict(type='TextLoggerHook')])
log_level = 'ERROR'
load_from = None
resume_from = None
workflow = [('train', 1)]
custom_hooks = []
seed = 7
"""
NEW_DATA = f"""
default_scope = 'mmpretrain'
data_preprocessor = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True, num_classes={CLASSES})
pipeline = [dict(type='LoadImageFromFile'), *AUGMENT, dict(type='PackInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='ResizeEdge', scale=56, edge='short'),
    dict(type='CenterCrop', crop_size=48), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=4, num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=4, num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(type='Accuracy', topk=(1, 2))
val_cfg = dict()
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict()
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=1)
default_hooks = dict(checkpoint=None, logger=dict(type='LoggerHook', interval=100))
log_level = 'ERROR'
custom_hooks = []
randomness = dict(seed=7)
"""

OLD_PLAIN = """AUGMENT = [
    dict(type='RandomResizedCrop', size=48),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal')]
"""
OLD_STRONG = """AUGMENT = [
    dict(type='RandomResizedCrop', size=48, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='RandAugment', num_policies=2, total_level=10, magnitude_level=9, magnitude_std=0.5,
         policies=[dict(type='Rotate', magnitude_key='angle', magnitude_range=(0, 30)),
                   dict(type='Posterize', magnitude_key='bits', magnitude_range=(4, 0)),
                   dict(type='Shear', magnitude_key='magnitude', magnitude_range=(0, 0.3))],
         hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic')),
    dict(type='RandomErasing', erase_prob=0.25, mode='rand', min_area_ratio=0.02,
         max_area_ratio=1 / 3, fill_color=[104, 116, 124], fill_std=[57, 57, 58])]
"""
OLD_COLOR = """AUGMENT = [
    dict(type='RandomResizedCrop', size=48),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4),
    dict(type='Lighting', eigval=[55.4625, 4.7940, 1.1475], alphastd=0.1, to_rgb=True,
         eigvec=[[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140],
                 [-0.5836, -0.6948, 0.4203]])]
"""
NEW_PLAIN = """AUGMENT = [
    dict(type='RandomResizedCrop', scale=48),
    dict(type='RandomFlip', prob=0.5, direction='horizontal')]
"""
NEW_STRONG = """AUGMENT = [
    dict(type='RandomResizedCrop', scale=48, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandAugment', policies='timm_increasing', num_policies=2, total_level=10,
         magnitude_level=9, magnitude_std=0.5,
         hparams=dict(pad_val=[104, 116, 124], interpolation='bicubic')),
    dict(type='RandomErasing', erase_prob=0.25, mode='rand', min_area_ratio=0.02,
         max_area_ratio=1 / 3, fill_color=[104, 116, 124], fill_std=[57, 57, 58])]
"""

OLD = {
    "SGD, step, warm-up, smoothing, clipping, EMA": (
        model(RESNET, f"{LINEAR}, {SMOOTH}")
        + OLD_PLAIN
        + OLD_DATA
        + """
optimizer = dict(type='SGD', lr=0.002, momentum=0.9, weight_decay=1e-4, nesterov=True,
                 paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'head': dict(lr_mult=2.)}))
optimizer_config = dict(grad_clip=dict(max_norm=5.0))
lr_config = dict(policy='step', step=[2, 3], warmup='linear', warmup_iters=20, warmup_ratio=0.1)
custom_hooks = [dict(type='EMAHook', momentum=0.02, priority='ABOVE_NORMAL')]
"""
    ),
    "AdamW, cosine, warm-up by epoch, mixup and cutmix": (
        model(
            VIT,
            f"{VIT_HEAD}, {SOFT}",
            "None",
            ", train_cfg=dict(augments=["
            f"dict(type='BatchMixup', alpha=0.8, num_classes={CLASSES}, prob=0.5),"
            f" dict(type='BatchCutMix', alpha=1.0, num_classes={CLASSES}, prob=0.5)])",
        )
        + OLD_STRONG
        + OLD_DATA
        + """
optimizer = dict(type='AdamW', lr=1e-3, weight_decay=0.05, betas=(0.9, 0.99),
                 paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0,
                                    custom_keys={'.cls_token': dict(decay_mult=0.0)}))
optimizer_config = dict(grad_clip=dict(max_norm=1.0, norm_type=1))
lr_config = dict(policy='CosineAnnealing', by_epoch=False, min_lr_ratio=1e-2, warmup='linear',
                 warmup_ratio=1e-3, warmup_iters=1, warmup_by_epoch=True)
"""
    ),
    "AdamW, cyclic rate and momentum, frozen stages": (
        model(f"{RESNET}, frozen_stages=2, norm_eval=False", f"{LINEAR}, {CROSS}")
        + OLD_PLAIN
        + OLD_DATA
        + """
optimizer = dict(type='AdamW', lr=1e-4, betas=(0.95, 0.99), weight_decay=0.01)
lr_config = dict(policy='cyclic', target_ratio=(10, 1e-4), cyclic_times=1, step_ratio_up=0.4)
momentum_config = dict(policy='cyclic', target_ratio=(0.85 / 0.95, 1), cyclic_times=1,
                       step_ratio_up=0.4)
"""
    ),
    "SGD, accumulation with a remainder": (
        model(RESNET, f"{LINEAR}, {CROSS}")
        + OLD_PLAIN
        + OLD_DATA
        + """
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
optimizer_config = dict(type='GradientCumulativeOptimizerHook', cumulative_iters=8,
                        grad_clip=dict(max_norm=10.))
lr_config = dict(policy='exp', gamma=0.97, by_epoch=False, warmup='exp', warmup_iters=15,
                 warmup_ratio=0.1)
"""
    ),
    "Lamb, cosine": (
        model(RESNET, f"{LINEAR}, {SMOOTH}")
        + OLD_COLOR
        + OLD_DATA
        + """
optimizer = dict(type='Lamb', lr=0.0002, weight_decay=0.02)
lr_config = dict(policy='CosineAnnealing', min_lr=1e-6, warmup='constant', warmup_iters=5,
                 warmup_ratio=0.1)
"""
    ),
    "RMSprop, poly, iterations": (
        model(
            "type='MobileNetV2', widen_factor=0.25",
            LINEAR.replace("128", "1280") + f", {CROSS}",
        )
        + OLD_PLAIN
        + OLD_DATA
        + """
optimizer = dict(type='RMSprop', lr=1e-3, alpha=0.9, momentum=0.9, eps=0.0316, weight_decay=1e-5)
lr_config = dict(policy='poly', power=0.9, min_lr=1e-5)
runner = dict(type='IterBasedRunner', max_iters=60)
evaluation = dict(interval=20, metric='accuracy', metric_options=dict(topk=(1, )))
"""
    ),
}

NEW = {
    "SGD, multi-step, warm-up, smoothing, clipping, accumulation": (
        model(RESNET, f"{LINEAR}, {SMOOTH}")
        + NEW_PLAIN
        + NEW_DATA
        + """
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0., bias_lr_mult=2.), clip_grad=dict(max_norm=5.0),
    accumulative_counts=7)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.25, by_epoch=False, begin=0, end=20),
    dict(type='MultiStepLR', by_epoch=True, milestones=[2, 3], gamma=0.1)]
"""
    ),
    "AdamW, layer decay, cosine, mixup and cutmix": (
        model(
            VIT,
            f"{VIT_HEAD}, {SOFT}",
            "None",
            ", train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8),"
            " dict(type='CutMix', alpha=1.0)])",
        )
        + NEW_STRONG
        + NEW_DATA
        + """
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05, betas=(0.9, 0.999)),
    constructor='LearningRateDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.65, custom_keys={
        '.ln': dict(decay_mult=0.0), '.bias': dict(decay_mult=0.0),
        '.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-4, by_epoch=True, begin=0, end=1,
         convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=3, by_epoch=True, begin=1, end=4, eta_min=1e-6,
         convert_to_iter_based=True)]
"""
    ),
    "AdamW, EMA, clipping by value": (
        model(CONVNEXT, LINEAR.replace("128", "48") + f", {SMOOTH}", "None")
        + NEW_PLAIN
        + NEW_DATA
        + """
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
                     paramwise_cfg=dict(flat_decay_mult=0.0),
                     clip_grad=dict(type='value', clip_value=0.05))
param_scheduler = dict(type='CosineAnnealingLR', T_max=4, by_epoch=True)
custom_hooks = [dict(type='EMAHook', momentum=0.02, priority='ABOVE_NORMAL')]
"""
    ),
    "Adam, several labels": (
        model(
            RESNET,
            f"type='MultiLabelLinearClsHead', num_classes={CLASSES}, in_channels=128,"
            " loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05)",
        )
        + NEW_PLAIN
        + NEW_DATA
        + """
for loader in (train_dataloader, val_dataloader):
    loader['dataset'].update(type='MultiLabelDataset', ann_file='labels.json', data_prefix='')
val_evaluator = [dict(type='AveragePrecision'), dict(type='MultiLabelMetric', average='macro'),
                 dict(type='MultiLabelMetric', average='micro')]
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = dict(type='StepLR', by_epoch=True, step_size=2, gamma=0.1)
del loader
"""
    ),
    "RMSprop, poly, endless iterations": (
        model(
            "type='MobileNetV3', arch='small_050'",
            f"type='StackedLinearClsHead', num_classes={CLASSES}, in_channels=288, topk=(1, ),"
            " mid_channels=[64], dropout_rate=0.2, act_cfg=dict(type='HSwish'),"
            f" init_cfg=dict(type='Normal', layer='Linear', mean=0., std=0.01, bias=0.), {CROSS}",
        )
        + NEW_PLAIN
        + NEW_DATA
        + """
train_dataloader.update(sampler=dict(type='InfiniteSampler', shuffle=True))
train_cfg = dict(by_epoch=False, max_iters=60, val_interval=25)
optim_wrapper = dict(optimizer=dict(type='RMSprop', lr=2e-4, alpha=0.9, momentum=0.9, eps=0.0316))
param_scheduler = [dict(type='PolyLR', by_epoch=False, begin=0, end=60, power=0.9, eta_min=1e-5),
                   dict(type='LinearMomentum', by_epoch=False, start_factor=0.5, end=30)]
"""
    ),
    "LARS, cosine with restarts, frozen stages": (
        model(f"{RESNET}, frozen_stages=1, norm_eval=True", f"{LINEAR}, {CROSS}")
        + NEW_PLAIN
        + NEW_DATA
        + """
optim_wrapper = dict(
    optimizer=dict(type='LARS', lr=0.8, momentum=0.9, weight_decay=1e-6),
    paramwise_cfg=dict(custom_keys={'bn': dict(decay_mult=0, lars_exclude=True),
                                    'bias': dict(decay_mult=0, lars_exclude=True)}))
param_scheduler = [
    dict(type='CosineRestartLR', by_epoch=False, periods=[20, 40], restart_weights=[1.0, 0.5],
         eta_min=0.01)]
"""
    ),
}
