from mmlight.compat.offers.offer import Offer


def test_every_name_is_in_every_module_when_expanded():
    row = Offer("mmlight.registry", "Registry theirs=ours", "mmcv mmcv.utils")
    assert list(row.expand()) == [
        ("mmcv", "Registry", "mmlight.registry.Registry"),
        ("mmcv", "theirs", "mmlight.registry.ours"),
        ("mmcv.utils", "Registry", "mmlight.registry.Registry"),
        ("mmcv.utils", "theirs", "mmlight.registry.ours"),
    ]
