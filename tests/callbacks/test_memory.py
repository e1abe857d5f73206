import logging
import re
from typing import Any

import pytest

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.memory import MemoryProfiler
from tests.callbacks.nets import Net, build_data, build_trainer

# what the hook of MMDetection writes
LINE = (
    r"Memory information available_memory: \d+ MB, used_memory: \d+ MB, "
    r"memory_utilization: [\d.]+ %, available_swap_memory: \d+ MB, used_swap_memory: \d+ MB, "
    r"swap_memory_utilization: [\d.]+ %, current_process_memory: (\d+) MB"
)


@pytest.mark.parametrize(
    ("generation", "interval", "count"),
    [("0.x", 3, 2), ("1.x", 3, 2), ("1.x", 2, 6), ("0.x", 2, 4), ("1.x", 9, 0)],
)
def test_line_is_written_when_due(
    caplog: pytest.LogCaptureFixture, monkeypatch: Any, generation: Any, interval: int, count: int
) -> None:
    monkeypatch.setattr(logging.getLogger("mmlight"), "propagate", True)
    trainer = build_trainer(MemoryProfiler(interval), Announcer(generation), max_epochs=2)
    with caplog.at_level(logging.INFO, "mmlight"):
        trainer.fit(Net(), build_data())  # 4 batches, then 2 of validation, twice
    found = [re.fullmatch(LINE, record.getMessage()) for record in caplog.records]
    lines = [match for match in found if match]
    assert len(lines) == count
    assert all(50 < int(match[1]) < 100_000 for match in lines)


@pytest.mark.parametrize(("generation", "count"), [("0.x", 0), ("1.x", 2)])
def test_evaluation_writes_lines_when_new(
    caplog: pytest.LogCaptureFixture, monkeypatch: Any, generation: Any, count: int
) -> None:
    monkeypatch.setattr(logging.getLogger("mmlight"), "propagate", True)
    trainer = build_trainer(MemoryProfiler(1), Announcer(generation))
    with caplog.at_level(logging.INFO, "mmlight"):
        trainer.test(Net(), build_data(), verbose=False)
    lines = [record for record in caplog.records if "available_memory" in record.getMessage()]
    assert len(lines) == count


def test_raises_when_interval_is_zero() -> None:
    with pytest.raises(ValueError, match="interval must be 1 or more, got 0"):
        MemoryProfiler(0)
