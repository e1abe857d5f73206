import numpy as np

from mmlight.data.transforms import Normalize


def test_normalize_says_what_it_did_when_done():
    results = Normalize([1, 2, 3], [2, 2, 2], to_rgb=False)(
        {"img": np.full((1, 1, 3), 5, np.uint8)}
    )
    assert results["img"].tolist() == [[[2.0, 1.5, 1.0]]]
    assert results["img_norm_cfg"]["to_rgb"] is False
    assert results["img_norm_cfg"]["mean"].tolist() == [1, 2, 3]
