import pytest
from torch import nn

from mmlight.check.class_count import check_classes, compare_stages
from mmlight.data.datasets.custom import CustomDataset
from mmlight.datamodule import LoaderConfig, PipelineDataModule
from mmlight.errors import UnsupportedValueError
from mmlight.module import ImageClassifier
from mmlight.read.node import Origin
from mmlight.spec import Call, Spec

LENET = "mmlight.models.backbones.lenet.LeNet5"


def _lenet(**kwargs: object) -> Call:
    origins = dict.fromkeys(kwargs, Origin("a.py", 9))
    return Call(LENET, kwargs, path="model.backbone", origins=origins, origin=Origin("a.py", 2))


def _classifier(head_classes: int | None, names: tuple[str, ...]) -> ImageClassifier:
    head = nn.Identity()
    head.num_classes = head_classes  # type: ignore[assignment]
    model = ImageClassifier(nn.Identity(), head)
    model.classes = names
    return model


def test_compares_the_classes_of_model_and_data() -> None:
    spec = Spec(model={"backbone": _lenet(num_classes=2)})
    check_classes(_classifier(2, ("a", "b")), spec)
    check_classes(_classifier(None, ("a", "b")), spec)
    check_classes(_classifier(2, ()), spec)
    with pytest.raises(UnsupportedValueError, match="tells 3 classes apart, the data has 2") as e:
        check_classes(_classifier(3, ("a", "b")), spec)
    assert (e.value.path, e.value.origin) == ("model.backbone.num_classes", "a.py:9")
    assert e.value.next_step == "Set num_classes=2, or the `classes` of the dataset."


def test_tells_when_a_label_means_another_class_in_another_stage() -> None:
    def load(*names: str) -> LoaderConfig:
        return LoaderConfig(CustomDataset("none", classes=names, lazy_init=True))

    ours, swapped = load("bag", "boot", "shirt"), load("bag", "shirt", "boot")
    assert list(compare_stages(PipelineDataModule(train=ours, val=ours, test=swapped))) == [
        "label 1 means 'shirt' in test and 'boot' in train: its metrics compare different classes"
    ]
    assert list(compare_stages(PipelineDataModule(val=ours, test=swapped))) == []
    assert list(compare_stages(PipelineDataModule(train=ours, val=load()))) == []


def test_names_the_part_that_says_the_number() -> None:
    silent = Call("mmlight.models.heads.cls_head.ClsHead", {}, path="model.head")
    speaking = Call("x.Head", {"num_classes": 3}, path="model.head")
    for head, path in ((silent, "model.backbone"), (speaking, "model.head")):
        spec = Spec(model={"backbone": _lenet(num_classes=3), "head": head})
        with pytest.raises(UnsupportedValueError, match="tells 3 classes apart") as error:
            check_classes(_classifier(3, ("a", "b")), spec)
        assert error.value.path == f"{path}.num_classes"
