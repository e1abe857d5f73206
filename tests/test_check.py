import pytest
from torch import nn

from mmlight.check import check_calls, check_classes, find_target
from mmlight.errors import ConfigError, ConfigErrors, UnsupportedValueError
from mmlight.module import ImageClassifier
from mmlight.read.node import Origin
from mmlight.spec import Call, Spec

LENET = "mmlight.models.backbones.lenet.LeNet5"


def _lenet(**kwargs: object) -> Call:
    origins = dict.fromkeys(kwargs, Origin("a.py", 9))
    return Call(LENET, kwargs, path="model.backbone", origins=origins, origin=Origin("a.py", 2))


def test_finds_a_class() -> None:
    assert find_target(Call("torch.nn.ReLU")) is nn.ReLU


@pytest.mark.parametrize("target", ["torch.nn.RelU", "no_such_package.X", "nowhere"])
def test_tells_when_a_path_leads_nowhere(target: str) -> None:
    with pytest.raises(ConfigError, match=f"'{target}' cannot be imported") as error:
        find_target(Call(target, path="model.neck", origin=Origin("a.py", 4)))
    assert (error.value.path, error.value.origin) == ("model.neck", "a.py:4")


def test_accepts_what_the_signature_takes() -> None:
    optimizer = Call(
        "mmlight.optim.optimizer.OptimizerBuilder",
        {"optimizer": "torch.optim.SGD", "options": {"lr": 0.1}},
    )
    check_calls(Spec(model={"backbone": _lenet(num_classes=3), "optimizer": optimizer}))


def test_names_line_and_neighbour_of_an_unknown_argument() -> None:
    with pytest.raises(
        UnsupportedValueError, match="LeNet5 takes no argument 'num_clases', got 3"
    ) as e:
        check_calls(Spec(model={"backbone": _lenet(num_clases=3)}))
    assert e.value.path == "model.backbone.num_clases"
    assert e.value.origin == "a.py:9"
    assert e.value.nearest == "num_classes"


def test_names_a_missing_argument() -> None:
    call = Call("torch.nn.Linear", {"in_features": 3}, path="model.neck")
    with pytest.raises(UnsupportedValueError, match="Linear needs the argument 'out_features'"):
        check_calls(Spec(model={"neck": call}))


def test_looks_into_calls_that_come_later() -> None:
    """The optimizer is made after the model, its arguments are checked before."""
    builder = "mmlight.optim.optimizer.OptimizerBuilder"
    options = {"lr": 0.1, "momentun": 0.9}
    call = Call(builder, {"optimizer": "torch.optim.SGD", "options": options}, path="optimizer")
    with pytest.raises(UnsupportedValueError, match="SGD takes no argument 'momentun'") as error:
        check_calls(Spec(model={"optimizer": call}))
    assert error.value.nearest == "momentum"
    assert "params" not in error.value.expected
    sampler = Call(
        "mmlight.data.sampler_builder.SamplerBuilder",
        {"sampler": "mmlight.data.samplers.DefaultSampler", "options": {"shufle": True}},
    )
    with pytest.raises(UnsupportedValueError, match="DefaultSampler takes no argument 'shufle'"):
        check_calls(Spec(model={}, data={"train": sampler}))


def test_reports_all_problems_at_once() -> None:
    log = Call("mmlight.callbacks.TextLog", {"work_dir": "w", "intervall": 1}, path="logger")
    with pytest.raises(ConfigErrors) as error:
        check_calls(Spec(model={"backbone": _lenet(a=1, b=2)}, callbacks=(log,)))
    assert [item.path for item in error.value.errors] == [
        "model.backbone.a",
        "model.backbone.b",
        "logger.intervall",
    ]


def _classifier(head_classes: int | None, names: tuple[str, ...]) -> ImageClassifier:
    head = nn.Identity()
    head.num_classes = head_classes  # type: ignore[assignment]
    model = ImageClassifier(nn.Identity(), head)
    model.classes = names
    return model


def test_compares_the_classes_of_model_and_data() -> None:
    spec = Spec(model={"backbone": _lenet(num_classes=2)})
    check_classes(_classifier(2, ("a", "b")), spec)
    check_classes(_classifier(None, ("a", "b")), spec)
    check_classes(_classifier(2, ()), spec)
    with pytest.raises(UnsupportedValueError, match="tells 3 classes apart, the data has 2") as e:
        check_classes(_classifier(3, ("a", "b")), spec)
    assert (e.value.path, e.value.origin) == ("model.backbone.num_classes", "a.py:9")
    assert e.value.next_step == "Set num_classes=2, or the `classes` of the dataset."
