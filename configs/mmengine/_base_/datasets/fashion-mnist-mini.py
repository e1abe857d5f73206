"""The Fashion-MNIST subset of this repository (6000 + 1000 images), in 1.x words."""

dataset_type = "FashionMNIST"
data_root = "{{ fileDirname }}/../../../../datasets/fashion-mnist-mini"
data_preprocessor = dict(mean=[72.94], std=[90.02], num_classes=10)
pipeline = [dict(type="Resize", scale=32), dict(type="PackInputs")]
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type=dataset_type, data_root=data_root, split="train", pipeline=pipeline),
    sampler=dict(type="DefaultSampler", shuffle=True),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type=dataset_type, data_root=data_root, split="test", pipeline=pipeline),
    sampler=dict(type="DefaultSampler", shuffle=False),
)
val_evaluator = dict(type="Accuracy", topk=(1,))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
