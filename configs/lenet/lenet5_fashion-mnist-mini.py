"""The embedded default: LeNet-5 on the Fashion-MNIST subset of this repository, in mmcls 0.x words.

    mmlight fit --config configs/lenet/lenet5_fashion-mnist-mini.py

The same training in mmpretrain 1.x words: configs/mmengine/lenet/lenet5_fashion-mnist-mini.py
"""

_base_ = [
    "../_base_/models/lenet5.py",
    "../_base_/datasets/fashion-mnist-mini.py",
    "../_base_/default_runtime.py",
]

optimizer = dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy="step", step=[8])
runner = dict(type="EpochBasedRunner", max_epochs=10)
log_config = dict(interval=30)
seed = 0
work_dir = "work_dirs/lenet5_fashion-mnist-mini"
