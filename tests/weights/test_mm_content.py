import pytest
import torch
from torch import nn

from mmlight.weights.describe import find_origin
from mmlight.weights.mm_content import to_mm_content
from mmlight.weights.mm_progress import find_generation
from mmlight.weights.name_map import NameRule


class Model(nn.Module):
    name_rules = (NameRule(r"fc\.(.+)", r"layers.0.\1"),)

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1)


def content(**more: object) -> dict[str, object]:
    state = {"fc.weight": torch.ones(1, 1), "fc.bias": torch.zeros(1), "metric": torch.ones(1)}
    return {"state_dict": state, "meta": {"epoch": 2, "iter": 8}, "callbacks": {}, **more}


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_has_the_names_and_the_layout_of_the_original(generation: str) -> None:
    made = to_mm_content(content(), Model(), generation)  # type: ignore[arg-type]
    assert made["state_dict"].keys() == {"layers.0.weight", "layers.0.bias"}
    assert (made["meta"]["epoch"], made["meta"]["iter"]) == (2, 8)
    assert find_generation(made) == generation
    assert ("message_hub" in made) == (generation == "1.x")
    made["meta"]["mmlight_version"] = "1"
    assert find_origin(made) == "weights that mmlight 1 has written, names of mm"


def test_raw_weights_stand_where_the_original_keeps_them() -> None:
    raw = {"raw_state": {"fc.weight": torch.full((1, 1), 5.0)}}
    new = to_mm_content(content(**raw), Model(), "1.x")
    assert new["state_dict"]["layers.0.weight"].item() == 1
    assert new["ema_state_dict"]["module.layers.0.weight"].item() == 5
    assert new["ema_state_dict"]["module.layers.0.bias"].item() == 0
    old = to_mm_content(content(**raw), Model(), "0.x")
    assert old["state_dict"]["layers.0.weight"].item() == 1
    assert old["state_dict"]["ema_layers_0_weight"].item() == 5
