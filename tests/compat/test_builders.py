import pytest

from mmlight.compat import builders, registries
from mmlight.compat.builders import init_default_scope, register_all_modules
from mmlight.errors import RegistryError
from mmlight.models.backbones.lenet import LeNet5
from tests.runs import FASHION


@pytest.mark.parametrize("package", ["mmcls", "mmpretrain", "mmselfsup"])
@pytest.mark.parametrize("kind", ["backbone", "neck", "head", "loss"])
def test_part_is_built_when_named(package, kind):
    net = getattr(getattr(builders, package), f"build_{kind}")(dict(type="LeNet5"))
    assert isinstance(net, LeNet5)


def test_dataset_is_built_in_old_words_when_by_mmcls():
    """0.x says by `test_mode` which part it takes."""
    words = dict(type="FashionMNIST", data_prefix=str(FASHION), test_mode=True)
    steps = [
        dict(type="Resize", size=30),
        dict(type="Normalize", mean=[1.0], std=[2.0], to_rgb=False),
        dict(type="ImageToTensor", keys=["img"]),
        dict(type="Collect", keys=["img"]),
    ]
    dataset = builders.mmcls.build_dataset(words, dict(pipeline=steps))
    assert dataset.test_mode
    assert dataset[0]["inputs"].shape == (1, 30, 30)
    assert dataset[0]["inputs"].is_floating_point()


def test_dataset_is_built_in_new_words_when_by_mmpretrain():
    words = dict(type="FashionMNIST", data_root=str(FASHION), split="test", pipeline=[])
    assert len(builders.mmpretrain.build_dataset(words)) == 1000


def test_datasets_are_joined_when_a_list():
    registries.mmcls.DATASETS.register_module("ConcatDataset", module=dict, force=True)
    try:
        joined = builders.mmcls.build_dataset([dict(type="A"), dict(type="B")])
    finally:
        del registries.mmcls.DATASETS.module_dict["ConcatDataset"]
    assert joined == {"datasets": [dict(type="A"), dict(type="B")]}


def test_building_raises_when_the_type_is_unknown():
    with pytest.raises(RegistryError, match="there is no model 'LeNet6'"):
        builders.mmcls.build_backbone(dict(type="LeNet6"))


def test_nothing_happens_when_scopes_are_prepared():
    assert init_default_scope("mmpretrain") is None
    assert register_all_modules(True) is None
