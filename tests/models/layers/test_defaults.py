import pytest

from mmlight.models.layers import defaults


@pytest.mark.parametrize("name", ["BATCH_NORM", "LAYER_NORM", "GELU", "RELU", "SWISH"])
def test_nobody_can_change_what_others_share(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(defaults, name)["type"] = "other"
