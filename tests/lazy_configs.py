"""Lazy configs as users of mmpretrain 1.x write them: bases, variants, and a project of their own.

Nothing here is run by import: `write_lazy` writes the files into a folder.
"""

from pathlib import Path

BASES = {
    "_base_/default_runtime.py": """
from mmengine.hooks import (CheckpointHook, DistSamplerSeedHook, IterTimerHook,
                            LoggerHook, ParamSchedulerHook)
from mmengine.visualization import LocalVisBackend
from mmpretrain.engine.hooks import VisualizationHook
from mmpretrain.visualization import UniversalVisualizer

default_scope = None
default_hooks = dict(
    timer=dict(type=IterTimerHook),
    logger=dict(type=LoggerHook, interval=100),
    param_scheduler=dict(type=ParamSchedulerHook),
    checkpoint=dict(type=CheckpointHook, interval=1),
    sampler_seed=dict(type=DistSamplerSeedHook),
    visualization=dict(type=VisualizationHook, enable=False),
)
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type=LocalVisBackend)]
visualizer = dict(type=UniversalVisualizer, vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=None, deterministic=False)
""",
    "_base_/models/resnet50.py": """
from mmpretrain.models import (CrossEntropyLoss, GlobalAveragePooling,
                               ImageClassifier, LinearClsHead, ResNet)

model = dict(
    type=ImageClassifier,
    backbone=dict(type=ResNet, depth=50, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type=GlobalAveragePooling),
    head=dict(
        type=LinearClsHead,
        num_classes=1000,
        in_channels=2048,
        loss=dict(type=CrossEntropyLoss, loss_weight=1.0),
        topk=(1, 5)))
""",
    "_base_/models/swin_base_224.py": """
from mmengine.model import ConstantInit, TruncNormalInit
from mmpretrain.models import (CutMix, GlobalAveragePooling, ImageClassifier,
                               LabelSmoothLoss, LinearClsHead, Mixup, SwinTransformer)

model = dict(
    type=ImageClassifier,
    backbone=dict(type=SwinTransformer, arch='base', img_size=224, drop_path_rate=0.5),
    neck=dict(type=GlobalAveragePooling),
    head=dict(
        type=LinearClsHead,
        num_classes=1000,
        in_channels=1024,
        init_cfg=None,
        loss=dict(type=LabelSmoothLoss, label_smooth_val=0.1, mode='original'),
        cal_acc=False),
    init_cfg=[
        dict(type=TruncNormalInit, layer='Linear', std=0.02, bias=0.),
        dict(type=ConstantInit, layer='LayerNorm', val=1., bias=0.)
    ],
    train_cfg=dict(augments=[dict(type=Mixup, alpha=0.8), dict(type=CutMix, alpha=1.0)]),
)
""",
    "_base_/models/vit_base_p16.py": """
import mmpretrain.models
import torch.nn as nn
from mmengine.model.weight_init import KaimingInit as Kaiming

model = dict(
    type=mmpretrain.models.ImageClassifier,
    backbone=dict(
        type=mmpretrain.models.VisionTransformer,
        arch='b',
        img_size=224,
        patch_size=16,
        drop_rate=0.1,
        norm_cfg=dict(type=nn.LayerNorm, eps=1e-6),
        init_cfg=[dict(type=Kaiming, layer='Conv2d', mode='fan_in', nonlinearity='linear')]),
    neck=None,
    head=dict(
        type=mmpretrain.models.heads.VisionTransformerClsHead,
        num_classes=1000,
        in_channels=768,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='classy_vision')))
""",
    "_base_/datasets/imagenet_bs32.py": """
from mmcv.transforms import LoadImageFromFile, RandomFlip
from mmengine.dataset import DefaultSampler
from mmpretrain.datasets import (CenterCrop, ImageNet, PackInputs, RandomResizedCrop, ResizeEdge)
from mmpretrain.evaluation import Accuracy

dataset_type = ImageNet
data_preprocessor = dict(
    num_classes=1000, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
bgr_mean = data_preprocessor['mean'][::-1]
train_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=RandomResizedCrop, scale=224),
    dict(type=RandomFlip, prob=0.5, direction='horizontal'),
    dict(type=PackInputs),
]
test_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=ResizeEdge, scale=256, edge='short'),
    dict(type=CenterCrop, crop_size=224),
    dict(type=PackInputs),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=5,
    dataset=dict(
        type=dataset_type, data_root='data/imagenet', split='train', pipeline=train_pipeline),
    sampler=dict(type=DefaultSampler, shuffle=True))
val_dataloader = dict(
    batch_size=32,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    sampler=dict(type=DefaultSampler, shuffle=False))
val_evaluator = dict(type=Accuracy, topk=(1, 5))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
""",
    "_base_/schedules/imagenet_bs256.py": """
from mmengine.optim import MultiStepLR
from mmengine.runner import EpochBasedTrainLoop, TestLoop, ValLoop
from torch.optim import SGD

optim_wrapper = dict(optimizer=dict(type=SGD, lr=0.1, momentum=0.9, weight_decay=0.0001))
param_scheduler = dict(type=MultiStepLR, by_epoch=True, milestones=[30, 60, 90], gamma=0.1)
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=100, val_interval=1)
val_cfg = dict(type=ValLoop)
test_cfg = dict(type=TestLoop)
auto_scale_lr = dict(base_batch_size=256)
""",
    "_base_/schedules/imagenet_bs1024_adamw_swin.py": """
from mmengine.optim import CosineAnnealingLR, LinearLR
from torch.optim import AdamW

optim_wrapper = dict(
    optimizer=dict(
        type=AdamW, lr=5e-4 * 1024 / 512, weight_decay=0.05, eps=1e-8, betas=(0.9, 0.999)),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys={
            '.absolute_pos_embed': dict(decay_mult=0.0),
            '.relative_position_bias_table': dict(decay_mult=0.0)
        }))
param_scheduler = [
    dict(type=LinearLR, start_factor=1e-3, by_epoch=True, end=20, convert_to_iter_based=True),
    dict(type=CosineAnnealingLR, eta_min=1e-5, by_epoch=True, begin=20)
]
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=1024)
""",
}

CONFIGS = {
    "resnet/resnet50_8xb32_in1k.py": """
from mmengine.config import read_base

with read_base():
    from .._base_.datasets.imagenet_bs32 import *
    from .._base_.default_runtime import *
    from .._base_.models.resnet50 import *
    from .._base_.schedules.imagenet_bs256 import *
""",
    # the style of mmpretrain's own lazy variants: change what a base gave, in place
    "resnet/resnet18_8xb16_cifar10.py": """
from mmengine.config import read_base

from mmpretrain.datasets import CIFAR10, RandomCrop
from mmpretrain.models import ResNet_CIFAR

with read_base():
    from .resnet50_8xb32_in1k import *

model.backbone.update(type=ResNet_CIFAR, depth=18)
model.head.update(dict(num_classes=10, in_channels=512, loss=dict(loss_weight=2.0)))
model['head'].pop('topk')
data_preprocessor.update(num_classes=10, mean=[125.307, 122.961, 113.8575])
train_pipeline[1] = dict(type=RandomCrop, crop_size=32, padding=4)
train_pipeline.insert(0, dict(type='LoadImageFromFile'))
for loader in (train_dataloader, val_dataloader, test_dataloader):
    loader.dataset.update(dict(type=CIFAR10, data_root='data/cifar10'))
    loader['batch_size'] = 16
train_dataloader.dataset.pipeline = train_pipeline
del auto_scale_lr
""",
    "resnet/resnet50_merge.py": """
from mmengine.config import read_base

with read_base():
    from .resnet50_8xb32_in1k import *

model.merge(dict(
    backbone=dict(depth=101, new=dict(_delete_=True, a=1)),
    neck=dict(_delete_=True, type='GeneralizedMeanPooling'),
    head=dict(loss=dict(_delete_=True, type='AsymmetricLoss', gamma_pos=0.0))))
own = dict(a=dict(b=1), kept=dict(_delete_=True, c=2))
own.update(dict(a=dict(d=2)))
model['extra'] = own
model.extra.update(dict(a=dict(e=3)))
""",
    "resnet/names.py": """
from mmengine.config import read_base

with read_base():
    from .._base_.models.resnet50 import model as resnet
    from .._base_.schedules.imagenet_bs256 import optim_wrapper, train_cfg
    from .._base_.schedules.imagenet_bs256 import optim_wrapper as other

other.optimizer.lr = 0.2
model = dict(type='Ensemble', members=[resnet, dict(resnet)])
_private = 3
""",
    "resnet/later_base_wins.py": """
from mmengine.config import read_base

with read_base():
    from .._base_.schedules.imagenet_bs256 import *
    from .._base_.schedules.imagenet_bs1024_adamw_swin import *

lr = optim_wrapper.optimizer.lr * 2
optim_wrapper['optimizer']['lr'] = lr
""",
    "swin/swin_base_16xb64_in1k.py": """
from mmengine.config import read_base

with read_base():
    from .._base_.datasets.imagenet_bs32 import *
    from .._base_.default_runtime import *
    from .._base_.models.swin_base_224 import *
    from .._base_.schedules.imagenet_bs1024_adamw_swin import *

from mmpretrain.datasets import RandAugment, RandomErasing

train_pipeline[3:3] = [
    dict(
        type=RandAugment,
        policies='timm_increasing',
        num_policies=2,
        magnitude_level=9,
        hparams=dict(pad_val=[round(x) for x in bgr_mean], interpolation='bicubic')),
    dict(type=RandomErasing, erase_prob=0.25, max_area_ratio=1 / 3, fill_color=bgr_mean)
]
train_dataloader.update(batch_size=64, dataset=dict(pipeline=train_pipeline))
optim_wrapper.update(clip_grad=dict(max_norm=5.0))
default_hooks.checkpoint.interval = 10
""",
    "vit/vit_base_p16_64xb64_in1k.py": """
from mmengine.config import read_base

with read_base():
    from .._base_.datasets.imagenet_bs32 import *
    from .._base_.schedules.imagenet_bs1024_adamw_swin import *
    from .._base_.default_runtime import *
    from .._base_.models.vit_base_p16 import *

from mmpretrain.engine.hooks import EMAHook
from mmpretrain.models import Mixup

size = 384
model.update(dict(
    head=dict(hidden_dim=3072),
    train_cfg=dict(augments=dict(type=Mixup, alpha=0.2))))
model.backbone.img_size = size
test_pipeline[1].update(scale=int(size / 224 * 256))
custom_hooks = [dict(type=EMAHook, momentum=1e-4, priority='ABOVE_NORMAL')]
optim_wrapper = dict(
    optimizer=dict(type=optim_wrapper.optimizer.type, lr=0.003),
    clip_grad=dict(max_norm=1.0),
    paramwise_cfg=dict(**optim_wrapper.paramwise_cfg, bypass_duplicate=True))
""",
    "project/mine.py": """
import math
from functools import reduce

import torchvision.transforms.v2 as transforms
from mmengine.config import read_base

import my_project.losses
from my_project import metrics
from my_project.datasets import Filelist
from my_project.models.nets import TinyNet as Net

with read_base():
    from ..resnet.resnet50_8xb32_in1k import *


def steps(epochs):
    return [epochs * part // 4 for part in (2, 3)]


class Marker:
    name = 'mine'


epochs = reduce(max, [10, 20])
model = dict(
    type=ImageClassifier,
    backbone=dict(type=Net, width=int(math.sqrt(256)), name=Marker.name),
    neck=None,
    head=dict(type=LinearClsHead, in_channels=16, num_classes=3,
              loss=dict(type=my_project.losses.L1)))
train_dataloader.dataset = dict(
    type=Filelist, ann_file='train.txt', pipeline=[
        dict(type=LoadImageFromFile),
        dict(type=transforms.RandomHorizontalFlip, p=0.5),
        *train_pipeline[-1:]])
val_evaluator = [val_evaluator, dict(type=metrics.Recall, by=(1, metrics.CLASSES))]
param_scheduler.milestones = steps(epochs)
train_cfg.max_epochs = epochs
where = __file__.rsplit('/', 1)[-1]
""",
    "project/derived.py": """
from mmengine.config import read_base

with read_base():
    from .mine import *

epochs = 40
param_scheduler.milestones = steps(epochs)
model.backbone.type = Net
optim_wrapper.optimizer = dict(type=SGD, lr=0.01, nesterov=True)
""",
    "project/installed.py": """
from mmengine.config import read_base

with read_base():
    from shared_configs.bases.runtime import *
    from shared_configs.bases.runtime import default_hooks as hooks

log_level = 'DEBUG'
""",
    "project/no_base.py": """
from torch.optim import SGD
import torch.nn as nn

optim_wrapper = dict(optimizer=dict(type=SGD, lr=0.1))
activation = nn.ReLU
layers = [nn.Linear, (nn.ReLU, dict(type=nn.modules.conv.Conv2d))]
""",
    "project/deep/nested.py": """
from mmengine.config import read_base

with read_base():
    from ..._base_.models.swin_base_224 import model
    from ...project.derived import param_scheduler as schedule

model.init_cfg.append(dict(type='Constant', layer='Conv2d', val=0))
model.train_cfg.augments[0].alpha = 0.1
""",
}


def write_lazy(folder: Path) -> list[str]:
    """Write all files below a folder, which then holds the package `shared_configs` as well.

    Returns:
        The paths of the configs that are no bases, relative to the folder.
    """
    package = "shared_configs/bases/runtime.py"
    files = {**BASES, **CONFIGS, package: BASES["_base_/default_runtime.py"]}
    for name, text in {**files, "shared_configs/__init__.py": "raise RuntimeError\n"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
    return list(CONFIGS)
