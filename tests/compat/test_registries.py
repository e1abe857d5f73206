import pytest
from torch import nn

from mmlight.compat import registries
from mmlight.registry import ROOTS


@pytest.mark.parametrize(
    ("scope", "parents"),
    [
        ("mmcv", ["mmlight"]),
        ("mmcls", ["mmcv", "mmlight"]),
        ("mmengine", ["mmlight"]),
        ("mmpretrain", ["mmengine", "mmlight"]),
        ("mmselfsup", ["mmengine", "mmlight"]),
        ("mmdet", ["mmengine", "mmlight"]),
        ("mmdet3d", ["mmengine", "mmlight"]),
    ],
)
def test_every_kind_has_its_place_when_a_package_is_asked(scope, parents):
    for kind, root in ROOTS.items():
        registry = getattr(getattr(registries, scope), kind)
        assert [place.scope for place in registry.lineage] == [scope, *parents]
        assert registry.root is root


def test_modules_become_one_when_a_list_is_built():
    both = registries.mmcls.MODELS.build([dict(type="GlobalAveragePooling")] * 2)
    assert isinstance(both, nn.Sequential)
    assert len(both) == 2
    assert isinstance(registries.mmengine.MODELS.build(dict(type="LeNet5")), nn.Module)
