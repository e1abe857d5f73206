"""ResNet-18 on CIFAR-10, 8 devices of 16 images, in mmpretrain 1.x words.

mmlight fit --config configs/mmengine/resnet/resnet18_8xb16_cifar10.py --trainer.devices 8
"""

_base_ = [
    "../../_base_/models/resnet18_cifar.py",
    "../_base_/datasets/cifar10_bs16.py",
    "../_base_/schedules/cifar10_bs128.py",
    "../_base_/default_runtime.py",
]
