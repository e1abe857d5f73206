import pytest

from mmlight.errors import ConfigErrors, UnsupportedTypeError
from mmlight.read.config import Config
from mmlight.translate.other_models import PURPOSES
from mmlight.translate.translate import translate_config

EXAMPLES = {
    "MAE": "not an ImageClassifier (MAE: self-supervised pre-training)",
    "mmpretrain.BlipVQA": "not an ImageClassifier (BlipVQA: visual question answering)",
    "ImageToImageRetriever": "not an ImageClassifier (ImageToImageRetriever: image retrieval)",
    "FasterRCNN": "not an ImageClassifier (FasterRCNN: object detection)",
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_says_one_thing_when_the_model_is_for_something_else(kind):
    config = Config({"model": {"type": kind, "neck": 3}, "unknown": {}, "custom_hooks": 5})
    with pytest.raises(UnsupportedTypeError) as caught:
        translate_config(config)
    assert caught.value.path == "model.type"
    assert caught.value.problem == EXAMPLES[kind]


def test_reports_the_rest_as_well_when_the_model_is_unknown():
    config = Config({"model": {"type": "ImageClasifier"}, "custom_hooks": 5})
    with pytest.raises(ConfigErrors) as caught:
        translate_config(config)
    error, *others = caught.value.errors
    assert error.problem == "the model type 'ImageClasifier' is no image classifier"
    assert error.nearest == "ImageClassifier"
    assert [other.path for other in others] == ["custom_hooks"]


def test_says_so_when_the_model_has_no_type():
    with pytest.raises(UnsupportedTypeError, match=r"model\.type: the model has no type"):
        translate_config(Config({"model": {"backbone": {}}}))


def test_types_are_unique_when_listed():
    types = [kind for kinds in PURPOSES.values() for kind in kinds]
    assert len(types) == len(set(types))
