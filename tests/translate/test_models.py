import pytest

from mmlight.errors import UnsupportedValueError
from mmlight.read.config import Config
from mmlight.spec import Call
from mmlight.translate.translate import translate_config

B = "mmlight.models.backbones"
MIXUP = dict(type="Mixup", alpha=0.8)


def test_parts_become_calls_when_model(translate):
    model = translate({"model.neck.type": "GlobalAveragePooling"}).model
    assert model["backbone"] == Call(f"{B}.lenet.LeNet5", {"num_classes": 10})
    assert model["neck"] == Call("mmlight.models.necks.gap.GlobalAveragePooling")
    loss = Call("mmlight.models.losses.cross_entropy_loss.CrossEntropyLoss")
    assert model["head"] == Call("mmlight.models.heads.cls_head.ClsHead", {"loss": loss})
    assert model["head"].kwargs["loss"].path == "model.head.loss"


@pytest.mark.parametrize("scope", ["mmcls", "mmpretrain"])
def test_parts_become_calls_when_scoped(translate, scope):
    options = {"model.type": f"{scope}.ImageClassifier", "model.backbone.type": f"{scope}.LeNet5"}
    assert translate(options).model["backbone"].target == f"{B}.lenet.LeNet5"


def test_weights_are_named_when_pretrained(translate):
    model = translate({"model.pretrained": "a.pth"}).model
    expected = Call("mmlight.models.initializers.Pretrained", {"checkpoint": "a.pth"})
    assert model["init_cfg"] == expected
    init = dict(type="Pretrained", checkpoint="a.pth")
    assert translate({"model.init_cfg": init}).model["init_cfg"] == expected
    assert translate({"model.init_cfg": [init]}).model["init_cfg"] == [expected]
    backbone = translate({"model.backbone.init_cfg": init}).model["backbone"]
    assert backbone.kwargs["init_cfg"] == expected
    assert translate({"model.pretrained_last": False}).model["pretrained_last"] is False


def test_preprocessor_is_found_when_inside_or_beside(translate):
    words = dict(mean=[1.0], std=[2.0])
    expected = Call("mmlight.models.preprocessor.ImagePreprocessor", words)
    assert translate(data_preprocessor=words).model["preprocessor"] == expected
    inside = {"model.data_preprocessor": dict(type="ClsDataPreprocessor", **words)}
    assert translate(inside).model["preprocessor"] == expected
    assert "preprocessor" not in translate().model


def describe(model):
    kwargs = model["batch_augments"].kwargs
    augments = [(call.target.rpartition(".")[2], call.kwargs) for call in kwargs["augments"]]
    return augments, kwargs["probs"], kwargs["num_classes"], kwargs["generation"]


def test_batch_augments_are_found_when_train_cfg_or_preprocessor(translate):
    settings = dict(augments=MIXUP, probs=[0.5])
    expected = ([("Mixup", {"alpha": 0.8})], [0.5], 7, "1.x")
    in_model = {"model.train_cfg": settings, "model.head.num_classes": 7}
    assert describe(translate(in_model).model) == expected
    beside = dict(num_classes=7, batch_augments=settings)
    assert describe(translate(data_preprocessor=beside).model) == expected
    old = dict(augments=[MIXUP], num_classes=7, generation="0.x")
    model = translate({"model.train_cfg": old}).model
    assert describe(model) == ([("Mixup", {"alpha": 0.8})], None, 7, "0.x")


REFUSED = {
    "no model": (dict(model=None), "model: "),
    "other model": (
        {"model.type": "MyClassifier"},
        "model.type: the model type 'MyClassifier' is no image classifier",
    ),
    "unknown backbone": (
        {"model.backbone.type": "LeNet6"},
        "model.backbone.type: unknown model type 'LeNet6'",
    ),
    "unknown loss": (
        {"model.head.loss.type": "CrossLoss"},
        "model.head.loss.type: unknown model type 'CrossLoss'",
    ),
    "unknown key": (
        {"model.bakbone": 3},
        "model.bakbone: unknown key 'bakbone' with value 3",
    ),
    "unknown initializer": (
        {"model.init_cfg": dict(type="Pretraind")},
        "model.init_cfg.type: unknown initializer type 'Pretraind'",
    ),
    "unknown augment": (
        {"model.train_cfg": dict(augments=dict(type="Mixip"), num_classes=3)},
        "model.train_cfg.augments.type: unknown batch augment type 'Mixip'",
    ),
    "no number of classes": (
        {"model.train_cfg": dict(augments=MIXUP)},
        "model.train_cfg.augments: batch augments need the number of classes",
    ),
    "backbone is no dict": ({"model.backbone": 3}, "model.backbone: the value 3 cannot be used"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_model_is_refused_when(problems, case):
    options, text = REFUSED[case]
    found = problems(**options) if "model" in options else problems(options)
    assert any(problem.startswith(text) for problem in found)


@pytest.mark.parametrize("model", [None, dict(type="MyModel"), [1]])
def test_nothing_is_told_of_the_preprocessor_when_there_is_no_model(problems, model):
    (problem,) = problems(model=model, data_preprocessor=dict(mean=[1.0]))
    assert problem.startswith("model")


def test_model_is_refused_when_missing():
    with pytest.raises(UnsupportedValueError, match="model: the config has no model"):
        translate_config(Config({}))
