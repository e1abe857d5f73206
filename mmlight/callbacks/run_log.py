"""Opens the log of a run: its file of text, and its visualizer."""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

import mmlight
from mmlight.callbacks.progress_bar import is_interactive
from mmlight.compat.environment import collect_env
from mmlight.compat.log_processor import LogProcessor
from mmlight.compat.visualizer import Visualizer
from mmlight.errors import MMLightError
from mmlight.hooks.runner_view import RunnerView, find_view
from mmlight.records import RUN_LOGGER, take_records, telling_all

_DASHES = "-" * 60


class RunLog(Callback):
    """Writes what the logger `mmlight` says into `<start time>.log`, from first to last.

    In 0.x the file stands in the work directory, and only training has one; in 1.x in a folder of
    its own there, named by the start time, beside `vis_data`. The first process alone writes. It
    must come before other callbacks.

    Args:
        processor: Makes the lines of 1.x; None for the usual ones.
        visualizer: The user's own; None for the usual one.
        local: Arguments of `LocalVisBackend`, which writes numbers and images to files.

    From: mmcls 0.25 `tools/train.py`, mmengine 0.10 `Runner`. Environment and config are written
    to the file, not on the screen.
    """

    def __init__(
        self,
        processor: LogProcessor | None = None,
        visualizer: Any = None,
        local: Mapping[str, Any] | None = None,
    ) -> None:
        self.processor = processor or LogProcessor()
        self.visualizer = visualizer
        self.local = dict(local or {})
        self._open = ExitStack()

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Open the file and write what is run."""
        view = find_view(trainer)
        view.log_processor = self.processor  # type: ignore[attr-defined]
        view.flag_loggers = list(trainer.loggers)  # type: ignore[attr-defined]
        folder = view.work_dir
        if view.announcer.generation == "1.x":
            folder = os.path.join(view.log_dir, "vis_data")
        visualizer = Visualizer.begin(trainer, folder, self.visualizer, self.local)
        visualizer.dataset_meta = {"classes": tuple(getattr(pl_module, "classes", ()))}
        if not has_log(view) or not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            if hasattr(logger, "enter_run"):
                logger.enter_run(view)
        file = _open_file(view)
        self._open.callback(_close_file, file)
        self._open.enter_context(telling_all())
        RUN_LOGGER.addHandler(file)
        if trainer.progress_bar_callback is not None and is_interactive():
            self._give_way(trainer)
        for record in take_records():
            file.handle(record)
        config = _read_config(view)
        _write_description(file, view, pl_module, config.pretty_text)
        if view.announcer.generation == "1.x":
            visualizer.add_config(config)

    def _give_way(self, trainer: L.Trainer) -> None:
        """Let the progress bar stand for the lines of batches, and print those of results."""
        screens = [
            handler for handler in RUN_LOGGER.handlers if type(handler) is logging.StreamHandler
        ]
        for screen in screens:
            screen.addFilter(_is_unmarked)
            self._open.callback(screen.removeFilter, _is_unmarked)
        printer = _BarPrinter(trainer)
        RUN_LOGGER.addHandler(printer)
        self._open.callback(RUN_LOGGER.removeHandler, printer)

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Close the file: after an error Lightning calls no `teardown`."""
        self._open.close()

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Close the file."""
        self._open.close()


def has_log(view: RunnerView) -> bool:
    """Tell whether a run has a log: a training, and in 1.x an evaluation."""
    stage = view.trainer.state.fn
    if stage in ("validate", "test"):
        return view.announcer.generation == "1.x" and _can_write(view.work_dir)
    return bool(stage == "fit")


def _can_write(folder: str) -> bool:
    """Tell whether a folder is there, or could be made: an evaluation goes on without a log."""
    folder = os.path.abspath(folder)
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    return os.access(folder, os.W_OK)


# -------------------------------------------------------------------------- the file


class _Formatter(logging.Formatter):
    """Writes lines as the loggers of a generation do.

    Args:
        generation: '0.x' or '1.x'.
    """

    def __init__(self, generation: str) -> None:
        is_old = generation == "0.x"
        super().__init__(
            "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
            None if is_old else "%Y/%m/%d %H:%M:%S",
        )
        self.name = "mmcls" if is_old else "mmengine"

    def format(self, record: logging.LogRecord) -> str:
        """Write a line; scripts that read logs know the name of the original's logger."""
        told = logging.makeLogRecord(record.__dict__)
        told.name = record.name.removeprefix(f"{RUN_LOGGER.name}.")
        told.name = self.name if told.name == RUN_LOGGER.name else told.name
        return super().format(told)


def _open_file(view: RunnerView) -> logging.FileHandler:
    os.makedirs(view.log_dir, exist_ok=True)
    path = os.path.join(view.log_dir, f"{view.timestamp}.log")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_Formatter(view.announcer.generation))
    return handler


def _close_file(handler: logging.FileHandler) -> None:
    RUN_LOGGER.removeHandler(handler)
    handler.close()


def _read_config(view: RunnerView) -> Any:
    """Return the config; one that holds live objects has a text alone."""
    try:
        return view.cfg
    except MMLightError:
        return SimpleNamespace(pretty_text=view.announcer.run["config_text"], to_dict=dict)


def _write_description(
    file: logging.Handler, view: RunnerView, pl_module: L.LightningModule, config: str
) -> None:
    """Write environment and config to the file, and note them in `runner.meta`."""
    environment = collect_env()
    lines = [f"{name}: {value}" for name, value in environment.items()]
    run = {
        "seed": view.seed,
        "Distributed launcher": view.launcher,
        "Distributed training": view.distributed,
        "GPU number": view.world_size,
    }
    if view.announcer.generation == "0.x":
        text = "\n".join(lines)
        _say(file, f"Environment info:\n{_DASHES}\n{text}\n{_DASHES}\n")
        _say(file, f"Distributed training: {view.distributed}")
        _say(file, f"Config:\n{config}")
        _say(file, f"Set random seed to {view.seed}")
        facts = {
            "env_info": text,
            "seed": view.seed,
            "mmlight_version": getattr(mmlight, "__version__", None),
            "config": config,
            "CLASSES": list(getattr(pl_module, "classes", ())),
        }
        view.meta.update({name: value for name, value in facts.items() if value is not None})
        return
    system = "".join(f"\n    {line}" for line in lines)
    runtime = "".join(f"\n    {name}: {value}" for name, value in run.items())
    _say(
        file,
        f"\n{_DASHES}\nSystem environment:{system}\n\nRuntime environment:{runtime}\n{_DASHES}\n",
    )
    _say(file, f"Config:\n{config}")


def _say(file: logging.Handler, text: str) -> None:
    """Write a message to the file alone."""
    file.handle(RUN_LOGGER.makeRecord(RUN_LOGGER.name, logging.INFO, "", 0, text, (), None))


# -------------------------------------------------------------------------- the screen


def _is_unmarked(record: logging.LogRecord) -> bool:
    return not hasattr(record, "line")


class _BarPrinter(logging.Handler):
    """Prints the lines of results above the progress bar."""

    def __init__(self, trainer: L.Trainer) -> None:
        super().__init__()
        self.trainer = trainer

    def emit(self, record: logging.LogRecord) -> None:
        bar = self.trainer.progress_bar_callback
        if getattr(record, "line", "") == "result" and bar is not None:
            bar.print(record.getMessage(), file=sys.stderr)
