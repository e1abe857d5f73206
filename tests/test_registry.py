import pytest

from mmlight.registry import Registry


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
    assert repr(nets) == "Registry('net': Net, Other)"
    assert repr(Registry("net")) == "Registry('net': empty)"


def test_class_is_returned_when_given_as_module():
    nets = Registry("net")
    assert nets.register_module(module=dict) is dict
    assert nets.get("dict") is dict


def test_name_is_refused_when_taken():
    nets = Registry("net")
    nets.register_module("Net", module=dict)
    with pytest.raises(KeyError, match="'Net' is registered already as a net: <class 'dict'>"):
        nets.register_module("Net", module=list)
    assert nets.get("Net") is dict


def test_name_is_taken_over_when_forced():
    nets = Registry("net")
    nets.register_module("Net", module=dict)
    nets.register_module("Net", force=True, module=list)
    assert nets.get("Net") is list


def test_class_is_found_when_it_has_several_names():
    nets = Registry("net")
    nets.register_module(["A", "B"], module=dict)
    assert (nets.get("A"), nets.get("B"), nets.get("dict")) == (dict, dict, None)
