"""What users write after the tutorials of MMClassification, MMEngine and MMDetection3D."""

import sys
from textwrap import dedent

import pytest
import torch

from mmlight.build import build_spec
from mmlight.compat import provide_names, registries
from mmlight.errors import MMLightError
from mmlight.read.config import Config
from mmlight.run import fit, read_spec
from mmlight.spec import Call, find_calls
from mmlight.translate.translate import try_translate
from mmlight.upgrade.upgrade import upgrade_config
from tests.runs import LENET_NEW, LENET_OLD, shorten, write_image_folder

MY_HOOK_OLD = """
from mmcv.runner import HOOKS, Hook


@HOOKS.register_module()
class MyHook(Hook):

    def __init__(self, a, b):
        self.a = a
        self.b = b

    def before_run(self, runner):
        runner.logger.info('run')

    def after_run(self, runner):
        pass

    def before_epoch(self, runner):
        pass

    def after_epoch(self, runner):
        pass

    def before_iter(self, runner):
        pass

    def after_iter(self, runner):
        if self.every_n_iters(runner, self.a):
            runner.logger.info('iter')
"""

MY_HOOK_NEW = """
from mmengine.hooks import Hook

from mmdet3d.registry import HOOKS


@HOOKS.register_module()
class MyHook(Hook):

    def __init__(self, a, b) -> None:
        self.a = a
        self.b = b

    def before_run(self, runner) -> None:
        pass

    def before_train_epoch(self, runner) -> None:
        pass

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self.every_n_train_iters(runner, 50):
            assert torch.isfinite(outputs['loss'])
"""

MY_OPTIMIZER_OLD = """
from mmcv.runner import OPTIMIZERS
from torch.optim import Optimizer


@OPTIMIZERS.register_module()
class MyOptimizer(Optimizer):

    def __init__(self, params, a, b, c):
        super().__init__(params, dict(a=a, b=b, c=c, lr=a))

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is not None:
                    p.data.add_(p.grad, alpha=-group['lr'])
        return loss
"""

MY_OPTIMIZER_NEW = MY_OPTIMIZER_OLD.replace(
    "from mmcv.runner import OPTIMIZERS", "from mmengine.registry import OPTIMIZERS"
)

MY_CONSTRUCTOR_OLD = """
from mmcv.utils import build_from_cfg
from mmcv.runner.optimizer import OPTIMIZER_BUILDERS, OPTIMIZERS
from mmcv.utils import get_logger
from my_optimizer import MyOptimizer


@OPTIMIZER_BUILDERS.register_module
class MyOptimizerConstructor(object):

    def __init__(self, optimizer_cfg, paramwise_cfg=None):
        self.optimizer_cfg = optimizer_cfg
        self.paramwise_cfg = paramwise_cfg

    def __call__(self, model):
        params = [dict(params=[p]) for p in model.parameters()]
        return build_from_cfg(dict(self.optimizer_cfg, params=params), OPTIMIZERS)
"""

MY_CONSTRUCTOR_NEW = """
import torch.nn as nn
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper

from mmdet3d.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MyOptimizerConstructor(DefaultOptimWrapperConstructor):

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        return super().__call__(model)
"""

FILELIST_OLD = """
import mmcv
import numpy as np

from mmcls.datasets.builder import DATASETS
from mmcls.datasets.base_dataset import BaseDataset


@DATASETS.register_module()
class Filelist(BaseDataset):
    CLASSES = [str(i) for i in range(10)]

    def load_annotations(self):
        assert isinstance(self.ann_file, str)

        data_infos = []
        with open(self.ann_file) as f:
            samples = [x.strip().split(' ') for x in f.readlines()]
            for filename, gt_label in samples:
                info = {'img_prefix': self.data_prefix}
                info['img_info'] = {'filename': filename}
                info['gt_label'] = np.array(gt_label, dtype=np.int64)
                data_infos.append(info)
            return data_infos
"""

FILELIST_NEW = """
from mmpretrain.registry import DATASETS
from mmpretrain.datasets import BaseDataset
from mmengine.fileio import list_from_file


@DATASETS.register_module()
class Filelist(BaseDataset):
    METAINFO = dict(classes=[str(i) for i in range(10)])

    def load_data_list(self):
        assert isinstance(self.ann_file, str)

        data_list = []
        for line in list_from_file(self.ann_file):
            filename, gt_label = line.strip().split(' ')
            img_path = f'{self.img_prefix}/{filename}'
            info = {'img_path': img_path, 'gt_label': int(gt_label)}
            data_list.append(info)
        return data_list
"""

MY_TRANSFORM_OLD = """
from mmcls.datasets import PIPELINES


@PIPELINES.register_module()
class MyTransform(object):

    def __init__(self, shift=0):
        self.shift = shift

    def __call__(self, results):
        results['img'] = results['img'] + self.shift
        return results
"""

MY_TRANSFORM_NEW = """
from mmcv.transforms import BaseTransform, TRANSFORMS


@TRANSFORMS.register_module()
class MyTransform(BaseTransform):

    def __init__(self, shift=0):
        self.shift = shift

    def transform(self, results):
        results['img'] = results['img'] + self.shift
        return results
"""

L1_LOSS = """
import torch
import torch.nn as nn

from {builder} import LOSSES
from {losses} import weighted_loss


@weighted_loss
def l1_loss(pred, target):
    assert pred.size() == target.size() and target.numel() > 0
    loss = torch.abs(pred - target)
    return loss


@LOSSES.register_module()
class L1Loss(nn.Module):

    def __init__(self, reduction='mean', loss_weight=1.0):
        super(L1Loss, self).__init__()
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(self, pred, target, weight=None, avg_factor=None, reduction_override=None):
        assert reduction_override in (None, 'none', 'mean', 'sum')
        reduction = (reduction_override if reduction_override else self.reduction)
        if target.dim() == 1:
            target = nn.functional.one_hot(target, pred.size(1)).float()
        loss = self.loss_weight * l1_loss(
            pred, target, weight, reduction=reduction, avg_factor=avg_factor)
        return loss
"""
L1_LOSS_OLD = L1_LOSS.format(builder="mmcls.models.builder", losses="mmcls.models.losses.utils")
L1_LOSS_NEW = L1_LOSS.replace("LOSSES", "MODELS").format(
    builder="mmpretrain.registry", losses="mmpretrain.models.losses.utils"
)

HEAD_OLD = """
import torch.nn as nn
from mmcv.cnn import normal_init
from mmcls.models.builder import HEADS
from mmcls.models.heads.cls_head import ClsHead


@HEADS.register_module()
class MyHead(ClsHead):

    def __init__(self, num_classes, in_channels,
                 loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, )):
        super(MyHead, self).__init__(loss=loss, topk=topk)
        self.in_channels = in_channels
        self.num_classes = num_classes
        self._init_layers()

    def _init_layers(self):
        self.fc = nn.Linear(self.in_channels, self.num_classes)

    def init_weights(self):
        normal_init(self.fc, mean=0, std=0.01, bias=0)

    def simple_test(self, x, softmax=True, post_process=True):
        x = self.pre_logits(x)
        return super().simple_test(self.fc(x.flatten(1)), softmax, post_process)

    def forward_train(self, x, gt_label):
        x = self.pre_logits(x)
        cls_score = self.fc(x.flatten(1))
        losses = self.loss(cls_score, gt_label)
        return losses
"""

HEAD_NEW = """
import torch.nn as nn
from mmpretrain.registry import MODELS
from mmpretrain.models.heads import ClsHead


@MODELS.register_module()
class MyHead(ClsHead):

    def __init__(self, num_classes, in_channels, loss=dict(type='CrossEntropyLoss'),
                 init_cfg=dict(type='Normal', layer='Linear', std=0.01), **kwargs):
        super().__init__(loss=loss, init_cfg=init_cfg, **kwargs)
        self.num_classes = num_classes
        self.fc = nn.Linear(in_channels, num_classes)

    def pre_logits(self, feats):
        return feats[-1].flatten(1)

    def forward(self, feats):
        return self.fc(self.pre_logits(feats))
"""

NECK_OLD = """
import torch.nn as nn
from mmcls.models.builder import NECKS


@NECKS.register_module()
class MyNeck(nn.Module):

    def __init__(self, dim=2):
        super(MyNeck, self).__init__()
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def init_weights(self):
        pass

    def forward(self, inputs):
        return tuple(self.gap(x) for x in inputs)
"""

NECK_NEW = """
import torch.nn as nn
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS


@MODELS.register_module()
class MyNeck(BaseModule):

    def __init__(self, dim=2, init_cfg=None):
        super().__init__(init_cfg)
        self.gap = nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, inputs):
        return tuple(self.gap(x) for x in inputs)
"""

MODEL = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=-1),
    neck=dict(type='MyNeck'),
    head=dict(type='MyHead', num_classes=10, in_channels=120, loss=dict(type='L1Loss')))
"""
PARTS_OLD = {"my_head_old": HEAD_OLD, "my_neck_old": NECK_OLD, "my_loss_old": L1_LOSS_OLD}
PARTS_NEW = {"my_head_new": HEAD_NEW, "my_neck_new": NECK_NEW, "my_loss_new": L1_LOSS_NEW}

RESNET = """
import torch.nn as nn
from mmcv.cnn import build_conv_layer, build_norm_layer

from {package}.{registry} import {kind}
from {package}.models.backbones.resnet import ResNet


@{kind}.register_module()
class SmallStem(ResNet):

    def __init__(self, depth, deep_stem=False, **kwargs):
        super(SmallStem, self).__init__(depth, deep_stem=deep_stem, **kwargs)
        assert not self.deep_stem, 'SmallStem does not support deep_stem'

    def _make_stem_layer(self, in_channels, base_channels):
        self.conv1 = build_conv_layer(
            self.conv_cfg, in_channels, base_channels, kernel_size=3, stride=1, padding=1,
            bias=False)
        self.norm1_name, norm1 = build_norm_layer(self.norm_cfg, base_channels, postfix=1)
        self.add_module(self.norm1_name, norm1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.norm1(self.conv1(x)))
        outs = []
        for i, layer_name in enumerate(self.res_layers):
            x = getattr(self, layer_name)(x)
            if i in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def init_weights(self):
        super().init_weights()
        if self.init_cfg is not None and 'Pretrained' in str(self.init_cfg):
            return
        nn.init.constant_(self.conv1.weight, 0.05)
"""
RESNET_OLD = RESNET.format(package="mmcls", registry="models.builder", kind="BACKBONES")
RESNET_NEW = RESNET.format(package="mmpretrain", registry="registry", kind="MODELS")

HEAD_ON_SAMPLES = """
import torch
import torch.nn as nn
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class MyHead(BaseModule):

    def __init__(self, num_classes, in_channels, loss=dict(type='CrossEntropyLoss'),
                 init_cfg=dict(type='Normal', layer='Linear', std=0.01)):
        super().__init__(init_cfg=init_cfg)
        self.loss_module = MODELS.build(loss)
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, feats):
        return self.fc(feats[-1].flatten(1))

    def loss(self, feats, data_samples, **kwargs):
        if 'gt_score' in data_samples[0]:
            target = torch.stack([i.gt_score for i in data_samples])
        else:
            target = torch.cat([i.gt_label for i in data_samples])
        cls_score = self(feats)
        loss = self.loss_module(cls_score, target, avg_factor=cls_score.size(0), **kwargs)
        return dict(loss=loss, aux_loss=[cls_score.pow(2)])

    def predict(self, feats, data_samples=None):
        out = []
        for score in self(feats).softmax(1):
            sample = DataSample()
            out.append(sample.set_pred_score(score).set_pred_label(score.argmax()))
        return out
"""

HEAD_ON_LOSS = """
from mmpretrain.registry import MODELS
from mmpretrain.models import LinearClsHead


@MODELS.register_module()
class MyHead(LinearClsHead):

    def __init__(self, weight=0.5, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight

    def pre_logits(self, feats):
        return feats[-1].flatten(1)

    def loss(self, feats, data_samples, **kwargs):
        labels = [sample.get('gt_label') for sample in data_samples]
        assert all(label is None or label.numel() == 1 for label in labels)
        losses = super().loss(feats, data_samples, **kwargs)
        return dict(main_loss=losses['loss'] * self.weight)

    def predict(self, feats, data_samples=None):
        samples = super().predict(feats, data_samples)
        for sample in samples:
            sample.set_pred_score(sample.pred_score * 0.5)
        return samples
"""

HEAD_FROM_BASE = """
import torch.nn as nn
import torch.nn.functional as F
from mmcls.models.builder import HEADS, build_loss
from mmcls.models.heads.base_head import BaseHead


@HEADS.register_module()
class MyHead(BaseHead):

    def __init__(self, num_classes, in_channels, loss=dict(type='CrossEntropyLoss')):
        super(MyHead, self).__init__(
            init_cfg=dict(type='Normal', layer='Linear', std=0.01))
        self.compute_loss = build_loss(loss)
        self.fc = nn.Linear(in_channels, num_classes)

    def forward_train(self, x, gt_label, **kwargs):
        cls_score = self.fc(x[-1].flatten(1))
        loss = self.compute_loss(cls_score, gt_label, avg_factor=len(cls_score), **kwargs)
        return dict(loss=loss, accuracy={'top-1': cls_score.argmax(1).float().mean()})

    def simple_test(self, x, post_process=True):
        scores = F.softmax(self.fc(x[-1].flatten(1)), dim=1)
        return list(scores.detach().cpu().numpy()) if post_process else scores
"""

TENSOR_NET = """
import torch.nn as nn


class Net(nn.Module):

    def __init__(self, width=6):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3, 2)

    def forward(self, x):
        return self.conv(x).relu()
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder for a user's modules and configs; nothing of it stays behind."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    modules, meta_path = dict(sys.modules), list(sys.meta_path)
    everything = [place for root in registries.ROOTS.values() for place in root.family]
    names = [dict(place.module_dict) for place in everything]
    yield tmp_path
    assert sys.meta_path == meta_path
    assert not [name for name in sys.modules if name.split(".")[0] in ("mmcv", "mmcls", "mmengine")]
    for name in set(sys.modules) - set(modules):
        if name.startswith("my_"):
            del sys.modules[name]
    for place, own in zip(everything, names, strict=True):
        place.module_dict.clear()
        place.module_dict.update(own)


def write(folder, modules, config, name="config.py"):
    """Write modules and a config that imports them; returns the path of the config."""
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(dedent(text))
    imports = f"\ncustom_imports = dict(imports={list(modules)}, allow_failed_imports=False)\n"
    (folder / name).write_text(config + imports)
    return folder / name


def translate(path):
    config = Config.fromfile(path)
    return try_translate(upgrade_config(config))


@pytest.mark.parametrize(
    ("base", "text"), [(LENET_OLD, MY_HOOK_OLD), (LENET_NEW, MY_HOOK_NEW)], ids=["0.x", "1.x"]
)
def test_hook_becomes_a_callback_when_in_custom_hooks(project, base, text):
    hooks = "\ncustom_hooks = [dict(type='MyHook', a=1, b=2, priority='LOW')]\n"
    path = write(project, {"my_hooks": text}, base + hooks)
    spec = translate(path).spec
    (call,) = [c for c in spec.callbacks if c.target == "mmlight.hooks.hook_callback.as_callback"]
    assert call.kwargs["hook"] == Call("my_hooks.MyHook", {"a": 1, "b": 2})
    assert call.kwargs["generation"] == ("0.x" if base is LENET_OLD else "1.x")
    hook = sys.modules["my_hooks"].MyHook(1, 2)
    assert "before_run" in hook.get_triggered_stages()
    assert "after_train_iter" in hook.get_triggered_stages()


@pytest.mark.parametrize(
    ("base", "text"),
    [(LENET_OLD, MY_OPTIMIZER_OLD), (LENET_NEW, MY_OPTIMIZER_NEW)],
    ids=["0.x", "1.x"],
)
def test_optimizer_steps_when_registered(project, base, text):
    chosen = "dict(type='MyOptimizer', a=0.01, b=2, c=3)"
    words = f"\noptimizer = {chosen}\noptim_wrapper = dict(optimizer={chosen})\n"
    words = words.split("\n")[1 if base is LENET_OLD else 2]
    path = write(project, {"my_optimizer": text}, f"{base}\n{words}\n")
    spec = read_spec(path)
    assert spec.model["optimizer"].kwargs["optimizer"] == "my_optimizer.MyOptimizer"
    parts = fit(shorten(spec))
    assert type(parts.trainer.optimizers[0]).__module__ == "my_optimizer"
    assert parts.trainer.global_step == 2


def test_constructor_builds_when_registered_without_parentheses(project):
    modules = {"my_optimizer": MY_OPTIMIZER_OLD, "my_constructor": MY_CONSTRUCTOR_OLD}
    translate(write(project, modules, LENET_OLD))
    with provide_names():
        from mmcv.runner import build_optimizer
    net = torch.nn.Linear(2, 3)
    chosen = dict(type="MyOptimizer", a=0.5, b=1, c=1)
    optimizer = build_optimizer(net, dict(chosen, constructor="MyOptimizerConstructor"))
    assert type(optimizer).__name__ == "MyOptimizer"
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 1]


def test_constructor_builds_when_it_wraps(project):
    translate(write(project, {"my_constructor": MY_CONSTRUCTOR_NEW}, LENET_NEW))
    build = registries.mmdet3d.OPTIM_WRAPPER_CONSTRUCTORS.get("MyOptimizerConstructor")
    wrapper = build(dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.5)))
    net = torch.nn.Linear(1, 1, bias=False)
    net.weight.data.fill_(1)
    wrapped = wrapper(net)
    wrapped.update_params(net(torch.ones(1, 1)).sum())
    assert net.weight.item() == 0.5


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_dataset_and_transform_train_when_registered(project, generation):
    write_image_folder(project / "images", per_class=2, size_px=32)
    lines = [f"{label}/{n:04}.png {label}" for label in range(10) for n in range(2)]
    (project / "train.txt").write_text("\n".join(lines))
    old = generation == "0.x"
    modules = {
        "my_filelist": FILELIST_OLD if old else FILELIST_NEW,
        "my_transform": MY_TRANSFORM_OLD if old else MY_TRANSFORM_NEW,
    }
    words = f"ann_file={str(project / 'train.txt')!r}, data_prefix={str(project / 'images')!r}"
    load = "dict(type='LoadImageFromFile', color_type='grayscale')"
    steps = f"{load}, dict(type='MyTransform', shift=1)"
    config = LENET_OLD if old else LENET_NEW
    if old:
        packed = "dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])"
        dataset = f"dict(type='Filelist', {words}, pipeline=[{steps}, {packed}])"
        config += f"\ndata['train'] = {dataset}\n"
    else:
        dataset = f"dict(type='Filelist', {words}, pipeline=[{steps}, dict(type='PackInputs')])"
        config += f"\ntrain_dataloader['dataset'] = {dataset}\n"
    spec = read_spec(write(project, modules, config))
    targets = {call.target for call in find_calls(spec.data)}
    assert {"my_filelist.Filelist", "my_transform.MyTransform"} <= targets
    parts = fit(shorten(spec))
    dataset = parts.data.train.dataset
    assert len(dataset) == 20
    assert dataset[3]["inputs"].shape == (1, 32, 32)
    assert dataset[19]["target"] == 9
    assert parts.model.classes == tuple("0123456789")


@pytest.mark.parametrize(
    ("base", "modules"), [(LENET_OLD, PARTS_OLD), (LENET_NEW, PARTS_NEW)], ids=["0.x", "1.x"]
)
def test_head_neck_and_loss_train_when_registered(project, base, modules):
    spec = read_spec(write(project, modules, base + MODEL))
    end = "old" if base is LENET_OLD else "new"
    assert spec.model["head"].target == f"my_head_{end}.MyHead"
    assert spec.model["neck"].target == f"my_neck_{end}.MyNeck"
    assert spec.model["head"].kwargs["loss"] == {"type": "L1Loss"}
    parts = fit(shorten(spec))
    assert type(parts.model.head.loss_module).__module__ == f"my_loss_{end}"
    assert parts.model.head.fc.weight.grad is None or parts.trainer.global_step == 2
    weights = parts.model.head.fc.weight
    assert 0 < weights.std() < 0.05


def test_configs_do_not_disturb_each_other_when_of_two_generations(project):
    old = write(project, PARTS_OLD, LENET_OLD + MODEL, "old.py")
    new = write(project, PARTS_NEW, LENET_NEW + MODEL, "new.py")
    specs = [read_spec(path) for path in (old, new, old)]
    homes = [spec.model["head"].target for spec in specs]
    assert homes == ["my_head_old.MyHead", "my_head_new.MyHead", "my_head_old.MyHead"]
    heads = [build_spec(shorten(spec)).model.head for spec in specs]
    losses = [type(head.loss_module).__module__ for head in heads]
    assert losses == ["my_loss_old", "my_loss_new", "my_loss_old"]


def test_class_under_a_built_in_name_is_refused_unless_forced(project):
    text = NECK_OLD.replace("MyNeck", "GlobalAveragePooling")
    config = LENET_OLD.replace("neck=None", "neck=dict(type='GlobalAveragePooling')")
    path = write(project, {"my_neck": text}, config)
    with pytest.raises(MMLightError, match="'GlobalAveragePooling' is a built-in model"):
        translate(path)
    forced = text.replace("register_module()", "register_module(force=True)")
    path = write(project, {"my_forced_neck": forced}, config)
    spec = translate(path).spec
    assert spec.model["neck"].target == "my_forced_neck.GlobalAveragePooling"


def model_of(backbone, channels, *, loss="CrossEntropyLoss", neck="MyNeck", head="MyHead"):
    return (
        f"\nmodel = dict(type='ImageClassifier', backbone=dict({backbone}), "
        f"neck=dict(type={neck!r}), head=dict(type={head!r}, num_classes=10, "
        f"in_channels={channels}, loss=dict(type={loss!r})))\n"
    )


SMALL_STEM = "type='SmallStem', depth=18, in_channels=1, stem_channels=4, base_channels=4"
LENET = "type='LeNet5', num_classes=-1"
# the loss of the tutorial wants a score for each class: of mixed labels, or of one-hot ones
MIXED = """
model['train_cfg'] = dict(
    augments=[dict(type='BatchMixup', alpha=0.2, num_classes=10, prob=1.)])
"""
TAKES_INDICES = """
        if target.dim() == 1:
            target = nn.functional.one_hot(target, pred.size(1)).float()"""
ONE_HOT = "\ndata_preprocessor['to_onehot'] = True\n"


def train(path):
    """Train for two batches; every parameter must have moved."""
    parts = fit(shorten(read_spec(path)))
    assert parts.trainer.global_step == 2
    assert torch.isfinite(torch.tensor([float(v) for v in parts.trainer.callback_metrics.values()]))
    (optimizer,) = parts.trainer.optimizers
    for name, value in parts.model.named_parameters():
        assert optimizer.state[value]["momentum_buffer"].abs().max() > 0, name
    return parts.model


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_everything_of_a_user_trains_together(project, generation):
    old = generation == "0.x"
    modules = {**(PARTS_OLD if old else PARTS_NEW), "my_net": RESNET_OLD if old else RESNET_NEW}
    modules = {name: text.replace(TAKES_INDICES, "") for name, text in modules.items()}
    text = model_of(SMALL_STEM, 32, loss="L1Loss")
    config = LENET_OLD + text + MIXED if old else LENET_NEW + ONE_HOT + text
    model = train(write(project, modules, config))
    assert type(model.backbone).__module__ == "my_net"
    assert model.backbone.conv1.weight.shape == (4, 1, 3, 3)
    (feature,) = model.backbone(torch.rand(2, 1, 32, 32))
    assert feature.shape == (2, 32, 4, 4)  # 32 / 2 / 2 / 2, where a usual stem divides by 4 more


@pytest.mark.parametrize("base", [LENET_OLD, LENET_NEW], ids=["0.x", "1.x"])
def test_backbone_with_another_stem_trains(project, base):
    modules = {"my_net": RESNET_OLD if base is LENET_OLD else RESNET_NEW}
    text = model_of(SMALL_STEM, 32, neck="GlobalAveragePooling", head="LinearClsHead")
    model = train(write(project, modules, base + text))
    assert 0.02 < model.backbone.conv1.weight.mean() < 0.08  # it began at 0.05
    assert "backbone.conv1.weight" in model.name_map().to_ours
    assert "backbone.bn1.weight" in model.name_map().to_ours


@pytest.mark.parametrize(
    ("base", "text", "scale"),
    [
        (LENET_OLD, HEAD_OLD, 1),
        (LENET_OLD, HEAD_FROM_BASE, 1),
        (LENET_NEW, HEAD_NEW, 1),
        (LENET_NEW, HEAD_ON_SAMPLES, 1),
        (LENET_NEW, HEAD_ON_LOSS, 0.5),
    ],
    ids=["forward_train", "base_head", "forward", "data_samples", "super_loss"],
)
def test_head_of_any_style_trains_and_predicts(project, base, text, scale):
    neck = {"my_neck": NECK_OLD if base is LENET_OLD else NECK_NEW}
    model = train(write(project, {"my_head": text, **neck}, base + model_of(LENET, 120)))
    scores = model.eval()(torch.rand(3, 1, 32, 32))
    torch.testing.assert_close(scores.sum(1), torch.full((3,), float(scale)))


@pytest.mark.parametrize("text", [HEAD_ON_SAMPLES, HEAD_ON_LOSS])
def test_head_gets_mixed_labels_when_augments_mix_them(project, text):
    mixed = "\nmodel['train_cfg'] = dict(augments=dict(type='Mixup', alpha=0.8))\n"
    config = LENET_NEW + model_of(LENET, 120) + mixed
    train(write(project, {"my_head": text, "my_neck": NECK_NEW}, config))


@pytest.mark.parametrize("base", [LENET_OLD, LENET_NEW], ids=["0.x", "1.x"])
def test_any_module_is_a_backbone_by_its_path(project, base):
    (project / "my_pkg_net.py").write_text(TENSOR_NET)
    sys.path.insert(0, str(project))
    text = model_of(
        "type='my_pkg_net.Net', width=7", 7, neck="GlobalAveragePooling", head="LinearClsHead"
    )
    model = train(write(project, {}, base + text))
    assert type(model.backbone).__name__ == "Net"


def test_network_of_torchvision_is_a_backbone_that_gives_logits(project):
    head = "head=dict(type='ClsHead')"
    net = "backbone=dict(type='torchvision.models.squeezenet1_1', num_classes=10)"
    config = LENET_NEW + f"\nmodel = dict(type='ImageClassifier', {net}, {head})\n"

    spec = read_spec(write(project, {}, config))
    assert spec.model["backbone"].target == "torchvision.models.squeezenet1_1"
    model = build_spec(shorten(spec)).model.eval()
    scores = model(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(scores.sum(1), torch.ones(2))


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("os.getcwd", "backbone must be a torch.nn.Module, got '"),
        ("fractions.Fraction", r"backbone must be a torch.nn.Module, got Fraction\(0, 1\)"),
        ("torchvision.models", "'torchvision.models' is no class"),
        ("my_lost_package.Net", "'my_lost_package.Net' cannot be imported"),
    ],
)
def test_backbone_is_refused_when_its_path_leads_to_no_module(project, kind, problem):
    path = write(
        project, {}, LENET_NEW + model_of(f"type={kind!r}", 7, neck="GlobalAveragePooling")
    )
    path.write_text(path.read_text().replace("'MyHead'", "'LinearClsHead'"))
    with pytest.raises(MMLightError, match=problem) as caught:
        build_spec(shorten(read_spec(path)))
    assert caught.value.path == "model.backbone"
    assert str(caught.value.origin).startswith(str(path))
