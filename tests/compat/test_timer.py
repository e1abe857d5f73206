import io

import pytest

from mmlight.compat import timer


@pytest.fixture
def clock(monkeypatch):
    """Give a clock that goes on by one second with every question."""
    seconds = iter(range(1000))
    monkeypatch.setattr(timer, "time", lambda: float(next(seconds)))


@pytest.mark.usefixtures("clock")
def test_seconds_are_counted_when_running(monkeypatch):
    watch = timer.Timer()
    assert watch.since_start() == 1
    assert watch.since_last_check() == 1
    assert watch.since_start() == 3
    watch.start()
    assert watch.since_last_check() == 1
    monkeypatch.setattr(timer, "_timers", {})
    assert [timer.check_time("a") for _ in range(3)] == [0, 1, 1]


@pytest.mark.usefixtures("clock")
def test_seconds_are_printed_when_left(capsys):
    with timer.Timer(print_tmpl="took {:.1f}") as watch:
        assert watch.is_running
    assert capsys.readouterr().out == "took 1.0\n"
    for ask in (watch.since_start, watch.since_last_check):
        with pytest.raises(timer.TimerError, match="timer is not running") as caught:
            ask()
        assert caught.value.message == "timer is not running"


@pytest.mark.usefixtures("clock")
def test_bar_grows_when_tasks_are_done(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    file = io.StringIO()
    assert timer.track_progress(lambda x, y: x * y, [1, 2], bar_width=10, file=file, y=3) == [3, 6]
    assert file.getvalue() == (
        f"[{' ' * 10}] 0/2, elapsed: 0s, ETA:"
        f"\r[>>>>>{' ' * 5}] 1/2, 1.0 task/s, elapsed: 1s, ETA:     1s"
        f"\r[{'>' * 10}] 2/2, 1.0 task/s, elapsed: 2s, ETA:     0s\n"
    )


@pytest.mark.usefixtures("clock")
def test_tasks_are_counted_when_their_number_is_unknown():
    file = io.StringIO()
    bar = timer.ProgressBar(file=file, start=False)
    assert file.getvalue() == ""
    bar.start()
    bar.update(3)
    assert "completed: 3, elapsed: 1s, 3.0 tasks/s" in file.getvalue()


def test_tasks_come_through_when_iterated():
    file = io.StringIO()
    assert list(timer.track_iter_progress((iter("ab"), 2), file=file)) == ["a", "b"]
    with pytest.raises(TypeError, match=r"tasks must be a sequence, .* got 3"):
        list(timer.track_iter_progress(3, file=file))


@pytest.mark.slow
def test_results_keep_their_order_when_parallel():
    file = io.StringIO()
    assert timer.track_parallel_progress(abs, [-1, -2, -3], 2, file=file) == [1, 2, 3]
    some = timer.track_parallel_progress(abs, [-1, -2], 2, keep_order=False, file=file)
    assert sorted(some) == [1, 2]
