"""What a config means, as plain data: calls to make (`Call`) and everything a run needs (`Spec`).

A Spec reads and writes LightningCLI-style YAML (`class_path`, `init_args`), so it can be printed,
compared, edited and run without the mm config that it came from.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from mmlight.errors import ConfigError, UnknownKeyError, list_names, nearest_name
from mmlight.read.node import Origin

CLASS_PATH = "class_path"
INIT_ARGS = "init_args"

SAVER = "mmlight.callbacks.Checkpoint"


@dataclass(frozen=True)
class Note:
    """Something of a config that was ignored, or read in a way worth knowing.

    Args:
        path: Key path in the config, in the user's words.
        text: What happened and why, one sentence.
        origin: Where the key was set.
        quiet: True for what only `mmlight explain` tells: the value has its effect, and `text` says
            where. It is a place in the Spec, such as `trainer.max_epochs`, or a few words.
    """

    path: str
    text: str
    origin: Origin | None = None
    quiet: bool = False

    @property
    def is_place(self) -> bool:
        """Whether `text` is a place in the Spec, such as `trainer.max_epochs`."""
        return self.quiet and self.text.split(".")[0] in LAYOUT

    def __str__(self) -> str:
        where = f" ({self.origin})" if self.origin else ""
        return f"{self.path}{where}: {self.text}"


@dataclass(frozen=True)
class Call:
    """A class to instantiate, described as data.

    Args:
        target: Import path of the class or function, for example `torch.optim.SGD`.
        kwargs: Its keyword arguments; values may hold further calls.
        path: Key path in the config that asked for it, in the user's words.
        origins: Where each argument was set, as far as known.
        origin: Where the call itself was written.

    Examples:
        >>> Call("torch.nn.ReLU", {"inplace": True}).to_dict()
        {'class_path': 'torch.nn.ReLU', 'init_args': {'inplace': True}}
    """

    target: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    path: str = field(default="", compare=False)
    origins: Mapping[str, Origin | None] = field(default_factory=dict, compare=False)
    origin: Origin | None = field(default=None, compare=False)

    def path_of(self, argument: str) -> str:
        """Return the key path of an argument, in the user's words."""
        origin = self.origins.get(argument)
        own = origin.path if origin is not None else ""
        return own or f"{self.path or self.target}.{argument}"

    def to_dict(self) -> dict[str, Any]:
        """Return `{"class_path": ..., "init_args": ...}`, nested calls likewise."""
        described: dict[str, Any] = {CLASS_PATH: self.target}
        if self.kwargs:
            described[INIT_ARGS] = to_data(self.kwargs)
        return described


def to_data(value: Any) -> Any:
    """Turn calls inside dicts, lists and tuples into `class_path` dicts; everything else stays."""
    if isinstance(value, Call):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: to_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (
            type(value)(to_data(item) for item in value)
            if type(value) is tuple
            else [to_data(item) for item in value]
        )
    return value


def from_data(value: Any, path: str = "") -> Any:
    """Turn `class_path` dicts inside a value back into calls; the inverse of `to_data`.

    Examples:
        >>> from_data([{"class_path": "torch.nn.ReLU"}])[0].target
        'torch.nn.ReLU'
    """
    if isinstance(value, Mapping):
        if CLASS_PATH in value:
            arguments = {**(value.get(INIT_ARGS) or {}), **(value.get("dict_kwargs") or {})}
            kwargs = {k: from_data(v, f"{path}.{k}") for k, v in arguments.items()}
            return Call(value[CLASS_PATH], kwargs, path=path)
        return {key: from_data(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [from_data(item, f"{path}[{i}]") for i, item in enumerate(value)]
        return tuple(items) if type(value) is tuple else items
    return value


@dataclass(frozen=True)
class Spec:
    """Everything a run needs, as data.

    Args:
        model: Arguments of `ImageClassifier`.
        data: Arguments of `PipelineDataModule`.
        trainer: Arguments of Lightning's `Trainer`, without callbacks.
        callbacks: Callbacks in the order in which they run.
        seed: Seed of everything random; None for a new one in every run.
        work_dir: Folder for logs and checkpoints.
        load_from: Checkpoint whose weights training starts from.
        resume: True to go on from the newest checkpoint in `work_dir`, or a checkpoint file.
        notes: What was ignored, and why.
        origins: Where everything that is no argument of a call was set, as far as known, by its
            place: `work_dir`, `trainer.max_epochs`, ...
        config_file: The config that it was translated from; empty when there is no file.
        config_text: The resolved config in its own words, as Python; written beside the run.
    """

    model: Mapping[str, Any]
    data: Mapping[str, Any] = field(default_factory=dict)
    trainer: Mapping[str, Any] = field(default_factory=dict)
    callbacks: tuple[Call, ...] = ()
    seed: int | None = None
    work_dir: str = "work_dirs/run"
    load_from: str | None = None
    resume: bool | str = False
    notes: tuple[Note, ...] = field(default=(), compare=False)
    origins: Mapping[str, Origin | None] = field(default_factory=dict, compare=False)
    config_file: str = field(default="", compare=False)
    config_text: str = field(default="", compare=False)

    def find_origin(self, value: Any) -> Origin | None:
        """Return where a value was set, as far as known."""
        for name in ("work_dir", "load_from", "resume"):
            if getattr(self, name) == value and self.origins.get(name) is not None:
                return self.origins[name]
        for call in find_calls([self.model, self.data, self.trainer, self.callbacks]):
            for key, item in call.kwargs.items():
                if type(item) is type(value) and item == value:
                    return call.origins.get(key) or call.origin
        return None

    def move_work_dir(self, folder: str) -> "Spec":
        """Return a Spec that writes everything into another folder.

        A folder of checkpoints beside the work directory is named like the run, and renamed too.
        """

        def move(value: Any) -> Any:
            if isinstance(value, Call):
                moved = replace(value, kwargs=move(value.kwargs))
                return self._move_saver(moved, folder) if value.target == SAVER else moved
            if isinstance(value, Mapping):
                return {key: move(item) for key, item in value.items()}
            if type(value) in (list, tuple):
                return type(value)(move(item) for item in value)
            return folder if value == self.work_dir else value

        moved = {"trainer": move(self.trainer), "callbacks": move(self.callbacks)}
        return replace(self, work_dir=folder, **moved)

    def _move_saver(self, saver: Call, folder: str) -> Call:
        old, new = (posixpath.basename(path.rstrip("/")) for path in (self.work_dir, folder))
        kwargs = dict(saver.kwargs)
        for key in ("dirpath", "best_dirpath"):
            parent, name = posixpath.split(kwargs.get(key) or "")
            if name == old and kwargs[key] != folder:
                kwargs[key] = posixpath.join(parent, new)
        return replace(saver, kwargs=kwargs)

    def to_dict(self) -> dict[str, Any]:
        """Return the Spec in LightningCLI's layout, plain dicts and lists (tuples stay tuples)."""
        return {
            "seed_everything": self.seed,
            "work_dir": self.work_dir,
            "load_from": self.load_from,
            "resume": self.resume,
            "trainer": {**to_data(self.trainer), "callbacks": to_data(list(self.callbacks))},
            "model": to_data(self.model),
            "data": to_data(self.data),
        }

    def to_yaml(self) -> str:
        """Return the Spec as YAML text; tuples become lists."""
        return yaml.dump(self.to_dict(), Dumper=_Dumper, sort_keys=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Spec":
        """Build a Spec from LightningCLI's layout.

        Raises:
            ConfigError: If it is not that layout.
        """
        _check_layout(values)
        trainer = dict(values.get("trainer") or {})
        callbacks = from_data(trainer.pop("callbacks", None) or [], "trainer.callbacks")
        return cls(
            model=from_data(values["model"], "model"),
            data=from_data(values.get("data") or {}, "data"),
            trainer=from_data(trainer, "trainer"),
            callbacks=tuple(callbacks if isinstance(callbacks, list) else [callbacks]),
            seed=values.get("seed_everything"),
            work_dir=values.get("work_dir") or "work_dirs/run",
            load_from=values.get("load_from"),
            resume=values.get("resume") or False,
        )

    @classmethod
    def from_yaml(cls, text: str) -> "Spec":
        """Build a Spec from YAML text."""
        return cls.from_dict(yaml.safe_load(text))


def read_yaml(path: str | Path) -> Spec:
    """Read a Spec that was printed as YAML.

    Raises:
        ConfigError: If the file cannot be read or holds something else.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            str(path), f"the file cannot be read: {error}", next_step="Correct the path."
        ) from error
    try:
        return Spec.from_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            str(path),
            f"this is no YAML: {getattr(error, 'problem', error)}",
            origin=Origin(str(path), mark.line + 1 if mark else 0),
            next_step="Correct the line, or print the run again: mmlight fit --print_config.",
        ) from error
    except ConfigError as error:
        error.origin = error.origin or str(path)
        raise


def find_calls(value: Any) -> Iterator[Call]:
    """Yield every call inside a value, outer ones first."""
    if isinstance(value, Call):
        yield value
    items = value.kwargs if isinstance(value, Call) else value
    if isinstance(items, Mapping):
        items = list(items.values())
    if isinstance(items, (list, tuple)):
        for item in items:
            yield from find_calls(item)


LAYOUT = ("seed_everything", "work_dir", "load_from", "resume", "trainer", "model", "data")
"""What stands at the top of a printed run."""


def _check_layout(values: Any) -> None:
    model = values.get("model") if isinstance(values, Mapping) else None
    if not isinstance(model, Mapping) or "backbone" not in model or "type" in model:
        raise ConfigError(
            "model",
            f"this does not describe a run: model is {model!r}"[:200],
            expected="what 'mmlight fit --config X.py --print_config' prints",
            next_step="Name a config (.py), or YAML that was printed.",
        )
    for key in values:
        if key not in LAYOUT:
            raise UnknownKeyError(
                str(key),
                f"unknown key {key!r} with value {values[key]!r}",
                expected=list_names(LAYOUT),
                nearest=nearest_name(str(key), LAYOUT),
                next_step="Correct the name or remove the key.",
            )


class _Dumper(yaml.SafeDumper):
    """Repeats shared values instead of linking them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_multi_representer(dict, lambda dumper, data: dumper.represent_dict(data))
_Dumper.add_multi_representer(list, lambda dumper, data: dumper.represent_list(data))
