"""Lays `--trainer.*`, `--model.*` and `--data.*` flags over a Spec.

Lightning's own argument parser reads them, so every flag of LightningCLI works.
"""

import contextlib
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

import lightning as L
import yaml
from jsonargparse import ArgumentError
from lightning.pytorch.cli import LightningArgumentParser

from mmlight.datamodule import PipelineDataModule
from mmlight.errors import ConfigError, nearest_name
from mmlight.module import ImageClassifier
from mmlight.read.node import Origin
from mmlight.spec import CLASS_PATH, INIT_ARGS, Call, Spec, from_data

DICT_KWARGS = "dict_kwargs"
_HELP = "'mmlight fit --help' lists every flag."


_PARTS: Final[Mapping[str, type]] = {"model": ImageClassifier, "data": PipelineDataModule}


def build_parser(parts: Collection[str] = tuple(_PARTS)) -> LightningArgumentParser:
    """Return the parser of what a Spec holds; of 'model' and 'data' only these parts."""
    parser = LightningArgumentParser(prog="mmlight", exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--seed_everything", type=int | None, default=None)
    parser.add_argument("--work_dir", type=str, default="work_dirs/run")
    parser.add_argument("--load_from", type=str | None, default=None)
    parser.add_argument("--resume", type=bool | str, default=False)
    parser.add_lightning_class_args(L.Trainer, "trainer")
    for part in parts:
        parser.add_lightning_class_args(_PARTS[part], part)
    return parser


def parse_over(spec: Spec, words: list[str]) -> Spec:
    """Return the Spec with the flags laid over it.

    Only what the flags change is taken from the parser; everything else stays as the config has it.
    A part without a flag is not even parsed: the parser is strict about the types that users'
    classes announce, Python is not.

    Args:
        spec: What the config says.
        words: Flags such as `["--trainer.devices", "2"]`.

    Raises:
        ConfigError: If a flag is unknown or its value does not fit, or if the config gives a part
            that flags change a value of another type than its class announces.
    """
    parts = [part for part in _PARTS if any(_is_of(part, word) for word in words)]
    parser = build_parser(parts)
    untouched = _PARTS.keys() - set(parts)
    described = {key: value for key, value in spec.to_dict().items() if key not in untouched}
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            chosen = _parse_described(parser, described)
            before = yaml.safe_load(parser.dump(chosen))
            chosen = parser.parse_args(words, namespace=chosen)
            after = yaml.safe_load(parser.dump(chosen))
    except ArgumentError as error:
        raise _explain(str(error), words, parser) from error
    trainer = {**spec.trainer, "callbacks": spec.callbacks}
    trainer = _overlay(trainer, before["trainer"], after["trainer"])
    changed = {part: _overlay(getattr(spec, part), before[part], after[part]) for part in parts}
    return replace(
        spec,
        seed=_overlay(spec.seed, before.get("seed_everything"), after.get("seed_everything")),
        callbacks=tuple(trainer.pop("callbacks") or ()),
        trainer=trainer,
        **changed,
    )


def _is_of(part: str, word: str) -> bool:
    return word == f"--{part}" or word.startswith((f"--{part}.", f"--{part}="))


def _parse_described(parser: LightningArgumentParser, described: dict[str, Any]) -> Any:
    """Return what the parser makes of the config; its error blames the config, no flag."""
    try:
        return parser.parse_object(described)
    except ArgumentError as error:
        text = str(error)
        got = re.search(r"Got value: (.+)", text)
        problem = f"the value {got[1]} does not fit" if got else " ".join(text.split()).rstrip(".")
        raise ConfigError(
            ".".join(re.findall(r'Parser key "([^"]+)"', text)) or "flags",
            f"{problem}, which stands in the config",
            expected=_find_expected(text),
            next_step="Correct it there, or use --cfg-options: flags need what classes announce.",
        ) from error


def _overlay(value: Any, before: Any, after: Any) -> Any:
    """Return `value` with the differences between `before` and `after`.

    Examples:
        >>> _overlay({"a": (1, 2)}, {"a": [1, 2], "b": 0}, {"a": [1, 2], "b": 3})
        {'a': (1, 2), 'b': 3}
    """
    if before == after:
        return value
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        if before.get(CLASS_PATH) != after.get(CLASS_PATH):
            return from_data(after)
        if isinstance(value, Call):
            kwargs = _overlay(value.kwargs, _arguments(before), _arguments(after))
            changed = [key for key in kwargs if kwargs[key] is not value.kwargs.get(key)]
            origins = {**value.origins, **dict.fromkeys(changed, Origin("the command line"))}
            return replace(value, kwargs=kwargs, origins=origins)
        result = dict(value or {})
        for key in {**before, **after}:  # what is None may be left out
            if before.get(key) != after.get(key):
                result[key] = _overlay(result.get(key), before.get(key), after.get(key))
        return result
    if isinstance(after, list) and isinstance(before, list) and len(after) == len(before):
        items = value if isinstance(value, (list, tuple)) else [None] * len(after)
        return [_overlay(*three) for three in zip(items, before, after, strict=True)]
    return from_data(after)


def _arguments(described: Mapping[str, Any]) -> dict[str, Any]:
    return {**(described.get(INIT_ARGS) or {}), **(described.get(DICT_KWARGS) or {})}


# -------------------------------------------------------------------------- errors


def _explain(text: str, words: list[str], parser: LightningArgumentParser) -> ConfigError:
    """Turn what the parser says about a flag into an error of ours."""
    if unknown := re.search(r"unrecognized arguments: (\S+)", text):
        flag = unknown[1].split("=")[0]
        return ConfigError(
            flag,
            "there is no such flag",
            nearest=_find_nearest(flag, parser),
            next_step=_HELP,
        )
    if key := re.search(r'Parser key "([^"]+)"', text):
        return ConfigError(
            f"--{key[1]}",
            f"the value {_find_value(key[1], words)!r} does not fit",
            expected=_find_expected(text),
            next_step=_HELP,
        )
    return ConfigError(" ".join(words), " ".join(text.split()).rstrip("."), next_step=_HELP)


def _find_nearest(flag: str, parser: LightningArgumentParser) -> str | None:
    """Return the flag with the nearest last name, among those of the same part."""
    part, _, name = flag.rpartition(".")
    flags = [flag for action in parser._actions for flag in action.option_strings]
    names = {f.rpartition(".")[2]: f for f in flags if f.rpartition(".")[0] == part}
    return names.get(nearest_name(name, names) or "")


def _find_value(key: str, words: list[str]) -> str:
    """Return the word that gave a flag, or one below it, its value."""
    for index, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag.startswith(f"--{key}"):
            return value if equals else words[index + 1]
    return " ".join(words)


def _find_expected(text: str) -> str:
    """Collect what the parser would have taken.

    Examples:
        >>> _find_expected("Expected a <class 'int'>. Expected a typing.Literal['a', 'b']")
        "int, 'a', 'b'"
    """
    found = re.findall(r"Expected (?:an? )?(?:<class '([\w.]+)'>|typing\.Literal\[(.+?)\])", text)
    kinds = [kind or names for kind, names in found]
    return ", ".join(kind for kind in dict.fromkeys(kinds) if kind != "NoneType")
