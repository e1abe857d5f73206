import pytest

from mmlight.errors import UnsupportedTypeError
from mmlight.read.node import Origin, to_nodes
from mmlight.registry import Registry
from mmlight.translate.section import Report, Section
from mmlight.translate.table import Row, Table, bare_name

HERE = Origin("a.py", 3)


class MyNet:
    """Registered by a test."""


REGISTRY = Registry("net")
REGISTRY.register_module(module=MyNet)
INNER = Table("loss", [Row("Loss", "x.Loss")], Registry("loss"), file="f.py")
TABLE = Table(
    "net",
    [
        Row("ResNet", "x.ResNet"),
        Row(
            "Odd",
            "x.Odd",
            rename={"old": "new"},
            ignore={"dull": "It does nothing."},
            extra={"mode": "odd"},
        ),
    ],
    REGISTRY,
    file="f.py",
    nested={"loss": lambda: INNER},
)


def translate(**words):
    report = Report()
    return TABLE.translate(Section(to_nodes(words, HERE), "model", report)), report


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("ResNet", "x.ResNet"),
        ("mmpretrain.ResNet", "x.ResNet"),
        ("mmcls.ResNet", "x.ResNet"),
        ("MyNet", f"{MyNet.__module__}.MyNet"),
        ("mmpretrain.MyNet", f"{MyNet.__module__}.MyNet"),
        ("my_package.nets.Net", "my_package.nets.Net"),
        (Registry, "mmlight.registry.Registry"),
        (Registry.get, "mmlight.registry.Registry.get"),
    ],
    ids=lambda value: getattr(value, "__qualname__", value),
)
def test_target_is_found_when_name_is(name, target):
    call, report = translate(type=name, depth=50)
    assert (call.target, call.kwargs, report.errors) == (target, {"depth": 50}, [])
    assert (call.path, call.origin, call.origins) == ("model", HERE, {"depth": HERE})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ResNett", "ResNet"),
        ("resnet", "ResNet"),
        ("mmpretrain.Resnet", "ResNet"),
        ("mynet", "MyNet"),
        ("mmpretrain.models.ResNet", "ResNet"),
        ("Xyz", None),
        (5, None),
    ],
)
def test_type_is_refused_when_unknown(name, nearest):
    call, report = translate(type=name)
    (error,) = report.errors
    assert call is None
    assert isinstance(error, UnsupportedTypeError)
    assert (error.path, error.problem) == ("model.type", f"unknown net type {name!r}")
    assert (error.origin, error.nearest) == ("a.py:3", nearest)
    assert error.expected == "one of MyNet, Odd, ResNet"
    assert "f.py" in error.next_step


def test_type_is_refused_when_missing():
    _, report = translate(depth=50)
    assert report.errors[0].problem == "the net has no type"


def test_arguments_change_when_the_row_says_so():
    call, report = translate(type="Odd", old=1, dull=2, same=3)
    assert call.kwargs == {"mode": "odd", "new": 1, "same": 3}
    assert call.origins == {"new": HERE, "same": HERE}
    assert [str(note) for note in report.notes] == ["model.dull (a.py:3): It does nothing."]


def test_inner_types_are_translated_when_nested():
    call, _ = translate(type="ResNet", loss=dict(type="Loss", weight=(1, [2])))
    assert (call.kwargs["loss"].target, call.kwargs["loss"].path) == ("x.Loss", "model.loss")
    assert call.kwargs["loss"].kwargs == {"weight": (1, [2])}
    call, _ = translate(type="ResNet", loss=[dict(type="Loss"), dict(type="Loss")])
    assert [item.path for item in call.kwargs["loss"]] == ["model.loss[0]", "model.loss[1]"]
    call, _ = translate(type="ResNet", loss="plain", other=dict(type="Loss"))
    assert call.kwargs == {"loss": "plain", "other": {"type": "Loss"}}


def test_inner_types_are_refused_when_unknown():
    _, report = translate(type="ResNet", loss=[dict(type="Loss"), dict(type="Los")])
    assert report.errors[0].path == "model.loss[1].type"
    assert report.errors[0].nearest == "Loss"


def test_class_defaults_hold_when_init_cfg_is_none():
    assert translate(type="ResNet", init_cfg=None)[0].kwargs == {"init_cfg": []}


def test_scope_is_dropped_when_it_is_known():
    names = ["mmengine.EMAHook", "torchvision.Flip", "a.b", "torch.optim.SGD", "X", None]
    assert [bare_name(name) for name in names] == [
        "EMAHook",
        "Flip",
        "a.b",
        "torch.optim.SGD",
        "X",
        None,
    ]
