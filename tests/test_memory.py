import pytest

from benchmarks.memory import LIMIT_MB, measure_apart, write_lists

COUNT = 200_000
SHARE = COUNT / 1_300_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ours", "ours, 0.x base"])
def test_workers_share_the_samples_when_the_list_is_long(tmp_path, name):
    row = measure_apart(name, write_lists(tmp_path, COUNT), workers=4)
    assert row["count"] == COUNT
    assert max(row["private"]) < LIMIT_MB * SHARE / 4  # of which most is noise
    assert 0 < max(row["shared"]) < LIMIT_MB * SHARE * 1.5
