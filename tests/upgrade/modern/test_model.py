import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.modern.modernize import modernize

RUNNER = dict(max_epochs=1)


def upgrade(**model):
    config = modernize(Config(dict(model=model, runner=RUNNER)))
    notes = {n.path: n.text for n in config.notes if not n.quiet}
    return to_plain(config.model), notes


def mix(*probs):
    names = ("BatchMixup", "BatchCutMix")
    augments = [
        dict(type=name, alpha=1.0, num_classes=9, prob=prob)
        for name, prob in zip(names, probs, strict=False)
    ]
    model, notes = upgrade(train_cfg=dict(augments=augments))
    return model["train_cfg"], notes.get("model.train_cfg.augments")


def test_odds_go_when_even():
    told = "Which augment a batch gets is drawn from another generator: the same odds, other draws."
    augments = [dict(type="Mixup", alpha=1.0), dict(type="CutMix", alpha=1.0)]
    assert mix(0.5, 0.5) == (dict(augments=augments), told)
    assert mix(1.0) == (dict(augments=augments[:1]), None)


def test_odds_stay_when_some_batches_are_not_mixed():
    settings, told = mix(0.3, 0.3)
    assert (settings["probs"], "generation" in settings) == ([0.3, 0.3], False)
    assert told is not None


def test_words_of_ours_become_notes_when_resnet():
    init_cfg = dict(type="Pretrained", checkpoint="x")
    backbone = dict(type="ResNet", drop_path_rate=0.1, init_cfg=init_cfg)
    model, notes = upgrade(backbone=dict(backbone))
    assert model == dict(backbone=backbone)
    assert "every block had it" in notes["model.backbone.drop_path_rate"]
    assert "weights of the checkpoint come last" in notes["model.backbone.init_cfg"]


def test_no_notes_when_nothing_is_pretrained():
    model, notes = upgrade(backbone=dict(type="ResNet", depth=50))
    assert model == dict(backbone=dict(type="ResNet", depth=50))
    assert not [path for path in notes if path.startswith("model")]


@pytest.mark.parametrize(
    ("part", "words", "told"),
    [
        ("backbone", dict(type="T2T_ViT"), "type: multiplies the products"),
        ("backbone", dict(type="ConvNeXt", init_cfg=None), "type: have the eps of norm_cfg"),
        (
            "backbone",
            dict(type="VisionTransformer", with_cls_token=False),
            "with_cls_token: no class token at all",
        ),
        ("backbone", dict(type="EfficientNet", arch="es"), "arch: in the first convolution"),
        ("head", dict(type="ConformerHead"), "type: adds the losses"),
        ("head", dict(type="CSRAClsHead"), "type: predicts sigmoids"),
    ],
)
def test_words_of_ours_become_notes_when_mmpretrain_has_none(part, words, told):
    model, notes = upgrade(**{part: words})
    assert model[part] == words
    key, _, text = told.partition(": ")
    assert text in notes[f"model.{part}.{key}"]
