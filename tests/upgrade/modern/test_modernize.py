import re

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.upgrade.modern.modernize import ORDER, drop_helpers, modernize

OLD = dict(
    optimizer=dict(type="SGD", lr=0.1),
    optimizer_config=dict(grad_clip=None),
    lr_config=dict(policy="step", step=[2]),
    runner=dict(type="EpochBasedRunner", max_epochs=3),
)


def test_words_are_those_of_mmpretrain_when_training_alone():
    config = modernize(Config(OLD))
    assert config.optim_wrapper == dict(optimizer=OLD["optimizer"])
    assert config.param_scheduler == dict(
        type="MultiStepLR", by_epoch=True, milestones=[2], gamma=0.1
    )
    assert config.train_cfg == dict(by_epoch=True, max_epochs=3)
    assert (config.default_scope, config.load_from, config.resume) == ("mmpretrain", None, False)


def test_keys_are_in_the_order_of_mmpretrain_when_modern():
    keys = list(modernize(Config(OLD)).values)
    assert keys == [key for key in ORDER if key in keys]


def test_source_is_left_alone_when_modern():
    config = Config(OLD)
    modernize(config)
    assert config.to_dict() == OLD


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (dict(optim_wrapper=dict()), "'optim_wrapper' is a word of mmpretrain 1.x already"),
        (dict(model=dict()), "no key of it is a word of mmcls 0.x"),
    ],
)
def test_refused_when_not_old(words, problem):
    with pytest.raises(ConfigError, match=re.escape(problem)) as raised:
        modernize(Config(words, filename="new.py"))
    assert raised.value.path == "new.py"


def test_key_stays_with_a_note_when_nobody_knows_it():
    config = modernize(Config(dict(**OLD, my_key=3)))
    assert config.my_key == 3
    assert "my_key: mmpretrain has no such key; it is kept as it was." in map(str, config.notes)


def test_helpers_go_when_read_by_the_file():
    config = Config(dict(mean=[1], other=2, model=dict()), names_read=frozenset({"mean"}))
    dropped = drop_helpers(config)
    assert (list(dropped.values), len(dropped.notes)) == (["model", "other"], 1)


def test_types_have_no_scope_when_it_is_that_of_mmcls():
    model = dict(type="mmcls.ImageClassifier", neck=[dict(type="mmcls.GAP"), dict(type="mmdet.X")])
    config = modernize(Config(dict(**OLD, model=model)))
    assert config.model == dict(
        type="ImageClassifier", neck=[dict(type="GAP"), dict(type="mmdet.X")]
    )


@pytest.mark.parametrize(
    "data",
    [
        dict(type="MyImages", pipeline=dict(a=[dict(type="RandomFlip")])),
        dict(type="MyImages", pipeline=["x", dict(type="RandomFlip")]),
        dict(type="MyImages", pipeline=3),
        dict(type={}, pipeline=[]),
        dict(type="ImageNet", data_prefix="a/train", ann_file=1.5, pipeline=[]),
        dict(type="VOC", pipeline=[len, dict(type="Compose", transforms=[len])]),
    ],
)
def test_values_stay_when_nothing_is_known_of_them(data):
    words = dict(
        data=dict(train=data, val=data),
        model=dict(type="ImageClassifier", backbone=3, head=[1], init_cfg=3),
        evaluation=dict(interval="x"),
        runner=dict(type="EpochBasedRunner", max_epochs=3),
        dataset_type=["x"],
        data_preprocessor=False,
    )
    new = modernize(Config(words))
    assert (new.model.backbone, new.model.head, new.train_cfg.val_interval) == (3, [1], "x")
    assert new.train_dataloader.dataset.get("type") == data["type"]
    pipeline = data["pipeline"]
    if data["type"] == "MyImages" and isinstance(pipeline, list):
        assert new.train_dataloader.dataset.pipeline == ["x", dict(type="RandomFlip", prob=0.5)]
    elif isinstance(pipeline, (dict, list)):
        assert len(new.train_dataloader.dataset.pipeline) == len(pipeline)
