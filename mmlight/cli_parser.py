"""Lays `--trainer.*`, `--model.*` and `--data.*` flags over a Spec.

Lightning's own argument parser reads them, so every flag of LightningCLI works.
"""

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import lightning as L
import yaml
from jsonargparse import ArgumentError, Namespace
from lightning.pytorch.cli import LightningArgumentParser

from mmlight.datamodule import PipelineDataModule
from mmlight.errors import ConfigError
from mmlight.module import ImageClassifier
from mmlight.spec import CLASS_PATH, Spec


def build_parser() -> LightningArgumentParser:
    """Return the parser of everything that a Spec holds."""
    parser = LightningArgumentParser(prog="mmlight", exit_on_error=False)
    parser.add_argument("--seed_everything", type=int | None, default=None)
    parser.add_argument("--work_dir", type=str, default="work_dirs/run")
    parser.add_argument("--load_from", type=str | None, default=None)
    parser.add_argument("--resume", type=bool | str, default=False)
    parser.add_lightning_class_args(L.Trainer, "trainer")
    parser.add_lightning_class_args(ImageClassifier, "model")
    parser.add_lightning_class_args(PipelineDataModule, "data")
    return parser


def parse_over(spec: Spec, words: list[str]) -> Spec:
    """Return the Spec with the flags laid over it.

    Only what the flags change is taken from the parser; everything else stays as the config has it.

    Args:
        spec: What the config says.
        words: Flags such as `["--trainer.devices", "2"]`.

    Raises:
        ConfigError: If a flag is unknown or its value does not fit.
    """
    parser = build_parser()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            before = parser.parse_object(spec.to_dict())
            after = parser.parse_args(words, namespace=before.clone())
    except ArgumentError as error:
        raise ConfigError(
            " ".join(words),
            " ".join(str(error).split())[:300].rstrip("."),
            next_step="'mmlight fit --help' lists every flag.",
        ) from error
    changed = _overlay(spec.to_dict(), _to_plain(parser, before), _to_plain(parser, after))
    return Spec.from_dict(changed)


def _to_plain(parser: LightningArgumentParser, chosen: Namespace) -> Any:
    return yaml.safe_load(parser.dump(chosen, skip_none=False))


def _overlay(values: Any, before: Any, after: Any) -> Any:
    """Return `values` with the differences between `before` and `after`.

    Examples:
        >>> _overlay({"a": (1, 2)}, {"a": [1, 2], "b": 0}, {"a": [1, 2], "b": 3})
        {'a': (1, 2), 'b': 3}
    """
    if before == after:
        return values
    if _is_same_kind(before, after):
        result = dict(values or {})
        for key, value in after.items():
            if key not in before or before[key] != value:
                result[key] = _overlay(result.get(key), before.get(key), value)
        return result
    if isinstance(after, list) and isinstance(before, list) and len(after) == len(before):
        items = values if isinstance(values, (list, tuple)) else [None] * len(after)
        return [_overlay(*three) for three in zip(items, before, after, strict=True)]
    return after


def _is_same_kind(before: Any, after: Any) -> bool:
    """Tell whether two values are dicts that describe the same class, or no class."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return False
    return bool(before.get(CLASS_PATH) == after.get(CLASS_PATH))
