import copy
import pickle

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.imported import Imported, ImportedPath, load_constants, name_imported
from mmlight.read.node import ConfigDict, ConfigList, Origin

HERE = Origin("a.py", 3)


def thing(path):
    return Imported(path, HERE)


def test_attributes_are_things_when_imported():
    assert Imported.path_of(thing("no.such").package.Name) == "no.such.package.Name"


@pytest.mark.parametrize(
    "path", ["os.path.join", "collections.OrderedDict", "xml.dom.minidom.parse"]
)
def test_resolving_imports_when_there(path):
    module, name = path.rsplit(".", 1)
    assert Imported.resolve(thing(path)) is getattr(__import__(module, fromlist=[name]), name)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no_such_package.Net", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("json.no_such", "ModuleNotFoundError: No module named 'json.no_such'"),
    ],
)
def test_resolving_raises_when_missing(path, problem):
    with pytest.raises(ConfigError) as caught:
        thing(path)()
    assert (caught.value.path, caught.value.origin) == (path, "a.py:3")
    assert caught.value.problem.endswith(problem)


def test_every_use_imports_when_it_needs_the_value(monkeypatch):
    monkeypatch.setattr("calendar.TEN", 10, raising=False)
    monkeypatch.setattr("calendar.NAMES", ("a", "b"), raising=False)
    ten, names = thing("calendar.TEN"), thing("calendar.NAMES")
    assert [ten + 1, 1 + ten, ten - 1, 1 - ten, ten * 2, 5 / ten, ten // 3, 7 % ten, -ten] == [
        *(11, 11, 9, -9, 20, 0.5, 3, 7, -10)
    ]
    assert [ten == 10, ten != 10, ten > 9, ten <= 9, bool(ten)] == [True, False, True, False, True]
    assert [f"{ten}", f"{ten:>4}", str(ten), int(ten), float(ten), list(range(ten))[-1]] == [
        *("10", "  10", "10", 10, 10.0, 9)
    ]
    assert [len(names), list(names), names[1], "b" in names, [*names]] == [
        *(2, ["a", "b"], "b", True, ["a", "b"])
    ]
    assert thing("calendar.isleap")(2024) is True
    assert issubclass(type("Mine", (dict,), {}), dict)


def test_classes_derive_when_the_base_is_imported():
    scope = {"Base": thing("collections.OrderedDict")}
    exec("class Mine(Base): ...", scope)
    assert scope["Mine"].__mro__[1].__name__ == "OrderedDict"


def test_things_are_equal_when_their_paths_are():
    assert thing("a.B") == Imported("a.B", Origin("b.py", 1)) != thing("a.C")
    assert {thing("a.B"): 1}[thing("a.B")] == 1
    for other in (copy.deepcopy(thing("a.B")), pickle.loads(pickle.dumps(thing("a.B")))):
        assert (repr(other), other) == ("a.B", thing("a.B"))


def test_names_replace_things_when_anywhere():
    tree = ConfigDict(a=ConfigList([thing("x.Y"), (thing("x.Z"), 1)], [HERE, Origin("a.py", 4)]))
    assert name_imported(tree) == {"a": ["x.Y", ("x.Z", 1)]}
    assert [str(tree.a.origin_of(index)) for index in (0, 1)] == ["a.py:3", "a.py:4"]


def test_paths_are_strings_when_read():
    config = Config.fromstring("from torch.optim import SGD\nx = dict(type=SGD)", ".py")
    assert (type(config.x.type), config.x.type) == (ImportedPath, "torch.optim.SGD")
    assert type(config.to_dict()["x"]["type"]) is str
    assert config.dump() == "x = dict(type='torch.optim.SGD')\n"


def test_constants_are_loaded_when_they_are_no_types():
    node = ConfigDict(type=ImportedPath("math.pi"), deep=ConfigDict(x=(ImportedPath("math.pi"),)))
    node.put(
        "f", ConfigList([ImportedPath("math.sqrt"), ImportedPath("math.e")], [HERE, HERE]), HERE
    )
    loaded = load_constants(node)
    assert loaded == {
        "type": "math.pi",
        "deep": {"x": (3.141592653589793,)},
        "f": ["math.sqrt", 2.718281828459045],
    }
    assert (loaded.origin_of("f"), loaded.f.origin_of(1)) == (HERE, HERE)
    assert node.deep.x == ("math.pi",)


def test_values_stay_the_same_objects_when_nothing_is_loaded():
    node = ConfigDict(a=ConfigList([1, "math.pi"]), type=ImportedPath("no.such.Net"))
    assert load_constants(node) is node


def test_loading_raises_when_the_constant_is_missing():
    with pytest.raises(ConfigError, match=r"no_such\.X: the config uses it") as caught:
        load_constants({"classes": ImportedPath("no_such.X")}, HERE)
    assert caught.value.origin == "a.py:3"
