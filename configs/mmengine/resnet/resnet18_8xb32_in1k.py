"""ResNet-18 on ImageNet, 8 devices of 32 images, in mmpretrain 1.x words.

mmlight fit --config configs/mmengine/resnet/resnet18_8xb32_in1k.py --trainer.devices 8
"""

_base_ = [
    "../../_base_/models/resnet18.py",
    "../_base_/datasets/imagenet_bs32.py",
    "../_base_/schedules/imagenet_bs256.py",
    "../_base_/default_runtime.py",
]
