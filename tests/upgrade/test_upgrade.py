from pathlib import Path

import pytest

from mmlight.read.config import Config
from mmlight.upgrade.upgrade import is_old, upgrade_config

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"


@pytest.mark.parametrize(
    ("keys", "old"),
    [
        (["data", "runner"], True),
        (["evaluation"], True),
        (["lr_config", "train_cfg"], True),
        (["data", "train_dataloader"], False),
        (["optimizer", "optim_wrapper"], False),
        (["model"], False),
        ([], False),
    ],
)
def test_generation_is_told_when_keys(keys, old):
    assert is_old(Config({key: {} for key in keys})) is old


def test_config_is_returned_when_new_already():
    config = Config.fromfile(CONFIGS / "mmengine" / "lenet" / "lenet5_fashion-mnist-mini.py")
    assert upgrade_config(config) is config


def test_source_is_left_alone_when_upgraded():
    config = Config.fromfile(CONFIGS / "lenet" / "lenet5_fashion-mnist-mini.py")
    before = config.to_dict()
    upgrade_config(config)
    assert config.to_dict() == before


def test_upgrade_changes_nothing_when_done_twice():
    once = upgrade_config(Config.fromfile(CONFIGS / "resnet" / "resnet50_8xb32_in1k.py"))
    assert upgrade_config(once).to_dict() == once.to_dict()


def test_leftovers_are_kept_when_they_have_no_old_meaning():
    config = upgrade_config(Config({"data": {}, "my_key": {"a": 1}, "img_norm_cfg": {}}))
    assert (config.my_key, config.img_norm_cfg) == ({"a": 1}, {})


def test_note_is_written_when_train_cfg_is_beside_the_model():
    config = upgrade_config(Config({"data": {}, "train_cfg": {"augments": {}}}))
    assert "train_cfg" not in config
    assert str(config.notes[0]) == "train_cfg: mmcls 0.25 reads this key inside `model` only."


MOVED = {
    "lenet/lenet5_fashion-mnist-mini.py": {
        "train_dataloader.batch_size": ("datasets/fashion-mnist-mini.py", "samples_per_gpu"),
        "val_dataloader.num_workers": ("datasets/fashion-mnist-mini.py", "workers_per_gpu"),
        "train_dataloader.dataset.type": ("datasets/fashion-mnist-mini.py", "train=dict"),
        "test_dataloader.dataset.data_prefix": ("datasets/fashion-mnist-mini.py", "test=dict"),
        "train_dataloader.dataset.pipeline.0.scale": ("datasets/fashion-mnist-mini.py", "size=32"),
        "data_preprocessor.mean": ("datasets/fashion-mnist-mini.py", "mean="),
        "val_evaluator.topk": ("datasets/fashion-mnist-mini.py", "evaluation ="),
        "train_cfg.val_interval": ("datasets/fashion-mnist-mini.py", "evaluation ="),
        "model.backbone.type": ("models/lenet5.py", "backbone="),
        "optim_wrapper.optimizer.lr": ("lenet5_fashion-mnist-mini.py", "optimizer ="),
        "optim_wrapper.clip_grad": ("lenet5_fashion-mnist-mini.py", "optimizer_config ="),
        "param_scheduler.0.step": ("lenet5_fashion-mnist-mini.py", "lr_config ="),
        "param_scheduler.0.type": ("lenet5_fashion-mnist-mini.py", "lr_config ="),
        "train_cfg.max_epochs": ("lenet5_fashion-mnist-mini.py", "runner ="),
        "randomness.seed": ("lenet5_fashion-mnist-mini.py", "seed ="),
        "default_hooks.checkpoint.interval": ("default_runtime.py", "checkpoint_config ="),
        "env_cfg.dist_cfg.backend": ("default_runtime.py", "dist_params ="),
    },
    "resnet/resnet18_8xb16_cifar10.py": {
        "train_dataloader.dataset.pipeline.0.crop_size": ("cifar10_bs16.py", "size=32, padding"),
        "train_dataloader.dataset.pipeline.1.prob": ("cifar10_bs16.py", "flip_prob"),
        "train_dataloader.dataset.pipeline.2.type": ("cifar10_bs16.py", "ImageToTensor"),
        "data_preprocessor.to_rgb": ("cifar10_bs16.py", "to_rgb=False"),
        "val_dataloader.dataset.split": ("cifar10_bs16.py", "val=dict"),
        "train_cfg.max_epochs": ("cifar10_bs128.py", "runner ="),
        "model.head.num_classes": ("resnet18_cifar.py", "num_classes=10"),
    },
    "resnet/resnet50_8xb32_in1k.py": {
        "train_dataloader.dataset.pipeline.1.scale": ("imagenet_bs32.py", "size=224)"),
        "val_dataloader.dataset.pipeline.1.type": ("imagenet_bs32.py", "size=(256, -1)"),
        "val_dataloader.dataset.ann_file": ("imagenet_bs32.py", "ann_file="),
        "test_dataloader.dataset.ann_file": ("imagenet_bs32.py", "ann_file="),
        "val_evaluator.type": ("imagenet_bs32.py", "evaluation ="),
        "default_hooks.logger.interval": ("default_runtime.py", "log_config ="),
        "optim_wrapper.optimizer.momentum": ("imagenet_bs256.py", "optimizer ="),
    },
}


@pytest.mark.parametrize(
    ("config", "key"), [(file, key) for file, keys in MOVED.items() for key in keys]
)
def test_origin_is_exact_when_key_moved(config, key):
    name, text = MOVED[config][key]
    origin = upgrade_config(Config.fromfile(CONFIGS / config)).origin(key)
    assert origin.file.endswith(name)
    lines = Path(origin.file).read_text().splitlines()
    assert text in lines[origin.line - 1]
