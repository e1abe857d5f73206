"""The Fashion-MNIST subset of this repository (6000 + 1000 images), in mmcls 0.x words."""

dataset_type = "FashionMNIST"
data_root = "{{ fileDirname }}/../../../datasets/fashion-mnist-mini"
img_norm_cfg = dict(mean=[72.94], std=[90.02], to_rgb=False)
train_pipeline = [
    dict(type="Resize", size=32),
    dict(type="Normalize", **img_norm_cfg),
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="ToTensor", keys=["gt_label"]),
    dict(type="Collect", keys=["img", "gt_label"]),
]
test_pipeline = [
    dict(type="Resize", size=32),
    dict(type="Normalize", **img_norm_cfg),
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="Collect", keys=["img"]),
]
data = dict(
    samples_per_gpu=64,
    workers_per_gpu=0,
    train=dict(type=dataset_type, data_prefix=data_root, pipeline=train_pipeline),
    val=dict(type=dataset_type, data_prefix=data_root, pipeline=test_pipeline, test_mode=True),
    test=dict(type=dataset_type, data_prefix=data_root, pipeline=test_pipeline, test_mode=True),
)
evaluation = dict(interval=1, metric="accuracy", metric_options=dict(topk=(1,)))
