import pytest
from torch import nn

from mmlight.compat import registries
from mmlight.errors import MMLightError, RegistryError
from mmlight.models.losses.label_smooth_loss import LabelSmoothLoss
from mmlight.read.node import ConfigDict
from mmlight.registry import MODELS, TRANSFORMS, Registry, build_from_cfg

NETS = Registry("net", scope="mine")


@NETS.register_module()
class Net:
    def __init__(self, depth, width=1):
        self.depth = depth
        self.width = width


@NETS.register_module()
def double(value):
    return 2 * value


def test_class_is_built_when_named():
    net = build_from_cfg(dict(type="Net", depth=3), NETS)
    assert (type(net), net.depth, net.width) == (Net, 3, 1)
    assert NETS.build(ConfigDict(type="mine.Net", depth=4)).depth == 4
    assert NETS.build(dict(type="mine::Net", depth=4)).depth == 4
    assert NETS.build(dict(type="double", value=4)) == 8


def test_defaults_fill_gaps_when_given():
    net = build_from_cfg(dict(depth=3), NETS, dict(type="Net", depth=5, width=7))
    assert (net.depth, net.width) == (3, 7)
    assert NETS.build(dict(type="Net"), default_args=dict(depth=2)).depth == 2


def test_class_is_called_when_it_is_the_type():
    assert build_from_cfg(dict(type=Net, depth=3), NETS).depth == 3
    assert build_from_cfg(dict(type="fractions.Fraction", numerator=3), NETS) == 3


def test_dict_is_left_as_it_was_when_built():
    cfg = dict(type="Net", depth=3)
    NETS.build(cfg)
    assert cfg == dict(type="Net", depth=3)


def test_scope_decides_when_the_dict_names_it():
    child = Registry("net", parent=NETS, scope="other")

    @child.register_module(name="Net")
    class OtherNet(Net):
        pass

    assert type(NETS.build(dict(type="Net", depth=1, _scope_="other"))) is OtherNet
    assert type(NETS.build(dict(type="Net", depth=1))) is Net


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((5, NETS), "cfg must be a dict, got 5"),
        ((dict(type="Net"), dict), "registry must be a Registry, got <class 'dict'>"),
        ((dict(type="Net"), NETS, 5), "default_args must be a dict, got 5"),
        ((dict(type=5), NETS), "type must be a name, a class or a function, got 5"),
    ],
)
def test_building_raises_when_an_argument_is(arguments, text):
    with pytest.raises(TypeError, match=text):
        build_from_cfg(*arguments)


def test_building_raises_when_there_is_no_type():
    with pytest.raises(KeyError, match=r"the dict has no type: \{'depth': 3\}"):
        build_from_cfg(dict(depth=3), NETS)


def test_building_raises_when_the_name_is_unknown():
    with pytest.raises(KeyError, match="there is no net 'Nett'") as caught:
        build_from_cfg(dict(type="Nett"), NETS)
    assert isinstance(caught.value, RegistryError)
    assert (caught.value.nearest, caught.value.path) == ("Net", "mine::net")


def test_own_function_builds_when_given():
    nets = Registry("net", build_func=lambda cfg, registry, extra=0: (cfg, registry.name, extra))
    assert nets.build(5, extra=1) == (5, "net", 1)
    assert Registry("net", parent=nets, scope="below").build(5) == (5, "net", 0)


# ------------------------------------------------------------------ built-in types


def test_built_in_type_is_built_when_named():
    loss = MODELS.build(dict(type="LabelSmoothLoss", label_smooth_val=0.2))
    assert isinstance(loss, LabelSmoothLoss)
    assert loss.label_smooth_val == 0.2
    assert isinstance(MODELS.build(dict(type="mmpretrain.GlobalAveragePooling")), nn.Module)


def test_inner_dicts_are_built_when_built_in():
    head = MODELS.build(
        dict(
            type="LinearClsHead",
            num_classes=3,
            in_channels=4,
            loss=dict(type="LabelSmoothLoss", label_smooth_val=0.2),
            init_cfg=dict(type="Normal", layer="Linear", std=0.5),
        )
    )
    assert isinstance(head.loss_module, LabelSmoothLoss)
    head.init_weights()
    assert 0.1 < head.fc.weight.std() < 1


def test_words_are_those_of_the_scope_when_built_in():
    """0.x gives (height, width) as `size`, 1.x (width, height) as `scale`."""
    old = registries.mmcls.TRANSFORMS.build(dict(type="Resize", size=(2, 3)))
    new = registries.mmpretrain.TRANSFORMS.build(dict(type="Resize", scale=(3, 2)))
    assert old.scale == new.scale == (3, 2)
    flip = registries.mmcls.TRANSFORMS.build(dict(type="RandomFlip", flip_prob=0.25))
    assert flip.generation == "0.x"
    assert TRANSFORMS.build(dict(type="RandomFlip", prob=0.25)).generation == "1.x"
    loss = dict(type="LabelSmoothLoss", label_smooth_val=0.1, loss_weight=3.0)
    assert registries.mmcls.MODELS.build(loss).ce.loss_weight == 1.0  # not used by mmcls
    assert registries.mmpretrain.MODELS.build(loss).ce.loss_weight == 3.0


def test_building_raises_when_a_built_in_type_refuses_an_argument():
    with pytest.raises(MMLightError, match="label_smooth_val must be in"):
        MODELS.build(dict(type="LabelSmoothLoss", label_smooth_val=2))


def test_live_modules_are_kept_when_given_to_a_built_in_type():
    loss = nn.L1Loss()
    assert MODELS.build(dict(type="ClsHead", loss=loss)).loss_module is loss
