import copy
import inspect

import lightning as L
import pytest
import torch
from lightning.pytorch.plugins import TorchSyncBatchNorm
from lightning.pytorch.strategies import DDPStrategy
from timm.layers.norm_act import BatchNormAct2d, SyncBatchNormAct
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmlight.layer_sync import SyncBatchNorms
from mmlight.models.backbones.mobilenet_v2 import MobileNetV2
from mmlight.models.backbones.resnet import ResNet
from mmlight.module import ImageClassifier


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 32, 32)


@pytest.mark.parametrize("make", [MobileNetV2, lambda: ResNet(18)], ids=["with", "without"])
def test_computes_the_same_when_synchronized_and_back(make, images) -> None:
    net = make().eval()
    before = net(images)[0]
    sync = SyncBatchNorms()
    converted = sync.apply(net)
    assert not any(type(layer) in (nn.BatchNorm2d, BatchNormAct2d) for layer in converted.modules())
    torch.testing.assert_close(converted(images)[0], before)
    back = sync.revert(converted).eval()
    assert not any(isinstance(layer, nn.SyncBatchNorm) for layer in back.modules())
    torch.testing.assert_close(back(images)[0], before)


def test_trained_statistics_stay_when_synchronized_and_back(images) -> None:
    net = MobileNetV2()
    net(images)
    state = copy.deepcopy(net.state_dict())
    back = SyncBatchNorms().revert(SyncBatchNorms().apply(net))
    assert back.training
    torch.testing.assert_close(back.state_dict(), state)


def test_norms_that_are_synchronized_already_stay(images) -> None:
    net = MobileNetV2(norm_cfg={"type": "SyncBN"}).eval()
    before = net(images)[0]
    torch.testing.assert_close(SyncBatchNorms().apply(net)(images)[0], before)


def test_torchs_converter_still_loses_activations(images) -> None:
    net = TorchSyncBatchNorm().apply(MobileNetV2())
    assert not any(isinstance(layer, SyncBatchNormAct) for layer in net.modules())


@pytest.mark.parametrize(("flag", "kind"), [(True, SyncBatchNorms), (False, type(None))])
def test_classifier_exchanges_the_plugin_when_the_trainer_has_it(flag, kind) -> None:
    trainer = L.Trainer(accelerator="cpu", strategy="ddp", sync_batchnorm=flag, logger=False)
    model = ImageClassifier(MobileNetV2(), None)
    model.trainer = trainer
    model.setup("fit")
    assert type(trainer.strategy._layer_sync) is kind


@pytest.mark.parametrize("flags", [{}, {"broadcast_buffers": True}], ids=["default", "told"])
def test_classifier_keeps_buffers_apart_unless_the_strategy_was_told_otherwise(flags) -> None:
    trainer = L.Trainer(accelerator="cpu", strategy=DDPStrategy(**flags), logger=False)
    model = ImageClassifier(MobileNetV2(), None)
    model.trainer = trainer
    model.setup("fit")
    given = trainer.strategy._ddp_kwargs
    assert list(given.values()) == [bool(flags)]
    assert given.keys() <= inspect.signature(DistributedDataParallel).parameters.keys()
