import pytest

from mmlight.models.backbones.lenet import LeNet5
from mmlight.registry.builtin import BuiltinTypes

MODEL_TYPES = BuiltinTypes(["mmlight.translate.models.MODEL_TABLE"])


def test_nothing_is_known_when_there_is_no_table():
    assert BuiltinTypes().scopes == {}


def test_scopes_are_those_of_the_originals_when_from_a_table():
    assert MODEL_TYPES.scopes["LeNet5"] == ("mmcls", "mmpretrain")
    transforms = BuiltinTypes(["mmlight.translate.data.TRANSFORM_TABLE"])
    assert transforms.scopes["Pad"] == ("mmcls", "mmengine")


def test_class_is_imported_when_resolved():
    assert MODEL_TYPES.resolve("LeNet5") is LeNet5


@pytest.mark.parametrize("scope", ["mmcls", "mmpretrain"])
def test_object_is_made_when_built(scope):
    net = MODEL_TYPES.build("LeNet5", {"num_classes": 3}, scope)
    assert (type(net), net.num_classes) == (LeNet5, 3)
