import copy

import pytest
import torch
from torch import nn

from mmlight.models.backbones.lora import LoRALinear, LoRAModel, find_target
from mmlight.models.backbones.vision_transformer import VisionTransformer
from mmlight.models.initialize import Pretrained
from mmlight.weights.load import load_state
from mmlight.weights.name_map import find_entries, name_map

TINY = {"embed_dims": 8, "num_layers": 2, "num_heads": 2, "feedforward_channels": 12}
QKV = "network.blocks.0.attn.qkv"


def make(**words) -> LoRAModel:
    vit = VisionTransformer(TINY, img_size=32)
    return LoRAModel(vit, **{"rank": 2, "targets": [{"type": "qkv"}], **words})


def test_adds_the_product_of_the_small_layers() -> None:
    layer = LoRALinear(nn.Linear(4, 3), alpha=6, rank=2)
    nn.init.normal_(layer.lora_up.weight)
    x = torch.rand(5, 4)
    added = x @ layer.lora_down.weight.T @ layer.lora_up.weight.T * 3
    torch.testing.assert_close(layer(x), layer.original_layer(x) + added)


def test_changes_nothing_at_first() -> None:
    vit = VisionTransformer(TINY, img_size=32).eval()
    images = torch.rand(1, 3, 32, 32)
    before = vit(images)[0]
    torch.testing.assert_close(LoRAModel(vit, rank=2, targets=[{"type": "qkv"}])(images)[0], before)


def test_trains_the_small_layers_alone() -> None:
    trained = [name for name, value in make().named_parameters() if value.requires_grad]
    assert trained
    assert all(".lora_" in name for name in trained)


def test_saves_the_small_layers_alone_and_misses_nothing_when_loading() -> None:
    model = make()
    state = nn.Sequential(model, nn.Linear(1, 1)).state_dict()
    assert {name.split(".")[0] for name in state if ".lora_" not in name} == {"1"}
    assert model.load_state_dict(model.state_dict()) == ([], [])
    assert len(find_entries(model)) > len(model.state_dict())


def test_names_are_the_originals() -> None:
    names = name_map(make(targets=[{"type": r"layers\.0\.ffn\.layers\.1"}])).to_ours
    layer = "module.layers.0.ffn.layers.1"
    assert [name for name in names if name.startswith(layer)] == [
        f"{layer}.lora_down.weight",
        f"{layer}.lora_up.weight",
        f"{layer}.original_layer.weight",
        f"{layer}.original_layer.bias",
    ]


def test_checkpoint_of_the_backbone_fills_it_before_it_is_adapted(tmp_path) -> None:
    source = VisionTransformer(TINY, img_size=32)
    state = name_map(source).state_dict_to_mm(source.state_dict()).state
    torch.save(state, tmp_path / "vit.pth")
    vit = VisionTransformer(TINY, img_size=32, init_cfg=Pretrained(str(tmp_path / "vit.pth")))
    model = LoRAModel(vit, rank=2, targets=[{"type": "qkv"}])
    model.init_weights()
    torch.testing.assert_close(
        vit.get_submodule(QKV).original_layer.weight, source.get_submodule(QKV).weight
    )
    assert not vit.network.pos_embed.requires_grad
    report = load_state(vit, state, "a file")  # as a check before training does
    assert report.unexpected == ()
    assert all(".lora_" in name for name in report.missing)


def test_options_of_a_target_come_first() -> None:
    model = make(alpha=2, targets=[{"type": "qkv", "rank": 4, "alpha": 8}, {"type": "attn.qkv"}])
    layer = model.module.get_submodule(QKV)
    assert layer.lora_down.out_features == 4
    assert layer.scaling == 2


def test_has_the_attributes_of_the_backbone() -> None:
    assert make().out_type == "cls_token"
    with pytest.raises(AttributeError, match="no_such_thing"):
        make().no_such_thing  # noqa: B018


def test_copies_train_alike() -> None:
    model = copy.deepcopy(make())
    model.init_weights()
    assert model.module.get_submodule(QKV).lora_up.weight.requires_grad


@pytest.mark.parametrize(
    ("kind", "fits"), [("qkv", True), (r"layers\.\d\.attn.*", True), ("layers", False), ("", True)]
)
def test_target_fits_a_whole_name_or_its_end(kind, fits) -> None:
    assert (find_target("layers.0.attn.qkv", [{"type": kind}]) is not None) == fits


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"targets": []}, r"targets must name a linear layer, got \[\]"),
        ({"targets": [{"type": "ln1"}]}, "targets must name a linear layer, got .*ln1"),
        ({"rank": 0}, "rank must be at least 1, got 0"),
    ],
)
def test_raises_when_value_cannot_be_honoured(words, message) -> None:
    with pytest.raises(ValueError, match=message):
        make(**words)
