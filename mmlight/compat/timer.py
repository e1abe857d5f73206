"""Measures seconds, and draws a bar of how far some tasks have come."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import Pool
from shutil import get_terminal_size
from time import time
from typing import Any, TextIO

Tasks = Sequence[Any] | tuple[Iterable[Any], int]


class TimerError(Exception):
    """A question to a timer that does not run."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Timer:
    """Measures the seconds since its start and since it was last asked.

    As a context manager it prints them at the end.

    Args:
        start: Whether to start at once.
        print_tmpl: Format of the seconds.

    From: mmcv 1.7 and mmengine 0.10 `Timer`.
    """

    def __init__(self, start: bool = True, print_tmpl: str | None = None) -> None:
        self._started: float | None = None
        self._asked = 0.0
        self.print_tmpl = print_tmpl or "{:.3f}"
        if start:
            self.start()

    @property
    def is_running(self) -> bool:
        """Whether it was started and not left."""
        return self._started is not None

    def start(self) -> None:
        """Start; when it runs already, begin a new interval for `since_last_check`."""
        self._asked = time()
        if self._started is None:
            self._started = self._asked

    def since_start(self) -> float:
        """Return the seconds since the start; an interval begins.

        Raises:
            TimerError: If it does not run.
        """
        if self._started is None:
            raise TimerError("timer is not running")
        self._asked = time()
        return self._asked - self._started

    def since_last_check(self) -> float:
        """Return the seconds since the interval began; the next one begins.

        Raises:
            TimerError: If it does not run.
        """
        if self._started is None:
            raise TimerError("timer is not running")
        before, self._asked = self._asked, time()
        return self._asked - before

    def __enter__(self) -> "Timer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        print(self.print_tmpl.format(self.since_last_check()))  # noqa: T201 - what it is for
        self._started = None


_timers: dict[str, Timer] = {}


def check_time(timer_id: str) -> float:
    """Return the seconds since the last call with the same name; 0 at the first.

    From: mmcv 1.7 and mmengine 0.10 `check_time`.
    """
    if timer_id in _timers:
        return _timers[timer_id].since_last_check()
    _timers[timer_id] = Timer()
    return 0


class ProgressBar:
    """Writes how many of some tasks are done.

    Args:
        task_num: Number of tasks; 0 when it is not known.
        bar_width: Width of the bar [characters], less on a narrow screen.
        start: Whether to write at once.
        file: Where to write; the screen by default.

    From: mmcv 1.7 and mmengine 0.10 `ProgressBar`.
    """

    def __init__(
        self, task_num: int = 0, bar_width: int = 50, start: bool = True, file: TextIO | None = None
    ) -> None:
        self.task_num, self.bar_width = task_num, bar_width
        self.completed = 0
        self.file = file or sys.stdout
        if start:
            self.start()

    def start(self) -> None:
        """Write an empty bar and start the clock."""
        empty = f"[{' ' * self.bar_width}] 0/{self.task_num}, elapsed: 0s, ETA:"
        self._write(empty if self.task_num else "completed: 0, elapsed: 0s")
        self.timer = Timer()

    def update(self, num_tasks: int = 1) -> None:
        """Count tasks as done and write the bar anew."""
        self.completed += num_tasks
        elapsed = self.timer.since_start()
        rate = f"{self.completed / elapsed if elapsed else float('inf'):.1f}"
        if not self.task_num:
            self._write(f"completed: {self.completed}, elapsed: {elapsed:.0f}s, {rate} tasks/s")
            return
        part = self.completed / self.task_num
        left = int(elapsed * (1 - part) / part + 0.5)
        text = (
            f"{self.completed}/{self.task_num}, {rate} task/s, "
            f"elapsed: {int(elapsed + 0.5)}s, ETA: {left:5}s"
        )
        columns = get_terminal_size().columns
        width = max(2, min(self.bar_width, columns - len(text) - 4, int(columns * 0.6)))
        self._write(f"\r[{'>' * int(width * part):{width}}] {text}")

    def _write(self, text: str) -> None:
        self.file.write(text)
        self.file.flush()


def _count(tasks: Tasks) -> tuple[Iterable[Any], int]:
    """Split tasks into what to run over and how many; a pair may say its own number."""
    if isinstance(tasks, tuple):
        items, number = tasks
        return items, number
    if isinstance(tasks, Sequence):
        return tasks, len(tasks)
    raise TypeError(f"tasks must be a sequence, or a pair of an iterable and a number, got {tasks}")


def track_iter_progress(
    tasks: Tasks, bar_width: int = 50, file: TextIO | None = None
) -> Iterator[Any]:
    """Yield the tasks and show a `ProgressBar`.

    Args:
        tasks: A sequence, or a pair of an iterable and its length.
        bar_width: Width of the bar [characters].
        file: Where to write; the screen by default.

    From: mmcv 1.7 and mmengine 0.10 `track_iter_progress`.
    """
    items, number = _count(tasks)
    bar = ProgressBar(number, bar_width, file=file)
    for item in items:
        yield item
        bar.update()
    bar.file.write("\n")


def track_progress(
    func: Callable[..., Any],
    tasks: Tasks,
    bar_width: int = 50,
    file: TextIO | None = None,
    **kwargs: Any,
) -> list[Any]:
    """Call `func(task, **kwargs)` for each task, show a `ProgressBar`, return the results.

    From: mmcv 1.7 and mmengine 0.10 `track_progress`.
    """
    return [func(task, **kwargs) for task in track_iter_progress(tasks, bar_width, file)]


def track_parallel_progress(
    func: Callable[[Any], Any],
    tasks: Tasks,
    nproc: int,
    initializer: Callable[..., Any] | None = None,
    initargs: tuple[Any, ...] | None = None,
    bar_width: int = 50,
    chunksize: int = 1,
    skip_first: bool = False,
    keep_order: bool = True,
    file: TextIO | None = None,
) -> list[Any]:
    """Call `func(task)` for each task in `nproc` processes, show a `ProgressBar`.

    Args:
        func: Something that processes can be sent.
        tasks: A sequence, or a pair of an iterable and its length.
        nproc: Number of processes.
        initializer: Called once in each process.
        initargs: Its arguments.
        bar_width: Width of the bar [characters].
        chunksize: Tasks that a process gets at a time.
        skip_first: Accepted; the speed that the bar shows counts all tasks.
        keep_order: Whether the results come in the order of the tasks.
        file: Where to write; the screen by default.

    From: mmcv 1.7 and mmengine 0.10 `track_parallel_progress`.
    """
    items, number = _count(tasks)
    with Pool(nproc, initializer, initargs or ()) as pool:
        run = pool.imap if keep_order else pool.imap_unordered
        return list(track_iter_progress((run(func, items, chunksize), number), bar_width, file))
