"""What a config means, as plain data: calls to make (`Call`) and everything a run needs (`Spec`).

A Spec reads and writes LightningCLI-style YAML (`class_path`, `init_args`), so it can be printed,
compared, edited and run without the mm config that it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from mmlight.read.node import Origin

CLASS_PATH = "class_path"
INIT_ARGS = "init_args"


@dataclass(frozen=True)
class Note:
    """Something of a config that was ignored, or read in a way worth knowing.

    Args:
        path: Key path in the config.
        text: What happened and why, one sentence.
        origin: Where the key was set.
    """

    path: str
    text: str
    origin: Origin | None = None

    def __str__(self) -> str:
        where = f" ({self.origin})" if self.origin else ""
        return f"{self.path}{where}: {self.text}"


@dataclass(frozen=True)
class Call:
    """A class to instantiate, described as data.

    Args:
        target: Import path of the class or function, for example `torch.optim.SGD`.
        kwargs: Its keyword arguments; values may hold further calls.
        path: Key path in the config that asked for it.
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
        """Build a Spec from LightningCLI's layout."""
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


class _Dumper(yaml.SafeDumper):
    """Writes tuples as lists and repeats shared values instead of linking them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(tuple, lambda dumper, data: dumper.represent_list(data))
_Dumper.add_multi_representer(dict, lambda dumper, data: dumper.represent_dict(data))
_Dumper.add_multi_representer(list, lambda dumper, data: dumper.represent_list(data))
