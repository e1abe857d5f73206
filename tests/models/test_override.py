import pytest
from torch import nn

from mmlight.models.initializers import Constant
from mmlight.models.override import Override


class Marker:
    """An initializer as users write it."""

    wholemodule = False

    def __call__(self, module: nn.Module) -> None:
        assert self.wholemodule
        module.mark = True


def test_part_is_filled_when_words_name_a_type():
    part = nn.Sequential(nn.Linear(1, 1), nn.Conv2d(1, 1, 1))
    Override.of(dict(name="part", type="Constant", val=3, bias=4)).fill(part, None)
    assert [part[0].weight.item(), part[1].weight.item(), part[1].bias.item()] == [3, 3, 4]
    Override.of(dict(name="part")).fill(part, Constant(5, layer="Linear"))
    assert [part[0].weight.item(), part[1].weight.item()] == [5, 5]
    Override.of(dict(name="part", type=Constant, val=6)).fill(part, None)
    assert part[1].weight.item() == 6


def test_override_stays_when_it_is_one():
    override = Override("part")
    assert Override.of(override) is override


def test_users_initializer_fills_the_whole_part():
    part = nn.Linear(1, 1)
    Override("part", Marker()).fill(part, None)
    assert part.mark


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (dict(type="Constant", val=1), r"must have a name, got \{'type': 'Constant', 'val': 1\}"),
        (dict(name="a", val=1), r"must have the type of an initializer, got \{'name': 'a', 'val'"),
        (dict(name="a", type="Nonesuch"), "type of an initializer, got .*'Nonesuch'"),
        (dict(name="a", type="Pretrained", checkpoint="x"), "type of an initializer, got .*'x'"),
    ],
)
def test_raises_when_words_make_no_override(words, text):
    with pytest.raises(ValueError, match=text):
        Override.of(words)
