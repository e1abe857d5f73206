"""A run of the originals goes on here: the losses after its checkpoint are those of theirs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.run import fit, read_spec
from mmlight.spec import Call
from mmlight.weights.read import read_checkpoint
from tests.reference.original import Original
from tests.reference.trajectories import CROSS, LINEAR, NEW_DATA, OLD_DATA, model, write_photos
from tests.runs import write_config

pytestmark = pytest.mark.slow

OLD_PLAIN = (
    "AUGMENT = [dict(type='Resize', size=(56, -1)), dict(type='CenterCrop', crop_size=48)]\n"
)
NEW_PLAIN = (
    "AUGMENT = [dict(type='ResizeEdge', scale=56, edge='short'),"
    " dict(type='CenterCrop', crop_size=48)]\n"
)
MOBILE = model("type='MobileNetV2', widen_factor=0.25", f"{LINEAR}, {CROSS}".replace("128", "1280"))
SWIN = model(
    "type='SwinTransformer', img_size=48, window_size=3, pad_small_map=True, drop_path_rate=0.,"
    " arch=dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])",
    f"{LINEAR}, {CROSS}",
)
VIT = model(
    "type='VisionTransformer', img_size=48, patch_size=16, arch=dict(embed_dims=32, num_layers=2,"
    " num_heads=2, feedforward_channels=48)",
    f"type='VisionTransformerClsHead', num_classes=5, in_channels=32, topk=(1, ), {CROSS}",
    "None",
)
EMA_OLD = "custom_hooks = [dict(type='EMAHook', momentum=0.2, warm_up=5{})]\n"
EACH = "checkpoint_config = dict(interval=1)\n"
ITERATIONS = "dict(type='CheckpointHook', by_epoch=False, interval=20, save_last=True)"

OLD = {  # the file to resume, and the config
    "SGD, paramwise, step with warm-up": (
        "epoch_2.pth",
        MOBILE
        + OLD_PLAIN
        + OLD_DATA
        + EACH
        + """
optimizer = dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-3, paramwise_cfg=dict(
    norm_decay_mult=0., bias_decay_mult=0., custom_keys={'head': dict(lr_mult=2.)}))
lr_config = dict(policy='step', step=[2, 3], warmup='linear', warmup_iters=35, warmup_ratio=0.1)
momentum_config = dict(policy='CosineAnnealing', min_momentum=0.8, by_epoch=False)
evaluation.update(save_best='accuracy_top-1')
""",
    ),
    "AdamW, custom keys, iterations": (
        "iter_20.pth",
        SWIN
        + OLD_PLAIN
        + OLD_DATA
        + """
optimizer = dict(type='AdamW', lr=1e-3, weight_decay=0.05, paramwise_cfg=dict(custom_keys={
    'norm': dict(decay_mult=0.), 'relative_position_bias_table': dict(decay_mult=0., lr_mult=3.)}))
lr_config = dict(policy='CosineAnnealing', min_lr=0, by_epoch=False)
runner = dict(type='IterBasedRunner', max_iters=38)
checkpoint_config = dict(interval=20)
evaluation = dict(interval=19, metric='accuracy', metric_options=dict(topk=(1, )))
""",
    ),
    "SGD, EMA behind the checkpoint hook": (
        "epoch_2.pth",
        MOBILE
        + OLD_PLAIN
        + OLD_DATA
        + EACH
        + EMA_OLD.format("")
        + "optimizer = dict(type='SGD', lr=0.02, momentum=0.9)\nlr_config = dict(policy='fixed')\n",
    ),
    "SGD, EMA before the checkpoint hook": (
        "epoch_2.pth",
        MOBILE
        + OLD_PLAIN
        + OLD_DATA
        + EACH
        + EMA_OLD.format(", priority='HIGH'")
        + "optimizer = dict(type='SGD', lr=0.02, momentum=0.9)\nlr_config = dict(policy='fixed')\n",
    ),
    "SGD, saved inside an epoch": (
        "epoch_2.pth",  # of iteration 20 and again 30: mmcv calls it so
        MOBILE
        + OLD_PLAIN
        + OLD_DATA
        + """
checkpoint_config = dict(interval=20, by_epoch=False, save_last=False)
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
lr_config = dict(policy='CosineAnnealing', min_lr=0, by_epoch=False)
""",
    ),
}
NEW = {
    "SGD, paramwise, multi-step with warm-up": (
        "epoch_2.pth",
        MOBILE
        + NEW_PLAIN
        + NEW_DATA
        + """
default_hooks['checkpoint'] = dict(type='CheckpointHook', interval=1, save_best='auto')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-3),
    paramwise_cfg=dict(norm_decay_mult=0., custom_keys={'head': dict(lr_mult=2.)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.25, by_epoch=False, begin=0, end=35),
    dict(type='MultiStepLR', by_epoch=True, milestones=[2, 3], gamma=0.1),
    dict(type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='less', patience=0, factor=0.5),
    dict(type='CosineAnnealingMomentum', by_epoch=True, T_max=4, eta_min=0.5)]
""",
    ),
    "AdamW, layer decay": (
        "epoch_2.pth",
        VIT
        + NEW_PLAIN
        + NEW_DATA
        + """
default_hooks['checkpoint'] = dict(type='CheckpointHook', interval=1)
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
    constructor='LearningRateDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_rate=0.65, custom_keys={'.ln': dict(decay_mult=0.0)}))
param_scheduler = dict(
    type='CosineAnnealingLR', T_max=4, by_epoch=True, convert_to_iter_based=True)
""",
    ),
    "AdamW, EMA, endless iterations": (
        "iter_20.pth",
        SWIN
        + NEW_PLAIN
        + NEW_DATA
        + f"""
default_hooks['checkpoint'] = {ITERATIONS}
train_dataloader.update(sampler=dict(type='InfiniteSampler', shuffle=True))
train_cfg = dict(by_epoch=False, max_iters=38, val_interval=19)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05),
                     paramwise_cfg=dict(norm_decay_mult=0.0))
param_scheduler = dict(type='PolyLR', by_epoch=False, begin=0, end=38, power=0.9, eta_min=1e-5)
custom_hooks = [dict(type='EMAHook', momentum=0.2, interval=3)]
""",
    ),
    "SGD, iterations of passes": (
        "iter_20.pth",
        MOBILE
        + NEW_PLAIN
        + NEW_DATA
        + f"""
default_hooks['checkpoint'] = {ITERATIONS}
train_cfg = dict(by_epoch=False, max_iters=38, val_interval=19)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9))
param_scheduler = dict(type='CosineAnnealingLR', T_max=38, by_epoch=False)
""",
    ),
}


def shorten(cases: dict[str, Any]) -> dict[str, Any]:
    """Leave one epoch after the file, or two where a validation has to show."""
    return {
        name: (file, text if "Plateau" in text else text.replace("max_epochs=4", "max_epochs=3"))
        for name, (file, text) in cases.items()
    }


OLD, NEW = shorten(OLD), shorten(NEW)
DONE = {"epoch_2.pth": 30, "iter_20.pth": 20}


def train_mmcls(config: str, work_dir: str) -> Any:
    """Train with the original in float64; return the losses."""
    from unittest import mock

    import torch
    from mmcls.apis import train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import HOOKS, Hook

    torch.set_num_threads(1)
    losses = []

    @HOOKS.register_module(force=True)
    class Record(Hook):
        def after_train_iter(self, runner):
            losses.append(runner.outputs["loss"].item())

    cfg = Config.fromfile(config)
    cfg.gpu_ids, cfg.device, cfg.work_dir = [0], "cpu", work_dir
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type="Record", priority="LOWEST")]
    if cfg.runner.type == "EpochBasedRunner":
        cfg.custom_hooks.append(dict(type="DistSamplerSeedHook"))
    torch.manual_seed(0)
    model = build_classifier(cfg.model)
    model.init_weights()
    model.double()
    model.backbone.register_forward_pre_hook(lambda _, args: (args[0].double(),))
    with mock.patch("time.sleep"):
        data = [build_dataset(cfg.data.train)]
        train_model(model, data, cfg, distributed=False, validate=True, device="cpu", meta={})
    return losses


def train_mmpretrain(config: str, work_dir: str) -> Any:
    """Train with the original in float64; return the losses."""
    from unittest import mock

    import torch
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    torch.set_num_threads(1)
    losses = []

    class Record(Hook):
        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            losses.append(outputs["loss"].item())

    cfg = Config.fromfile(config)
    cfg.work_dir = cfg.experiment_name = work_dir
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Record())
    runner.model.double()
    runner.model.backbone.register_forward_pre_hook(lambda _, args: (args[0].double(),))
    runner.model.data_preprocessor.float()
    with mock.patch("time.sleep"):
        runner.train()
    return losses


def go_on(config: Path, path: Path, folder: Path) -> Any:
    """Resume here; return the losses."""
    spec = read_spec(config, {"work_dir": str(folder)})
    recorder = Call("tests.runs.Trajectory", {"seed": 0})
    spec = replace(
        spec,
        trainer={**spec.trainer, "accelerator": "cpu", "precision": "64-true"},
        callbacks=(recorder, *spec.callbacks),
        resume=str(path),
    )
    parts = fit(spec)
    return parts.callbacks[0].losses, parts


def run(original: Original, train: Any, file: str, text: str, folder: Path) -> Any:
    photos = write_photos(folder / "photos")
    config = write_config(folder, text.replace("FOLDER", str(photos)))
    theirs = original(train, str(config), str(folder / "theirs"))
    ours, parts = go_on(config, folder / "theirs" / file, folder / "ours")
    return ours, theirs, parts


def compare(ours: list[float], theirs: list[float], file: str, done: int | None = None) -> None:
    done = DONE[file] if done is None else done
    assert len(ours) == len(theirs) - done >= 15
    np.testing.assert_allclose(ours, theirs[done:], rtol=1e-9)


def compare_averages(folder: Path, parts: Any, name: str) -> None:
    """Compare the last checkpoints, which hold the average."""
    theirs = read_checkpoint(folder / "theirs" / f"{name}.pth")["state_dict"]
    ours = torch.load(folder / "ours" / f"{name}.ckpt", weights_only=True)["state_dict"]
    renamed = parts.model.name_map().state_dict_to_mm(ours).state
    for key, value in renamed.items():
        average = theirs.get(f"ema_{key.replace('.', '_')}", theirs[key])
        torch.testing.assert_close(value, average, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", OLD)
def test_losses_are_those_of_mmcls_when_its_run_is_resumed(
    name: str, mmcls: Original, tmp_path: Path
) -> None:
    file, text = OLD[name]
    ours, theirs, parts = run(mmcls, train_mmcls, file, text, tmp_path)
    compare(ours, theirs, file, 20 if "inside" in name else None)
    if "behind" in name:
        compare_averages(tmp_path, parts, "epoch_3")


@pytest.mark.parametrize("name", NEW)
def test_losses_are_those_of_mmpretrain_when_its_run_is_resumed(
    name: str, mmpretrain: Original, tmp_path: Path
) -> None:
    file, text = NEW[name]
    ours, theirs, parts = run(mmpretrain, train_mmpretrain, file, text, tmp_path)
    compare(ours, theirs, file)
    if "EMA" in name:
        compare_averages(tmp_path, parts, "iter_38")
