import json
from pathlib import Path
from typing import Any

import pytest

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.profiler import Profiler, make_trace_handler
from tests.callbacks.nets import CrashError, Net, Probe, build_data, build_trainer

pytestmark = pytest.mark.filterwarnings("ignore:.*[Pp]rofil")


def fit(profiler: Profiler, *callbacks: Any, **flags: Any) -> list[bool]:
    """Train and return for each batch whether it was profiled."""
    found: list[bool] = []
    probe = Probe(lambda trainer, net: found.append(profiler.profile is not None))
    build_trainer(probe, *callbacks, profiler, **flags).fit(Net(), build_data())
    return found


@pytest.mark.parametrize(
    ("options", "flags", "count"),
    [
        ({}, {"max_epochs": 2}, 4),
        ({"by_epoch": False, "profile_times": 3}, {"max_epochs": 2}, 3),
        ({"by_epoch": False, "profile_times": 6}, {"max_epochs": 2}, 4),
        ({"by_epoch": False, "profile_times": 6, "generation": "0.x"}, {"max_epochs": 2}, 6),
        ({"profile_times": 2, "generation": "0.x"}, {"max_epochs": 3}, 8),
        ({"by_epoch": False, "profile_times": 6}, {"max_iters": 7}, 6),
    ],
    ids=str,
)
def test_profiling_ends_when_enough_was_seen(
    options: dict[str, Any], flags: dict[str, Any], count: int
) -> None:
    found = fit(Profiler(**options), **flags)
    assert found == [True] * count + [False] * (len(found) - count)


def test_trace_is_written_when_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "trace.json"
    caplog.set_level("INFO", logger="mmlight")
    options = {"json_trace_path": str(path), "on_trace_ready": {"type": "log_trace"}}
    fit(Profiler(by_epoch=False, profile_times=2, record_shapes=True, **options), max_epochs=1)
    names = {event.get("name") for event in json.loads(path.read_text())["traceEvents"]}
    assert {"aten::linear", "aten::cross_entropy_loss"} <= names
    assert "aten::linear" in caplog.text


def test_schedule_and_function_are_used_when_given() -> None:
    traces: list[int] = []
    schedule = {"wait": 1, "warmup": 0, "active": 1, "repeat": 2}
    profiler = Profiler(schedule=schedule, on_trace_ready=lambda p: traces.append(p.step_num))
    fit(profiler, max_epochs=1)
    assert traces == [2, 4]


@pytest.mark.parametrize(("generation", "depth"), [("0.x", 1), ("1.x", 2)])
def test_files_for_tensorboard_lie_in_the_folder_of_the_log(
    tmp_path: Path, generation: Any, depth: int
) -> None:
    trace = {"type": "tb_trace", "dir_name": "traces", "worker_name": "one"}
    profiler = Profiler(on_trace_ready=trace, generation=generation)
    fit(profiler, Announcer(generation), max_epochs=1, default_root_dir=str(tmp_path))
    (file,) = tmp_path.rglob("one.*")
    assert file.parent.name == "traces"
    assert len(file.parent.relative_to(tmp_path).parts) == depth  # 1.x has a folder for each start


def test_profiling_ends_when_training_breaks_off() -> None:
    def crash(trainer: Any, net: Any) -> None:
        raise CrashError

    profiler = Profiler()
    with pytest.raises(CrashError):
        fit(profiler, Probe(crash), max_epochs=1)
    assert profiler.profile is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"profile_times": 0}, "profile_times must be 1, profiling is slow, got 0"),
        ({"profile_times": 2}, "profile_times must be 1, profiling is slow, got 2"),
        ({"profile_times": 0, "generation": "0.x"}, "profile_times must be 1 or more, got 0"),
        ({"on_trace_ready": {"type": "print"}}, "'log_trace' or 'tb_trace', got {'type': 'print'}"),
    ],
    ids=["none", "epochs", "old", "trace"],
)
def test_raises_when_an_argument_is_wrong(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Profiler(**options)


@pytest.mark.parametrize(
    ("options", "last"),
    [({"by_epoch": False, "profile_times": 9}, 8), ({"profile_times": 3, "generation": "0.x"}, 2)],
    ids=["iterations", "epochs"],
)
def test_raises_when_there_is_less_to_profile(options: dict[str, Any], last: int) -> None:
    with pytest.raises(ValueError, match=f"profile_times must be at most {last}, got"):
        fit(Profiler(**options), max_epochs=2)


def test_nothing_is_made_of_nothing() -> None:
    assert make_trace_handler(None, "folder") is None
    assert make_trace_handler(str, "folder") is str
