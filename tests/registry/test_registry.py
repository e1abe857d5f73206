import sys
import types

import pytest

from mmlight.compat import registries
from mmlight.compat.finder import is_offered
from mmlight.errors import RegistryError
from mmlight.models.backbones.resnet import ResNet
from mmlight.registry import MODELS, Registry


def make(name="Net", module="somewhere"):
    return type(name, (), {"__module__": module})


@pytest.fixture(autouse=True)
def _keep_registries():
    """Forget what a test registers in the real trees."""
    places = [place for root in registries.ROOTS.values() for place in root.family]
    names = [dict(place.module_dict) for place in places]
    yield
    for place, own in zip(places, names, strict=True):
        place.module_dict.clear()
        place.module_dict.update(own)


def test_class_is_found_when_decorated():
    nets = Registry("net")

    @nets.register_module()
    class Net:
        pass

    @nets.register_module(name="Other")
    class Another:
        pass

    assert (nets.get("Net"), nets.get("Other"), nets.get("Another")) == (Net, Another, None)
    assert list(nets) == ["Net", "Other"]
    assert "Other" in nets
    assert "Another" not in nets
    assert len(nets) == 2
    assert nets.module_dict == {"Net": Net, "Other": Another}
    assert repr(nets) == "Registry('net': Net, Other)"
    assert repr(Registry("net")) == "Registry('net': empty)"


def test_class_is_returned_when_given_as_module():
    nets = Registry("net")
    assert nets.register_module(module=dict) is dict
    assert nets.get("dict") is dict


def test_class_is_found_when_decorated_without_parentheses():
    nets = Registry("net")

    @nets.register_module
    class Net:
        pass

    @nets.register_module
    def make_net():
        pass

    assert (nets.get("Net"), nets.get("make_net")) == (Net, make_net)
    assert isinstance(Net, type)


def test_class_is_found_when_passed_as_old_code_does():
    nets = Registry("net")
    assert nets.register_module(dict) is dict
    assert nets.register_module(dict, force=True) is dict
    assert nets.get("dict") is dict


@pytest.mark.parametrize("names", [["A", "B"], ("A", "B")])
def test_class_is_found_when_it_has_several_names(names):
    nets = Registry("net")
    nets.register_module(names, module=dict)
    assert (nets.get("A"), nets.get("B"), nets.get("dict")) == (dict, dict, None)


def test_name_is_refused_when_taken():
    nets = Registry("net", scope="mine")
    nets.register_module("Net", module=dict)
    with pytest.raises(KeyError, match="'Net' is registered already as a net: <class 'dict'>"):
        nets.register_module("Net", module=list)
    assert nets.get("Net") is dict


def test_name_is_taken_over_when_forced():
    nets = Registry("net")
    nets.register_module("Net", module=dict)
    nets.register_module("Net", force=True, module=list)
    assert nets.get("Net") is list


def test_name_is_taken_over_when_the_definition_runs_again():
    nets = Registry("net")
    first, second = make(), make()
    nets.register_module(module=first)
    nets.register_module(module=second)
    assert nets.get("Net") is second
    with pytest.raises(RegistryError, match="'Net' is registered already"):
        nets.register_module(module=make(module="elsewhere"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (dict(name=5), "name must be a string or a list of them, got 5"),
        (dict(name=["a", 5]), r"name must be a string or a list of them, got \['a', 5\]"),
        (dict(force="yes"), "force must be True or False, got 'yes'"),
        (dict(module=5), "only classes and functions are registered, got 5"),
    ],
)
def test_registering_raises_when_an_argument_is(arguments, text):
    with pytest.raises(TypeError, match=text):
        Registry("net").register_module(**arguments)


def test_get_raises_when_key_is_no_string():
    with pytest.raises(TypeError, match="key must be a string, got 5"):
        Registry("net").get(5)


def tree():
    root = Registry("net", scope="root")
    old = Registry("net", parent=root, scope="old")
    new = Registry("net", parent=root, scope="new")
    return root, old, new, Registry("net", parent=new, scope="newer")


def test_parents_are_searched_when_a_child_lacks_the_name():
    root, old, new, newer = tree()
    top, middle, other = make("Top"), make("Middle"), make("Middle", "other")
    root.register_module(module=top)
    new.register_module(module=middle)
    old.register_module(module=other)
    assert newer.get("Top") is top
    assert newer.get("Middle") is middle
    assert old.get("Middle") is other
    assert root.get("Middle") in (middle, other)
    assert (newer.find("Top").scope, newer.find("Top").is_near) == ("root", True)


def test_same_generation_comes_first_when_other_scopes_are_searched():
    root, old, new, newer = tree()
    sibling = Registry("net", parent=new, scope="sibling")
    far, near = make("Net", "far"), make("Net", "near")
    old.register_module(module=far)
    sibling.register_module(module=near)
    found = newer.find("Net")
    assert (found.target, found.scope, found.is_near) == (near, "sibling", False)
    assert new.get("Net") is near
    assert old.get("Net") is far
    assert root.get("Net") in (far, near)


@pytest.mark.parametrize("key", ["old.Net", "old::Net"])
def test_scope_decides_when_it_is_written(key):
    _, old, _, newer = tree()
    theirs, ours = make("Net", "old"), make("Net", "newer")
    old.register_module(module=theirs)
    newer.register_module(module=ours)
    assert newer.get(key) is theirs
    assert newer.get("Net") is ours
    assert old.get("newer.Net") is ours
    assert old.find("newer.Nets") is None


def test_import_path_is_followed_when_it_leads_somewhere():
    nets = Registry("net")
    assert nets.get("collections.OrderedDict").__name__ == "OrderedDict"
    assert nets.get("collections.OrderedDicts") is None
    assert nets.get("no_such_package.Net") is None


def test_locations_are_imported_when_a_name_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "place_of_nets.py").write_text("import builtins\nbuiltins.nets_loaded = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    nets = Registry("net", locations=["place_of_nets"])
    assert "place_of_nets" not in sys.modules
    nets.get("Net")
    assert sys.modules.pop("place_of_nets")
    nets.get("Net")
    assert "place_of_nets" not in sys.modules


def test_scope_is_switched_when_there_is_one():
    root, _, _, newer = tree()
    with root.switch_scope_and_registry("newer") as registry:
        assert registry is newer
    with root.switch_scope_and_registry("nowhere") as registry:
        assert registry is root
    with root.switch_scope_and_registry(None) as registry:
        assert registry is root


# ------------------------------------------------------------------ built-in types


def test_built_in_type_is_found_when_from_any_scope():
    for registry in (MODELS, registries.mmcls.MODELS, registries.mmdet3d.MODELS):
        assert registry.get("ResNet") is ResNet
        assert registry.find("ResNet").target is None
        assert "ResNet" in registry
    assert MODELS.get("mmpretrain.ResNet") is ResNet


@pytest.mark.parametrize("scope", ["mmcls", "mmpretrain", "mmlight"])
def test_built_in_name_is_refused_when_the_scope_has_it(scope):
    registry = MODELS.in_scope(scope)
    with pytest.raises(RegistryError, match="'ResNet' is a built-in model") as caught:
        registry.register_module(module=make("ResNet"))
    assert "force=True" in caught.value.next_step
    assert registry.get("ResNet") is ResNet


@pytest.mark.parametrize("scope", ["mmcls", "mmpretrain", "mmlight"])
def test_own_class_wins_over_a_built_in_type_when_forced(scope):
    own = make("ResNet")
    MODELS.in_scope(scope).register_module(module=own, force=True)
    assert MODELS.in_scope(scope).get("ResNet") is own
    other = MODELS.in_scope("mmpretrain" if scope == "mmcls" else "mmcls")
    assert other.get("ResNet") is (own if scope == "mmlight" else ResNet)


def test_built_in_type_wins_when_a_scope_above_has_the_name():
    """mmpretrain has its ResNet below mmengine, so it comes first."""
    own = make("ResNet")
    registries.mmengine.MODELS.register_module(module=own)
    assert registries.mmpretrain.MODELS.get("ResNet") is ResNet
    assert registries.mmengine.MODELS.get("ResNet") is own


def test_known_names_hold_everything_when_asked_for():
    registries.mmcls.MODELS.register_module(module=make("MyNet"))
    names = registries.mmpretrain.MODELS.known_names
    assert {"ResNet", "MyNet", "ClsDataPreprocessor"} <= set(names)
    assert len(names) == len(set(names))


# ------------------------------------------------------------------ installed packages


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package named mmdet that is really installed, with one detector."""
    (tmp_path / "mmdet").mkdir()
    (tmp_path / "mmdet" / "__init__.py").write_text("")
    (tmp_path / "mmdet" / "registry.py").write_text(
        "class FasterRCNN: ...\n\n"
        "class Registry:\n"
        "    def get(self, key):\n"
        "        return {'FasterRCNN': FasterRCNN}.get(key)\n\n"
        "MODELS = Registry()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "mmdet"]:
        del sys.modules[name]


@pytest.mark.usefixtures("installed")
def test_installed_package_is_asked_when_nothing_else_has_the_name():
    found = registries.mmpretrain.MODELS.find("FasterRCNN")
    assert (found.target.__module__, found.scope) == ("mmdet.registry", "mmdet")
    assert (found.is_near, found.is_installed) == (False, True)
    assert registries.mmpretrain.MODELS.get("FasterRCNN").__name__ == "FasterRCNN"
    assert registries.mmpretrain.MODELS.find("SlowerRCNN") is None
    assert isinstance(sys.modules["mmdet"], types.ModuleType)
    assert not is_offered(sys.modules["mmdet"])


@pytest.mark.usefixtures("installed")
def test_own_class_wins_when_an_installed_package_has_the_name_too():
    own = make("FasterRCNN")
    registries.mmcls.MODELS.register_module(module=own)
    assert registries.mmpretrain.MODELS.get("FasterRCNN") is own
