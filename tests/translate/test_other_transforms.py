import pytest

from mmlight.translate.other_transforms import PURPOSES, TORCHVISION


@pytest.mark.parametrize("kind", ["BEiTMaskGenerator", "mmpretrain.LoadAnnotations"])
def test_purpose_is_told_when_for_another_task(problems, kind):
    name = kind.rpartition(".")[2]
    (text,) = problems({"train_dataloader.dataset.pipeline.0.type": kind})
    assert f"the transform {name!r} is for {PURPOSES[name]}, which mmlight does not do" in text


def test_transform_of_torchvision_is_known_when_named(translate, problems):
    key = "train_dataloader.dataset.pipeline"
    spec = translate({key: [dict(type="torchvision/ColorJitter", brightness=0.3)]})
    call = spec.data["train"].kwargs["dataset"].kwargs["pipeline"][0]
    assert call.target == "mmlight.data.transforms.vision.TorchVision"
    assert call.kwargs == {"name": "ColorJitter", "brightness": 0.3}
    (text,) = problems({f"{key}.0.type": "torchvision/ColorJiter"})
    assert "unknown transform type 'torchvision/ColorJiter'" in text
    assert "TrivialAugmentWide" in TORCHVISION
