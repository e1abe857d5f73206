from pathlib import PurePosixPath

import pytest

from mmlight.weights.zoo import DEPRECATED, MMCLS, OPENMMLAB, TORCHVISION


@pytest.mark.parametrize("zoo", [OPENMMLAB, MMCLS, TORCHVISION])
def test_every_name_stands_for_a_file(zoo) -> None:
    for name, path in zoo.items():
        assert PurePosixPath(path).suffix == ".pth", name
        assert not path.startswith("/"), name
    assert len(set(zoo.values())) == len(zoo)


def test_old_names_are_no_longer_names() -> None:
    assert not set(DEPRECATED) & set(OPENMMLAB)
    assert "detectron/resnet50_caffe" in OPENMMLAB
