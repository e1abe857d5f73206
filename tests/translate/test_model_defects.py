import inspect
from pkgutil import resolve_name

import pytest

from mmlight.translate.model_defects import DEFECTS
from mmlight.translate.models import MODEL_TABLE

T2T = {"type": "T2T_ViT"}
REPVGG = {"type": "RepVGG", "arch": "D2se", "deploy": True}


def notes_of(translate, backbone):
    """Return what the translation of a backbone tells of its type."""
    spec = translate(model={"type": "ImageClassifier", "backbone": backbone})
    return [note.text for note in spec.notes if note.path == "model.backbone.type"]


@pytest.mark.parametrize(
    ("backbone", "words"),
    [
        (T2T, "attention_scale='divide'"),
        ({"type": "mmpretrain.DeiT3"}, "use_ln2=True"),
        (REPVGG, "se_in_deploy=True"),
        ({"type": "Vig"}, "stem_eval=False"),
        ({"type": "PyramidVig"}, "stem_eval=False"),
        ({"type": "SwinTransformerV2"}, "drop_normalized=True"),
        ({"type": "SVT"}, "padding_mask='any'"),
        ({"type": "MViT", "out_scales": [2, 3]}, "norm_outputs_only=True"),
        ({"type": "BEiTViT", "drop_path_rate": 0.1}, "drops_ffn_twice=False"),
        ({"type": "ViTEVA02", "frozen_stages": 2}, "freezes_layers=True"),
        ({"type": "HorNet", "frozen_stages": 0}, "freeze_own_norm=True"),
    ],
)
def test_tells_how_to_get_it_right(translate, backbone, words):
    (text,) = notes_of(translate, backbone)
    assert words in text


@pytest.mark.parametrize(
    "backbone",
    [
        {"type": "T2T_ViT", "attention_scale": "divide"},
        {"type": "T2T_ViT", "attention_scale": "multiply"},
        {"type": "DeiT3", "use_ln2": True},
        {**REPVGG, "deploy": False},
        {**REPVGG, "arch": "A0"},
        {**REPVGG, "se_in_deploy": False},
        {"type": "SwinTransformerV2", "drop_path_rate": 0.0},
        {"type": "SVT", "padding_mask": "both"},
        {"type": "MViT"},
        {"type": "MViT", "out_scales": 3},
        {"type": "BEiTViT"},
        {"type": "ViTEVA02", "frozen_stages": 0},
        {"type": "HorNet", "frozen_stages": -1},
        {"type": "HorNet"},
        {"type": "ResNet", "depth": 18},
    ],
)
def test_is_silent_when_not_met_or_decided(translate, backbone):
    assert notes_of(translate, backbone) == []


@pytest.mark.parametrize(("words", "told"), [({}, 0), ({"logits_as_scores": True}, 1)])
def test_tells_what_0x_did_when_1x_is_right(translate, words, told):
    head = {"type": "CSRAClsHead", "num_classes": 3, "in_channels": 4, "num_heads": 1, "lam": 0.1}
    spec = translate(model={"type": "ImageClassifier", "backbone": REPVGG, "head": head | words})
    texts = [note.text for note in spec.notes if note.path == "model.head.type"]
    assert len(texts) == told
    assert all("logits_as_scores=False" in text for text in texts)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.kind)
def test_option_is_an_argument_of_the_class(defect):
    target = resolve_name(MODEL_TABLE.rows[defect.kind].target)
    assert defect.option in inspect.signature(target).parameters
