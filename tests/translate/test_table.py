import sys

import pytest

from mmlight.errors import UnsupportedTypeError
from mmlight.read.imported import ImportedPath
from mmlight.read.node import Origin, to_nodes
from mmlight.registry import Registry
from mmlight.translate.section import Report, Section
from mmlight.translate.table import Row, Table, bare_name

HERE = Origin("a.py", 3)


class MyNet:
    """Registered by a test."""


REGISTRY = Registry("net")
REGISTRY.register_module(module=MyNet)
ORIGINAL = Registry("net", parent=REGISTRY, scope="mmcls")
MODERN = Registry("net", parent=REGISTRY, scope="mmpretrain")
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


def translate(_scope="mmpretrain", **words):
    report = Report(scope=_scope)
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
        ("mmpretrain.models.ResNet", "x.ResNet"),
        ("mmpretrain.models.backbones.resnet.ResNet", "x.ResNet"),
        ("mmcls::ResNet", "x.ResNet"),
        (Registry, "mmlight.registry.registry.Registry"),
        (Registry.get, "mmlight.registry.registry.Registry.get"),
    ],
    ids=lambda value: getattr(value, "__qualname__", value),
)
def test_target_is_found_when_name_is(name, target):
    call, report = translate(type=name, depth=50)
    assert (call.target, call.kwargs, report.errors) == (target, {"depth": 50}, [])
    assert (call.path, call.origin, call.origins) == ("model", HERE, {"depth": HERE})


def test_target_is_a_plain_string_when_a_lazy_config_imports_it():
    call, _ = translate(type=ImportedPath("torch.optim.AdamW"))
    assert (type(call.target), call.target) == (str, "torch.optim.AdamW")  # YAML knows str alone


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ResNett", "ResNet"),
        ("resnet", "ResNet"),
        ("mmpretrain.Resnet", "ResNet"),
        ("mynet", "MyNet"),
        ("mmpretrain.models.ResNett", "ResNet"),
        ("Xyz", None),
        (5, None),
        ({}, None),
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


class OldNet:
    """Registered in mmcls by a test."""


class NewNet:
    """Registered in mmpretrain by a test."""


class Forced:
    """Registered over a built-in type by a test."""


@pytest.fixture
def registered():
    """Two classes of one name in different scopes, one class over a built-in type."""
    ORIGINAL.register_module("Net", module=OldNet)
    MODERN.register_module("Net", module=NewNet)
    ORIGINAL.register_module("ResNet", module=Forced)
    ORIGINAL.register_module("OnlyOld", module=OldNet)
    yield
    for registry in (ORIGINAL, MODERN):
        registry.module_dict.clear()


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("scope", "name", "target"),
    [
        ("mmcls", "Net", OldNet),
        ("mmpretrain", "Net", NewNet),
        ("mmpretrain", "mmcls.Net", OldNet),
        ("mmcls", "mmpretrain::Net", NewNet),
        ("mmcls", "ResNet", Forced),
    ],
)
def test_scope_decides_when_two_have_the_name(scope, name, target):
    call, report = translate(scope, type=name)
    assert call.target == f"{__name__}.{target.__name__}"
    assert report.notes == []


@pytest.mark.usefixtures("registered")
def test_note_tells_the_scope_when_it_is_another():
    call, report = translate("mmpretrain", type="OnlyOld")
    assert call.target.endswith(".OldNet")
    (note,) = report.notes
    assert note.text == "The net comes from the registry of mmcls."
    assert translate("mmpretrain", type="ResNet")[0].target == "x.ResNet"


def test_own_class_gets_its_dicts_as_they_are():
    words = dict(loss=dict(type="Loss"), init_cfg=None, pipeline=[dict(type="Y")])
    call, _ = translate(type="MyNet", **words)
    assert call.kwargs == words
    own = Table(
        "net",
        [],
        REGISTRY,
        file="f.py",
        nested={"loss": lambda: INNER},
        nested_in_own=("loss",),
    )
    call = own.describe(dict(type="MyNet", loss=dict(type="Loss")), "mmpretrain")
    assert call.kwargs["loss"].target == "x.Loss"


def test_class_is_refused_when_it_cannot_be_imported():
    def make(name):
        class Local:
            pass

        Local.__name__ = name
        return Local

    call, report = translate(type=make("Local"))
    (error,) = report.errors
    assert call is None
    assert "<locals>.Local' cannot be imported: it is defined inside a function" in error.problem
    assert error.next_step == "Define it at the top level of a module."
    gone = type("Gone", (), {"__module__": __name__})
    assert "cannot be imported" in translate(type=gone)[1].errors[0].problem
    other = type("MyNet", (), {"__module__": __name__})
    problem = translate(type=other)[1].errors[0].problem
    assert problem == f"'{__name__}.MyNet' has become something else since it was registered"


def test_class_of_a_notebook_is_found_when_in_the_same_process(monkeypatch):
    main = sys.modules["__main__"]
    cell = type("CellNet", (), {"__module__": "__main__"})
    monkeypatch.setattr(main, "CellNet", cell, raising=False)
    assert translate(type=cell)[0].target == "__main__.CellNet"


def test_words_are_upgraded_when_old_code_builds():
    def upgrade(cfg):
        cfg = cfg.copy()
        cfg.rename("old_depth", "depth")
        return cfg

    table = Table("net", [Row("ResNet", "x.ResNet")], REGISTRY, file="f.py", upgrade=upgrade)
    cfg = dict(type="ResNet", old_depth=3)
    assert table.describe(cfg, "mmcls").kwargs == {"depth": 3}
    assert table.describe(cfg, "mmpretrain").kwargs == {"old_depth": 3}
    with pytest.raises(UnsupportedTypeError, match="unknown net type 'ResNett'"):
        table.describe(dict(type="ResNett"), "mmcls")


def translate_safely(**words):
    report = Report(safe=True)
    return TABLE.translate(Section(to_nodes(words, HERE), "model", report)), report.errors


@pytest.mark.parametrize("name", ["subprocess.Popen", "torch.load", "mmlight.run.fit"])
def test_import_path_is_refused_when_read_safely(name):
    call, (error,) = translate_safely(type=name)
    assert call is None
    assert error.path == "model.type"
    assert error.problem == (
        f"the import path {name!r} is not followed for a config that is read safely"
    )


def test_import_path_is_refused_when_deep_in_an_argument():
    policies = [[dict(type="Rotate"), dict(type="os.system", command="x")]]
    _, (error,) = translate_safely(type="ResNet", policies=policies)
    assert (error.path, error.origin) == ("model.policies", "a.py:3")
    assert "'os.system'" in error.problem


@pytest.mark.parametrize("name", ["ResNet", "mmpretrain.models.ResNet", "x.ResNet"])
def test_built_in_type_is_taken_when_read_safely(name):
    call, errors = translate_safely(type=name)
    assert (call.target, errors) == ("x.ResNet", [])
