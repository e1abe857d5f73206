import pytest

from mmlight.data.transforms.base_transform import BaseTransform


class Shift(BaseTransform):
    def transform(self, results):
        return None if "drop" in results else {**results, "x": 1}


def test_results_are_transformed_when_called():
    assert Shift()({"a": 0}) == {"a": 0, "x": 1}
    assert Shift()({"drop": True}) is None


def test_transform_must_be_written_when_deriving():
    with pytest.raises(TypeError, match="transform"):
        BaseTransform()
