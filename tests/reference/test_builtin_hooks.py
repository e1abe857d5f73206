"""Built-in hooks do what the originals do: alone, and together in a whole training."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlight.callbacks.early_stopping import EarlyStopping
from mmlight.callbacks.precise_bn import PreciseBN
from mmlight.callbacks.set_adaptive_margins import SetAdaptiveMargins
from mmlight.callbacks.warmup_param import WarmupParam
from mmlight.compat.message_hub import MessageHub
from mmlight.run import fit, read_spec
from mmlight.spec import Call
from tests.callbacks.nets import Net, Probe, build_data, build_trainer
from tests.reference.original import Original
from tests.runs import write_config, write_image_folder

# -------------------------------------------------------------------------- early stopping

STOPPERS = [
    {"monitor": "acc"},
    {"monitor": "acc", "min_delta": 0.0, "patience": 3},
    {"monitor": "val_loss", "patience": 2},
    {"monitor": "val_loss", "rule": "greater", "min_delta": 0.05},
    {"monitor": "acc", "stopping_threshold": 0.9, "patience": 20},
    {"monitor": "val_loss", "stopping_threshold": 0.1, "patience": 20, "min_delta": 0.3},
    {"monitor": "acc", "check_finite": False, "patience": 4},
]


def make_sequences() -> list[list[float]]:
    """Return values of 24 validations each: at random, with ties, and some not finite."""
    generator = np.random.default_rng(0)
    free = generator.random((40, 24)).tolist()
    grid = (generator.integers(0, 8, (40, 24)) / 8).tolist()
    for number, row in enumerate(grid[20:]):
        row[number] = [float("nan"), float("inf"), float("-inf")][number % 3]
    return [*free, *grid]


def stop_theirs(options: Any, sequences: Any) -> Any:
    import logging
    from types import SimpleNamespace

    from mmengine.hooks import EarlyStoppingHook

    stops = []
    for values in sequences:
        hook = EarlyStoppingHook(**options)
        loop = SimpleNamespace(stop_training=False)
        runner = SimpleNamespace(train_loop=loop, logger=logging.getLogger("quiet"))
        hook.before_run(runner)
        for number, value in enumerate(values):  # noqa: B007
            hook.after_val_epoch(runner, {hook.monitor: value})
            if loop.stop_training:
                break
        stops.append((number, loop.stop_training, hook.wait_count))
    return stops


@pytest.mark.parametrize("options", STOPPERS, ids=str)
def test_training_ends_after_the_same_validation(
    mmpretrain: Original, options: dict[str, Any]
) -> None:
    sequences, stops = make_sequences(), []
    for values in sequences:
        hook = EarlyStopping(**options)
        for number, value in enumerate(values):  # noqa: B007
            stopped = bool(hook.judge(value))
            if stopped:
                break
        stops.append((number, stopped, hook.wait_count))
    assert stops == mmpretrain(stop_theirs, options, sequences)
    assert {stopped for _, stopped, _ in stops} >= {True}


# -------------------------------------------------------------------------- precise statistics


def make_net() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5, momentum=0.2), nn.ReLU(), nn.Conv2d(5, 4, 3),
        nn.BatchNorm2d(4, momentum=None), nn.GroupNorm(2, 4), nn.BatchNorm2d(4).eval(),
    )  # fmt: skip


def compute_theirs(package: str, state: Any, batches: Any, num_samples: int) -> Any:
    from importlib import import_module

    from torch import nn

    module = import_module(f"{package}.precise_bn_hook")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5, momentum=0.2), nn.ReLU(),
                nn.Conv2d(5, 4, 3), nn.BatchNorm2d(4, momentum=None), nn.GroupNorm(2, 4),
                nn.BatchNorm2d(4).eval(),
            )  # fmt: skip
            self.data_preprocessor = lambda data, training: data

        def forward(self, inputs):
            return self.net(inputs)

        def train_step(self, data):
            return self.net(input=data["inputs"])

    class Loader(list):
        batch_size = 4

    model = Model()
    model.net.load_state_dict(state)
    loader = Loader({"inputs": batch} for batch in batches)
    module.update_bn_stats(model, loader, num_samples, logger="silent")
    return {name: value.clone() for name, value in model.net.state_dict().items()}


@pytest.mark.parametrize("num_samples", [4, 11, 24, 8192])
@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_statistics_equal_the_originals(
    mmcls: Original, mmpretrain: Original, generation: Any, num_samples: int
) -> None:
    batches = list(torch.randn(6, 4, 3, 8, 8, generator=torch.Generator().manual_seed(1)))
    net: Any = make_net()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    original = mmcls if generation == "0.x" else mmpretrain
    package = "mmcls.core.hook" if generation == "0.x" else "mmpretrain.engine.hooks"
    theirs = original(compute_theirs, package, state, batches, num_samples)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, inputs: Any) -> Any:
            return self.net(inputs)

        def training_step(self, batch: Any, index: int) -> Any:
            return self.net(batch["inputs"])

    strategy = SimpleNamespace(
        batch_to_device=lambda batch: batch, reduce=lambda value, reduce_op: value
    )
    data = SimpleNamespace(train=SimpleNamespace(batch_size=4), train_epoch_batches=6)
    trainer: Any = SimpleNamespace(strategy=strategy, datamodule=data, world_size=1)
    model: Any = Model()
    loader = [{"inputs": batch} for batch in batches]
    PreciseBN(num_samples, generation=generation)._compute(trainer, model, loader)
    ours = net.state_dict()
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-6, atol=1e-7, msg=name)
    assert not torch.equal(ours["1.running_mean"], state["1.running_mean"])
    assert torch.equal(ours["6.running_mean"], state["6.running_mean"])
    assert [net[1].momentum, net[4].momentum] == [0.2, None]


# -------------------------------------------------------------------------- margins, warm-up


def set_margins_theirs(labels: Any, number: int, options: Any) -> Any:
    from types import SimpleNamespace

    import numpy as np
    from mmengine.registry import init_default_scope
    from mmpretrain.engine.hooks import SetAdaptiveMarginsHook
    from mmpretrain.models.heads import ArcFaceClsHead

    init_default_scope("mmpretrain")
    head = ArcFaceClsHead(number, 4)
    dataset = SimpleNamespace(get_gt_labels=lambda: np.array(labels))
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(model=SimpleNamespace(head=head), train_dataloader=loader)
    SetAdaptiveMarginsHook(**options).before_train(runner)
    return head.margins


@pytest.mark.parametrize("options", [{}, {"margin_min": 0.2, "power": -0.6}], ids=str)
def test_margins_equal_the_originals(mmpretrain: Original, options: dict[str, float]) -> None:
    labels = np.random.default_rng(2).choice(7, 60, p=[0.4, 0.3, 0.1, 0.1, 0.05, 0, 0.05]).tolist()
    hook = SetAdaptiveMargins(**options)
    ours = torch.tensor(hook.compute(np.bincount(labels, minlength=7)), dtype=torch.float32)
    theirs = mmpretrain(set_margins_theirs, labels, 7, options)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=0)


def warm_up_theirs(epochs: int, max_iters: int, max_epochs: int) -> Any:
    from types import SimpleNamespace

    from mmpretrain.engine.hooks import WarmupParamHook

    head = SimpleNamespace(weight=8.0)
    runner = SimpleNamespace(
        model=SimpleNamespace(head=head), max_iters=max_iters, max_epochs=max_epochs
    )
    hook, values = WarmupParamHook("weight", "head", epochs), []
    hook.before_train(runner)
    for runner.iter in range(max_iters):
        hook.before_train_iter(runner, runner.iter)
        values.append(head.weight)
    return values


def test_warmed_value_equals_the_originals(mmpretrain: Original) -> None:
    net: Any = Net()
    net.head = nn.Module()
    net.head.weight = 8.0
    values: list[float] = []
    probe = Probe(lambda trainer, module: values.append(module.head.weight))
    build_trainer(WarmupParam("weight", "head", 2), probe, max_epochs=3).fit(net, build_data())
    assert values == mmpretrain(warm_up_theirs, 2, 12, 3)


# -------------------------------------------------------------------------- a whole training

SEED = 5
MODEL = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, num_stages=2, out_indices=(1, ), strides=(1, 2),
        dilations=(1, 1), base_channels=8, stem_channels=8),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=16,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0))OPTIONS)
"""
ENDS = ("", "_origin")
CUTMIX = "dict(augments=dict(type='CutMix', alpha=1.0), probs=0.5)"
NEW = (
    MODEL.replace("OPTIONS", "")
    + """
default_scope = 'mmpretrain'
data_preprocessor = dict(
    mean=[120.] * 3, std=[60.] * 3, to_rgb=True, num_classes=10, batch_augments=AUGMENTS)
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=24),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
late = [*pipeline[:-1], dict(type='RandomErasing', erase_prob=0.7), pipeline[-1]]
train_dataloader = dict(
    batch_size=6,
    num_workers=WORKERS,
    persistent_workers=WORKERS > 0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True))
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    dataset=dict(type='CustomDataset', data_root='FOLDER', pipeline=[
        dict(type='LoadImageFromFile'), dict(type='Resize', scale=24), dict(type='PackInputs')]),
    sampler=dict(type='DefaultSampler', shuffle=False))
val_evaluator = dict(type='Accuracy', topk=(1, 3))
val_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.02, momentum=0.9))
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=1)
randomness = dict(seed=7)
custom_hooks = [
    dict(type='SwitchRecipeHook', schedule=[
        dict(action_epoch=2, train_pipeline=late,
             batch_augments=dict(augments=dict(type='Mixup', alpha=0.8), probs=0.6)),
        dict(action_epoch=3, loss=dict(
            type='LabelSmoothLoss', label_smooth_val=0.2, num_classes=10, mode='original')),
        dict(action_epoch=4, batch_augments=None, train_pipeline=pipeline)]),
    dict(type='PreciseBNHook', num_samples=20, interval=1, priority='ABOVE_NORMAL'),
    dict(type='EMAHook', ema_type='StochasticWeightAverage', evaluate_on_origin=True,
         priority='ABOVE_NORMAL'),
]
"""
)
OLD = (
    MODEL.replace("loss_weight=1.0", "use_soft=True").replace(
        "OPTIONS",
        ", train_cfg=dict(augments=dict(type='BatchMixup', alpha=0.8, num_classes=10, prob=0.6))",
    )
    + """
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', size=24),
    dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
    dict(type='Normalize', mean=[120.] * 3, std=[60.] * 3, to_rgb=True),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]
data = dict(
    samples_per_gpu=6,
    workers_per_gpu=WORKERS,
    persistent_workers=WORKERS > 0,
    train=dict(type='CustomDataset', data_prefix='FOLDER', pipeline=pipeline))
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='fixed')
runner = dict(type='EpochBasedRunner', max_epochs=3)
checkpoint_config = dict(interval=9)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
seed = 7
custom_hooks = [
    dict(type='PreciseBNHook', num_samples=20, interval=2, priority='ABOVE_NORMAL'),
    dict(type='EMAHook', momentum=0.1, priority='ABOVE_NORMAL'),
]
"""
)


def train_new(config: str, weights: str, work_dir: str, seed: int) -> Any:
    import random

    import numpy as np
    import torch
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    losses, states = [], []

    class Record(Hook):
        priority = "HIGHEST"

        def before_train(self, runner):
            torch.save(runner.model.state_dict(), weights)
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
            losses.append(outputs["loss"].item())

        def before_train_epoch(self, runner):
            model = runner.model
            augments = getattr(model.data_preprocessor, "batch_augments", None)
            states.append((type(model.head.loss_module).__name__, augments is not None))

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.work_dir = work_dir
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Record())
    runner.register_hook(
        type(
            "Late",
            (Record,),
            {
                "before_train": lambda *_: None,
                "after_train_iter": lambda *_, **__: None,
                "priority": "LOWEST",
            },
        )()
    )
    runner.train()
    statistics = {k: v for k, v in runner.model.state_dict().items() if "running" in k}
    (ema,) = [hook for hook in runner.hooks if type(hook).__name__ == "EMAHook"]
    average = {k: v.clone() for k, v in ema.ema_model.module.named_parameters()}
    hub = runner.message_hub
    names = [name for name in hub.log_scalars if name.startswith("val/accuracy")]
    metrics = {name: hub.get_scalar(name).data[0].tolist() for name in names}
    return losses, (states[1::2], metrics), statistics, average


def train_old(config: str, weights: str, work_dir: str, seed: int) -> Any:
    import random

    import numpy as np
    import torch
    from mmcls.apis import train_model
    from mmcls.datasets import build_dataset
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import HOOKS, Hook

    losses = []

    @HOOKS.register_module(force=True)
    class Record(Hook):
        def before_run(self, runner):
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)

        def after_train_iter(self, runner):
            losses.append(runner.outputs["loss"].item())

    torch.set_num_threads(1)
    cfg = Config.fromfile(config)
    cfg.gpu_ids, cfg.device, cfg.work_dir = [0], "cpu", work_dir
    cfg.sampler = dict(type="DistributedSampler")  # its seeded order is that of ours
    hooks = [dict(type="Record"), dict(type="DistSamplerSeedHook")]
    cfg.custom_hooks = [*hooks, *cfg.custom_hooks]
    model = build_classifier(cfg.model)
    torch.manual_seed(seed)
    model.init_weights()
    torch.save(model.state_dict(), weights)
    train_model(model, [build_dataset(cfg.data.train)], cfg, distributed=False, device="cpu")
    state = {k: v.clone() for k, v in model.state_dict().items()}
    parameters = [name for name, _ in model.named_parameters()]
    # the model holds the average at the end
    return losses, {k: state[k] for k in state if "running" in k}, {k: state[k] for k in parameters}


def train_ours(config: Path, weights: Path, folder: Path) -> tuple[list[float], Any]:
    spec = read_spec(config, {"work_dir": str(folder / "ours")})
    recorder = Call("tests.runs.LossRecorder", {"file": str(folder / "ours.json"), "seed": SEED})
    trainer = {**spec.trainer, "accelerator": "cpu"}
    callbacks = (recorder, *spec.callbacks)
    parts = fit(replace(spec, trainer=trainer, callbacks=callbacks, load_from=str(weights)))
    losses: list[float] = json.loads((folder / "ours.json").read_text())
    return losses, parts


def assert_same_values(parts: Any, ours: Any, theirs: Any, tolerance: float) -> None:
    names = parts.model.name_map().to_mm
    renamed = {names.get(name, name): value for name, value in ours.items()}
    assert theirs.keys() <= renamed.keys()
    for name, value in theirs.items():
        torch.testing.assert_close(
            renamed[name], value, rtol=tolerance, atol=tolerance, msg=name, check_dtype=False
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generation", "workers", "begins"),
    [("0.x", 0, True), ("0.x", 2, True), ("1.x", 0, False), ("1.x", 2, True)],
)
def test_training_with_hooks_equals_the_originals(
    generation: str, workers: int, begins: bool, tmp_path: Path
) -> None:
    images = write_image_folder(tmp_path / "images", per_class=3, size_px=32)
    text = (OLD if generation == "0.x" else NEW).replace("FOLDER", str(images))
    # batch augments come into play where training begins with some
    text = text.replace("AUGMENTS", CUTMIX if begins else "None")
    config = write_config(tmp_path, text.replace("WORKERS", str(workers)))
    original = Original("mmcls" if generation == "0.x" else "mmpretrain")
    weights = tmp_path / "first.pth"
    train = train_old if generation == "0.x" else train_new
    try:
        theirs = original(train, str(config), str(weights), str(tmp_path / "theirs"), SEED)
    finally:
        original.close()
    ours, parts = train_ours(config, weights, tmp_path)
    assert len(ours) == len(theirs[0]) == (15 if generation == "0.x" else 20)
    np.testing.assert_allclose(ours, theirs[0], rtol=1e-4)
    np.testing.assert_allclose(ours[:10], theirs[0][:10], rtol=1e-5)
    if generation == "1.x":
        smooth, plain = "LabelSmoothLoss", "CrossEntropyLoss"
        states, metrics = theirs[1]
        assert metrics.keys() == {f"val/accuracy/top{k}{end}" for k in (1, 3) for end in ENDS}
        for name, values in metrics.items():
            scalar = MessageHub.get_current_instance().get_scalar(name)
            np.testing.assert_allclose(scalar.data[0], values, atol=1e-4)
        assert metrics["val/accuracy/top1"] != metrics["val/accuracy/top1_origin"]
        assert states == [(plain, begins), (plain, True), (smooth, True), (smooth, False)]
    ema = next(c for c in parts.callbacks if type(c).__name__ == "EMA")
    average = dict(parts.model.named_parameters()) if generation == "0.x" else ema.average
    assert_same_values(parts, parts.model.state_dict(), theirs[-2], 1e-3)
    assert_same_values(parts, average, theirs[-1], 1e-3)
