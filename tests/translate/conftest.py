import copy

import pytest

from mmlight.errors import ConfigErrors, MMLightError
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config

PIPELINE = [dict(type="Resize", scale=32), dict(type="PackInputs")]
LOADER = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(type="CustomDataset", data_root="x", pipeline=PIPELINE),
    sampler=dict(type="DefaultSampler", shuffle=True),
)
WORDS = dict(
    model=dict(
        type="ImageClassifier",
        backbone=dict(type="LeNet5", num_classes=10),
        head=dict(type="ClsHead", loss=dict(type="CrossEntropyLoss")),
    ),
    train_dataloader=LOADER,
    val_dataloader=LOADER,
    val_evaluator=dict(type="Accuracy", topk=(1,)),
    optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
    train_cfg=dict(by_epoch=True, max_epochs=3),
    val_cfg=dict(),
)


def _translate(options=(), **words):
    """Translate a small config, with whole keys replaced, or overridden by dotted paths."""
    config = Config({**copy.deepcopy(WORDS), **words})
    config.merge_from_dict(dict(options))
    return translate_config(config)


@pytest.fixture
def translate():
    return _translate


@pytest.fixture
def problems():
    """Return what is wrong with a config, as `path: problem`."""

    def find(options=(), **words):
        with pytest.raises(MMLightError) as caught:
            _translate(options, **words)
        error = caught.value
        errors = error.errors if isinstance(error, ConfigErrors) else [error]
        return [f"{one.path}: {one.problem}" for one in errors]

    return find
