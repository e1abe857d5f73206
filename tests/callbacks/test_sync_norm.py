import pytest
from torch import nn

from mmlight.callbacks.sync_norm import SyncNorm, list_norm_values
from tests.callbacks.test_sync_buffers import synced


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"interval": 2, "num_last_epochs": 9}, [0, 1, 2, 3, 4]),
        ({"interval": 2, "num_last_epochs": 0}, [1, 3, 4]),
        ({"interval": 3, "num_last_epochs": 1}, [2, 3, 4]),
    ],
    ids=str,
)
def test_norms_are_synchronized_by_the_interval(
    options: dict[str, int], epochs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = synced(monkeypatch, "sync_norm", SyncNorm(**options), max_epochs=5)
    before_validation = [epoch + 1 for epoch, _ in done] if not options else None
    assert (before_validation or [epoch for epoch, _ in done]) == epochs


def test_weights_and_statistics_are_those_of_batch_and_instance_norms() -> None:
    norms = nn.Sequential(nn.BatchNorm2d(2), nn.LayerNorm(2), nn.InstanceNorm2d(2, affine=True))
    assert len(list(list_norm_values(norms))) == 5 + 2
    assert next(list_norm_values(norms)).data_ptr() == norms[0].weight.data_ptr()


def test_raises_when_the_interval_is_wrong() -> None:
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        SyncNorm(interval=0)
