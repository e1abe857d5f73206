import pytest
from torch import nn

from mmlight.check.calls import check_calls, find_taken, find_target, mend_calls
from mmlight.errors import ConfigError, ConfigErrors, UnsupportedValueError
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
    log = Call("mmlight.compat.logger_hook.LoggerHook", {"intervall": 1}, path="logger")
    with pytest.raises(ConfigErrors) as error:
        check_calls(Spec(model={"backbone": _lenet(a=1, b=2)}, callbacks=(log,)))
    assert [item.path for item in error.value.errors] == [
        "model.backbone.a",
        "model.backbone.b",
        "logger.intervall",
    ]


def test_tells_when_a_path_leads_to_no_class() -> None:
    with pytest.raises(ConfigError, match=r"'math\.pi' is no class, it is 3\.14"):
        find_target(Call("math.pi"))


class _Base:
    def __init__(self, size: int, *, mode: str = "a") -> None:
        self.size = size


class _HandsOn(_Base):
    def __init__(self, depth: int = 1, **rest: object) -> None:
        super().__init__(size=3, **rest)  # type: ignore[arg-type]


class _TakesOut(_Base):
    def __init__(self, **rest: object) -> None:
        rest.pop("anything", None)
        super().__init__(**rest)  # type: ignore[arg-type]


class _KeepsThem:
    def __init__(self, **rest: object) -> None:
        self.rest = dict(**rest)


def test_follows_arguments_that_are_handed_on() -> None:
    assert find_taken(_HandsOn).names == ("depth", "size", "mode")
    assert find_taken(_HandsOn).required == ()
    assert not find_taken(_HandsOn).takes_any
    assert find_taken(_TakesOut).takes_any
    assert find_taken(_KeepsThem).takes_any


def test_names_the_neighbour_of_an_argument_of_a_base_class() -> None:
    call = Call("mmlight.data.datasets.mnist.MNIST", {"dat_root": "x"}, path="train.dataset")
    with pytest.raises(UnsupportedValueError, match="MNIST takes no argument 'dat_root'") as error:
        check_calls(Spec(model={}, data={"train": call}))
    assert error.value.nearest == "data_root"


def test_mends_what_is_misspelt_and_leaves_out_the_rest() -> None:
    builder = "mmlight.optim.optimizer.OptimizerBuilder"
    options = {"lr": 0.1, "momentun": 0.9, "zzz": 1}
    optimizer = Call(builder, {"optimizer": "torch.optim.SGD", "options": options})
    broken = Call("no.such.Thing", {"a": 1})
    both = _lenet(num_clases=3, num_classes=4, zzz=1)
    model = {"backbone": both, "o": [optimizer], "b": (broken,), "c": _lenet(num_clases=3)}
    kept = mend_calls(model)
    assert kept["backbone"].kwargs == {"num_classes": 4}
    assert kept["c"].kwargs == {"num_classes": 3}
    assert kept["o"][0].kwargs["options"] == {"lr": 0.1, "momentum": 0.9}
    assert kept["b"] == (broken,)
    assert options == {"lr": 0.1, "momentun": 0.9, "zzz": 1}


def test_shows_classes_by_name_and_cuts_long_values_when_an_argument_is_wrong() -> None:
    steps = [Call("torch.nn.ReLU", {"inplace": True})] * 30
    with pytest.raises(UnsupportedValueError) as caught:
        check_calls(Spec(model={"backbone": _lenet(pipeline=steps)}))
    problem = caught.value.problem
    assert problem.startswith("LeNet5 takes no argument 'pipeline', got [ReLU(...), ReLU(...)")
    assert len(problem) < 160
