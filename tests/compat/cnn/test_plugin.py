import pytest

from mmlight.compat.cnn.plugin import build_plugin_layer, infer_abbr
from mmlight.errors import UnsupportedTypeError


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ContextBlock", "context_block"), ("SEBlock2", "se_block2"), ("HTTPNet", "http_net")],
)
def test_short_name_is_snake_case_when_class_has_none(name, expected):
    assert infer_abbr(type(name, (), {})) == expected
    assert infer_abbr(type(name, (), {"_abbr_": "own"})) == "own"


def test_plugin_is_built_when_known():
    name, block = build_plugin_layer({"type": "ContextBlock", "ratio": 0.5}, "_a", in_channels=8)
    assert (name, block.planes) == ("context_block_a", 4)


def test_plugin_is_refused_when_unknown():
    with pytest.raises(UnsupportedTypeError, match="'ContextBlok'") as caught:
        build_plugin_layer({"type": "ContextBlok"})
    assert caught.value.nearest == "ContextBlock"
    with pytest.raises(TypeError, match="class_type must be a class, got 3"):
        infer_abbr(3)
