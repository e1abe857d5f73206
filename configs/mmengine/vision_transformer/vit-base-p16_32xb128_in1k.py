"""ViT-B/16 (Dosovitskiy et al., 2020, arXiv:2010.11929) on ImageNet, in 1.x words.

AdamW, linear warm-up, cosine decay.

mmlight fit --config configs/mmengine/vision_transformer/vit-base-p16_32xb128_in1k.py
"""

_base_ = ["../_base_/datasets/imagenet_bs32.py", "../_base_/default_runtime.py"]

model = dict(
    type="ImageClassifier",
    backbone=dict(type="VisionTransformer", arch="b", img_size=224, patch_size=16, drop_rate=0.1),
    neck=None,
    head=dict(
        type="VisionTransformerClsHead",
        num_classes=1000,
        in_channels=768,
        loss=dict(type="LabelSmoothLoss", label_smooth_val=0.1, mode="classy_vision"),
    ),
    train_cfg=dict(augments=dict(type="Mixup", alpha=0.2)),
)
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=0.003, weight_decay=0.3),
    paramwise_cfg=dict(
        custom_keys={".cls_token": dict(decay_mult=0.0), ".pos_embed": dict(decay_mult=0.0)}
    ),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-4, by_epoch=True, end=30, convert_to_iter_based=True),
    dict(type="CosineAnnealingLR", T_max=270, by_epoch=True, begin=30, end=300),
]
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=1)
val_cfg = dict()
test_cfg = dict()
