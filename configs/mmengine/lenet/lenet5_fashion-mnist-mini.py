"""The embedded default in mmpretrain 1.x words.

It ends in the same numbers as configs/lenet/lenet5_fashion-mnist-mini.py.

mmlight fit --config configs/mmengine/lenet/lenet5_fashion-mnist-mini.py
"""

_base_ = [
    "../../_base_/models/lenet5.py",
    "../_base_/datasets/fashion-mnist-mini.py",
    "../_base_/default_runtime.py",
]

optim_wrapper = dict(optimizer=dict(type="SGD", lr=0.02, momentum=0.9, weight_decay=0.0001))
param_scheduler = dict(type="MultiStepLR", by_epoch=True, milestones=[8], gamma=0.1)
train_cfg = dict(by_epoch=True, max_epochs=10, val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(logger=dict(interval=30))
randomness = dict(seed=0)
work_dir = "work_dirs/lenet5_fashion-mnist-mini_1x"
