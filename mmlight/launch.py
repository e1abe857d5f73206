"""What surrounds a run: errors that name their origin, the start of the Trainer, its results."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities import rank_zero_only
from torch import Tensor, distributed

from mmlight.build import Parts, describe
from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.ema import EMA
from mmlight.check.training import compare_best, compare_topk
from mmlight.errors import ConfigError, DataError, MMLightError, raise_all
from mmlight.hooks.hook_callback import HookCallback
from mmlight.quiet import quiet_lightning
from mmlight.spec import Spec
from mmlight.stage_data import no_data
from mmlight.weights.read import find_weights, read_checkpoint


@contextmanager
def naming_origins(spec: Spec) -> Iterator[None]:
    """Add to an error about a file of the Spec which line of the config named that file."""
    try:
        yield
    except MMLightError as error:
        error.origin = error.origin or str(spec.find_origin(error.path) or "")
        raise


def check_stage(parts: Parts, stage: str) -> None:
    """Tell what a config lacks for a stage.

    Args:
        parts: What was built.
        stage: 'train', 'val', 'test' or 'predict'.

    Raises:
        ConfigError: If there is no data for it, or no optimizer to train with.
        ConfigErrors: If metrics ask for more classes than there are, or the best checkpoint is told
            by a metric that does not exist; as one error if there is one.
    """
    if getattr(parts.data, stage) is None:
        name = "test" if stage == "predict" else stage
        raise no_data(name)
    if stage == "train" and parts.model.optimizer_builder is None:
        raise ConfigError(
            "optim_wrapper",
            "the config has no optimizer",
            next_step="Add optim_wrapper=dict(optimizer=...), in 0.x words optimizer=dict(...).",
        )
    raise_all(
        [*_compare_metrics(parts, stage), *(_compare_best(parts) if stage == "train" else ())]
    )


def _compare_metrics(parts: Parts, stage: str) -> list[MMLightError]:
    """Return what is wrong with the `topk` of the head and of the metrics of a stage."""
    model, words = parts.model, parts.spec.model
    pairs = [(words.get("head"), model.head)] if stage == "train" else []
    part = "val" if stage == "train" and parts.data.val is not None else stage
    if part in ("val", "test"):
        name = f"{part}_metrics"
        pairs += zip(words.get(name) or (), getattr(model, name), strict=True)
    found = [compare_topk(call, owner, model.num_classes) for call, owner in pairs]
    return [problem for problem in found if problem is not None]


def _compare_best(parts: Parts) -> list[MMLightError]:
    """Return what is wrong with the metrics that tell the best checkpoint."""
    if parts.data.val is None or not parts.trainer.limit_val_batches:
        return []
    if not all(type(c).__module__.startswith("mmlight.") for c in parts.callbacks):
        return []  # any other callback may log values of its own
    calls = [call for call in parts.spec.callbacks if call.target == "mmlight.callbacks.Checkpoint"]
    savers = [callback for callback in parts.callbacks if isinstance(callback, Checkpoint)]
    metrics = list(parts.model.val_metrics)
    pairs = zip(calls, savers, strict=False)  # a flag may have switched saving off
    return [error for call, saver in pairs for error in compare_best(call, saver, metrics)]


def read_announced(parts: Parts, location: str) -> dict[str, Tensor]:
    """Read the weights of a checkpoint, which hooks may look at or change before they are loaded.

    Args:
        parts: What was built.
        location: See `read_checkpoint`.

    Raises:
        WeightsError: If it cannot be read.
    """
    content = read_checkpoint(location)
    for callback in parts.callbacks:
        if isinstance(callback, Announcer):
            callback.begin(parts.trainer, parts.model)
    for callback in parts.callbacks:
        if isinstance(callback, (EMA, HookCallback)):
            callback.on_load_checkpoint(parts.trainer, parts.model, content)
    return find_weights(content, location)


@rank_zero_only
def save_description(spec: Spec) -> None:
    """Write what is run into the work directory, once for all processes.

    `spec.yaml` is the translation; the resolved config in its own words stands beside it.

    Raises:
        ConfigError: If the work directory cannot be written.
    """
    folder = Path(spec.work_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "spec.yaml").write_text(describe(spec), encoding="utf-8")
        name = Path(spec.config_file or "config.py").name
        resolved = folder / (name if name.endswith(".py") else f"{name}.py")  # the text is Python
        if spec.config_text and resolved.resolve() != Path(spec.config_file).resolve():
            resolved.write_text(spec.config_text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            spec.work_dir,
            f"the work directory cannot be written: {error.strerror}",
            expected="a folder for checkpoints and logs, which exists or can be made",
            next_step="Name another one with --work-dir.",
        ) from error


def start(entry: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call an entry point of the Trainer.

    Raises:
        ConfigError: If the Trainer finds that its flags do not go together.
        DataError: If a file cannot be read, in this process or in a worker.
        KeyboardInterrupt: On Ctrl-C, which Lightning turns into an exit.
    """
    try:
        with quiet_lightning():
            return entry(*args, **kwargs)
    except MisconfigurationException as error:
        text = " ".join(str(error).split()).rstrip(".!")
        raise ConfigError("trainer", text, next_step="Correct the --trainer.* flags.") from error
    except RuntimeError as error:
        problem = _read_problem_of_worker(str(error))
        if problem is None:
            raise
        raise problem from error
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        # Lightning has cleaned up, but it deafens the process and hides the reason of its exit
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from None


def _read_problem_of_worker(text: str) -> DataError | None:
    """Return the DataError of a worker, of which torch hands over nothing but the traceback."""
    before, name, problem = text.rpartition(f"{DataError.__module__}.{DataError.__name__}: ")
    if not name or "in DataLoader worker" not in before:
        return None
    first, *rows = problem.splitlines()
    path, _, what = first.removesuffix(".").partition(": ")
    facts = [row.strip().partition(":") for row in rows]
    next_step = next((fact.strip() for label, _, fact in facts if label == "next"), "")
    return DataError(path, what, next_step=next_step)


def gather_in_order(rows: list[Any]) -> list[Any]:
    """Return the rows of all processes in the order of the dataset, which is dealt out in turn.

    Examples:
        >>> gather_in_order(["a", "b"])
        ['a', 'b']
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return rows
    shares: list[list[Any]] = [[] for _ in range(distributed.get_world_size())]
    distributed.all_gather_object(shares, rows)
    return deal_back(shares)


def deal_back(shares: list[list[Any]]) -> list[Any]:
    """Undo dealing out in turn.

    Examples:
        >>> deal_back([["a", "c", "e"], ["b", "d"]])
        ['a', 'b', 'c', 'd', 'e']
    """
    missing = object()
    dealt = chain.from_iterable(zip_longest(*shares, fillvalue=missing))
    return [row for row in dealt if row is not missing]
