from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from mmlight.callbacks.class_num_check import ClassNumCheck
from mmlight.errors import UnsupportedValueError
from tests.callbacks.nets import Net, build_data, build_trainer


class Counted(Net):
    def __init__(self, number: Any) -> None:
        super().__init__()
        self.head = nn.Linear(1, 1)
        self.head.num_classes = number
        self.val_metrics = nn.Linear(1, 1)
        self.val_metrics.num_classes = 99


def build(**classes: Any) -> Any:
    data = build_data()
    for name, names in classes.items():
        getattr(data, name).dataset.CLASSES = names
    return data


@pytest.mark.parametrize("number", [3, -1, None])
def test_nothing_happens_when_numbers_agree(number: Any, caplog: pytest.LogCaptureFixture) -> None:
    data = build(train="abc", val="abc", test="abc")
    trainer, net = build_trainer(ClassNumCheck(), max_epochs=1), Counted(number)
    trainer.fit(net, data)
    trainer.test(net, data, verbose=False)
    assert "classes" not in caplog.text


@pytest.mark.parametrize("stage", ["train", "val", "test"])
def test_raises_when_numbers_differ(stage: str) -> None:
    data = build(**{"train": "abc", "val": "abc", "test": "abc", stage: "abcde"})
    trainer, net = build_trainer(ClassNumCheck(), max_epochs=1), Counted(3)
    text = r"model.head.num_classes: Linear has 3 classes, Points has 5"
    with pytest.raises(UnsupportedValueError, match=text):
        trainer.test(net, data) if stage == "test" else trainer.fit(net, data)


def test_unknown_classes_are_told(caplog: pytest.LogCaptureFixture) -> None:
    build_trainer(ClassNumCheck(), max_epochs=1).fit(Counted(3), build(val="abc"))
    assert caplog.text.count("Points does not know its classes") == 1


def test_dataset_is_what_the_loader_has() -> None:
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo={"classes": ["a", "b"]}))
    with pytest.raises(UnsupportedValueError, match="SimpleNamespace has 2"):
        ClassNumCheck()._check(loader, Counted(3))
