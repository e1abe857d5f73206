from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.read.bases import find_base, find_module, note_scope
from mmlight.read.config import Config
from mmlight.read.node import ConfigDict, Origin, to_nodes

HERE = Origin("a.py", 3)
FILE = Path("configs/net/a.py")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that ships configs and fails when it is imported."""
    root = tmp_path / "site" / "some_zoo"
    for name, text in {
        "__init__.py": "raise RuntimeError",
        ".mim/configs/net/net_50.py": "_base_ = '../_base_/net.py'\nmodel = dict(depth=50)",
        ".mim/configs/_base_/net.py": "model = dict(type='N', neck=dict(type='G'))\nx = 1",
        "configs/lazy/one.py": "optim = dict(type='S')",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(root.parent)
    return root


@pytest.mark.parametrize(
    ("name", "path"),
    [("b.py", "configs/net/b.py"), ("../x/b.py", "configs/x/b.py"), ("./b.py", "configs/net/b.py")],
)
def test_base_is_relative_to_the_file_when_a_path(name, path):
    assert find_base(name, FILE, HERE) == Path(path)


def test_base_is_found_in_a_package_when_named_with_colons(package):
    assert (
        find_base("some_zoo::net/net_50.py", FILE, HERE) == package / ".mim/configs/net/net_50.py"
    )
    assert find_base("some_zoo::lazy/one.py", FILE, HERE) == package / "configs/lazy/one.py"


@pytest.mark.parametrize(
    ("name", "problem", "nearest"),
    [
        ("no_such_zoo::net/a.py", "the package 'no_such_zoo' is not installed", None),
        ("../zoo::net/a.py", "the package '../zoo' is not installed", None),
        (
            "some_zoo::net/net_51.py",
            "the package 'some_zoo' has no config 'net/net_51.py'",
            "net/net_50.py",
        ),
    ],
)
def test_base_is_refused_when_no_package_has_it(package, name, problem, nearest):
    with pytest.raises(ConfigError) as caught:
        find_base(name, FILE, HERE)
    error = caught.value
    assert (error.path, error.problem, error.nearest, error.origin) == (
        *(name, problem, nearest),
        "a.py:3",
    )


@pytest.mark.parametrize(
    ("module", "path"),
    [
        (".b", "configs/net/b.py"),
        (".b.c_1x", "configs/net/b/c_1x.py"),
        ("..x.b", "configs/x/b.py"),
        ("...b", "b.py"),
    ],
)
def test_module_is_relative_to_the_file_when_it_has_dots(module, path):
    assert find_module(module, FILE, HERE) == Path(path)


def test_module_is_found_in_a_package_when_absolute(package):
    assert find_module("some_zoo.configs.lazy.one", FILE, HERE) == package / "configs/lazy/one.py"


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        ("no_such_zoo.configs.a", "the package 'no_such_zoo' is not installed"),
        ("json.configs", None),
        ("some_zoo", "'some_zoo' is a package and no config"),
    ],
)
def test_module_is_refused_when_no_package_has_it(module, problem):
    if problem is None:
        assert find_module(module, FILE, HERE).name == "configs.py"
        return
    with pytest.raises(ConfigError) as caught:
        find_module(module, FILE, HERE)
    assert (caught.value.problem, caught.value.origin) == (problem, "a.py:3")


def test_scope_is_noted_at_the_outermost_types_when_inherited(package, tmp_path):
    (tmp_path / "main.py").write_text(
        "_base_ = 'some_zoo::net/net_50.py'\nmodel = dict(neck=dict(out=3))\nown = dict(type='O')"
    )
    config = Config.fromfile(tmp_path / "main.py")
    assert config.to_dict() == {
        "model": {"type": "N", "neck": {"type": "G", "out": 3}, "depth": 50, "_scope_": "some_zoo"},
        "x": 1,
        "own": {"type": "O"},
    }
    assert config.origin("model._scope_") == config.origin("model.type")


def test_scope_reaches_lists_and_keeps_its_own_when_noted():
    tree = to_nodes({"p": [{"type": "A"}, ({"type": "B", "_scope_": "own"},)], "d": {"e": 1}})
    note_scope(tree, "zoo")
    assert tree == {
        "p": [{"type": "A", "_scope_": "zoo"}, ({"type": "B", "_scope_": "own"},)],
        "d": {"e": 1},
    }
    assert isinstance(tree, ConfigDict)
