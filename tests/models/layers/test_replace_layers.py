from torch import nn

from mmlight.models.layers.replace_layers import replace_layers


class OtherReLU(nn.ReLU):
    pass


def test_replaces_exact_class_only_at_any_depth() -> None:
    network = nn.Sequential(nn.ReLU(), nn.Sequential(nn.ReLU(), OtherReLU()), nn.Conv2d(1, 1, 1))
    replace_layers(network, nn.ReLU, lambda _: nn.Tanh())
    kinds = [type(layer) for layer in network.modules() if not isinstance(layer, nn.Sequential)]
    assert kinds == [nn.Tanh, nn.Tanh, OtherReLU, nn.Conv2d]


def test_hands_over_the_old_layer() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3))
    replace_layers(network, nn.BatchNorm2d, lambda old: nn.GroupNorm(1, old.num_features))
    assert network[0].num_channels == 3
